package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/internal/scaffold/templates/app/activity"
	"grove.place/lattice/internal/scaffold/templates/app/notes"
	"grove.place/lattice/latticetest"
	local "grove.place/lattice/local-runtime"
)

// browser sends requests with the cookies that it got.
type browser struct {
	t       *testing.T
	host    *local.Host
	cookies []*http.Cookie
}

func start(t *testing.T) *browser {
	o := latticetest.Options(t)
	o.Vars["SESSION_KEY"] = strings.Repeat("k", 32)
	return &browser{t: t, host: local.StartTest(t, o)}
}

// do sends a request, and stores what it answers in result.
func (b *browser) do(method, path, body string, result any) (status int) {
	b.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	b.host.ServeHTTP(w, r)
	b.cookies = append(b.cookies, w.Result().Cookies()...)
	if result != nil && w.Code == http.StatusOK {
		if err := json.Unmarshal(w.Body.Bytes(), result); err != nil {
			b.t.Errorf("%s %s: %v in %s", method, path, err, w.Body)
		}
	}
	return w.Code
}

func TestOnlyThoseWithASessionWrite(t *testing.T) {
	b := start(t)
	if got := b.do("POST", "/api/notes", `{"text": "hello"}`, nil); got != http.StatusUnauthorized {
		t.Errorf("a stranger's note answers %d", got)
	}
	if got := b.do("POST", "/api/session", `{"text": "ann"}`, nil); got != http.StatusOK {
		t.Fatalf("a session answers %d", got)
	}
	if got := b.do("POST", "/api/notes", `{"text": "hello"}`, nil); got != http.StatusOK {
		t.Errorf("a note answers %d", got)
	}
	var list []notes.Note
	if b.do("GET", "/api/notes", "", &list); len(list) != 1 || list[0].Author != "ann" || list[0].Text != "hello" {
		t.Errorf("there are %+v", list)
	}
}

func TestTheQueueTellsWhoWrites(t *testing.T) {
	b := start(t)
	b.do("POST", "/api/session", `{"text": "ann"}`, nil)
	b.do("POST", "/api/notes", `{"text": "one"}`, nil)
	b.do("POST", "/api/notes", `{"text": "two"}`, nil)
	b.host.Clock.Advance(time.Second) // max_batch_timeout
	var top []activity.Count
	if b.do("GET", "/api/activity", "", &top); len(top) != 1 || top[0] != (activity.Count{Author: "ann", Notes: 2}) {
		t.Errorf("active are %+v", top)
	}
}

func TestTheCronTriggerSweepsOldNotes(t *testing.T) {
	b := start(t)
	b.do("POST", "/api/session", `{"text": "ann"}`, nil)
	b.do("POST", "/api/notes", `{"text": "old"}`, nil)
	b.host.Clock.Advance(notes.Kept + time.Hour)
	if err := b.host.Scheduled(b.host.Context(), "0 4 * * *", b.host.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	var list []notes.Note
	if b.do("GET", "/api/notes", "", &list); len(list) != 0 {
		t.Errorf("left over: %+v", list)
	}
}
