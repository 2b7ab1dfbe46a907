package grove

import (
	"fmt"
	"testing"
	"time"

	"grove.place/lattice/durables/analytics"
	"grove.place/lattice/durables/post"
	"grove.place/lattice/durables/session"
	"grove.place/lattice/durables/tenant"
	local "grove.place/lattice/local-runtime"
)

// counted returns how many calls of D1 something makes, until all of it has come to rest.
func (w *world) counted(do func()) int {
	w.t.Helper()
	calls := w.Inject(local.D1Fault{Delay: 1}) // a nanosecond harms nothing, and what is struck is counted
	do()
	w.Clock.Advance(2 * day)
	calls.Remove()
	return calls.Count()
}

// times is how often something happens in a while that happens every period, at most: the last time is after its end.
func times(while, period time.Duration) int { return int(while/period) + 1 }

const (
	many  = 1000
	while = 10 * time.Minute
)

// TestAThousandPageViewsCostD1WhatTheirMinutesCost: views are counted by objects. D1 is asked for the configuration every five minutes, and gets the day once.
func TestAThousandPageViewsCostD1WhatTheirMinutesCost(t *testing.T) {
	w := open(t, 1)
	n := w.counted(func() {
		for i := range many {
			event := analytics.Event{Type: analytics.PageView, Path: fmt.Sprint("/posts/", i%20), Visitor: fmt.Sprint("visitor ", i%300)}
			if a, err := tenant.Admit.Call(w.Context(), w.site(), tenant.Visit{Visitor: event.Visitor, Event: &event}); err != nil || !a.Allowed {
				t.Fatal(a, err)
			}
			w.Clock.Advance(while / many)
		}
	})
	const atTheEnd = 1 // the hours, the pages and the day are one batch
	if most := times(while, 5*time.Minute) + atTheEnd; n > most {
		t.Errorf("%d views made %d calls of D1, at most %d are expected", many, n, most)
	}
	w.has("views", []string{fmt.Sprint(many)}, `SELECT views FROM analytics_daily`)
	w.sound()
}

// TestAThousandReactionsCostD1WhatTheirMinutesCost: they are written every five minutes, and what the author is told of
// them every minute.
func TestAThousandReactionsCostD1WhatTheirMinutesCost(t *testing.T) {
	w := open(t, 1)
	n := w.counted(func() {
		for i := range many {
			r := post.Reaction{UserID: fmt.Sprintf("01900003-0000-7000-8000-%012x", i), Type: "like", On: true}
			if a, err := post.SetReaction.Call(w.Context(), w.thread(), r); err != nil || a.Problem != "" {
				t.Fatal(a, err)
			}
			w.Clock.Advance(while / many)
		}
	})
	const (
		minutely = 2 // the post's settings are read, and what the author is told is written
		rarely   = 3 // every five minutes: reactions are written; the site's configuration and whom the author blocks are read
		loading  = 3 // what D1 had of the post, and of the notifications of its author
		days     = 1
	)
	most := minutely*times(while, time.Minute) + rarely*times(while, 5*time.Minute) + loading + days
	if n > most {
		t.Errorf("%d reactions made %d calls of D1, at most %d are expected", many, n, most)
	}
	w.has("reactions", []string{fmt.Sprint(many)}, `SELECT count(*) FROM reactions WHERE present`)
	w.sound()
}

func TestAThousandSessionValidationsDoNotTouchD1(t *testing.T) {
	w := open(t, 1)
	n := w.counted(func() {
		made, err := session.CreateSession.Call(w.Context(), session.Of(w.owner), session.CreateParams{DeviceID: "desk", ExpiresIn: 3600})
		if err != nil {
			t.Fatal(err)
		}
		for range many {
			if v, err := session.ValidateSession.Call(w.Context(), session.Of(w.owner), made.SessionID); err != nil || !v.Valid {
				t.Fatal(v, err)
			}
			w.Clock.Advance(while / many)
		}
	})
	if n > 0 {
		t.Errorf("%d validations made %d calls of D1", many, n)
	}
}
