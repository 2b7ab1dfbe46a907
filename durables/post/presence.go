package post

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"grove.place/lattice/durables"
)

const (
	announceEvery = time.Second // everybody is told who is there
	crowdAge      = time.Minute // the sockets are counted anew
)

// crowd is who looks at the post, counted from the open sockets. There is no record of it: an object that comes back to memory counts them anew, and so does
// one that stays there, now and then.
type crowd struct {
	anonymous int            // sockets of people who are not signed in
	sockets   map[string]int // of each of the others
	at        time.Time
}

func (c *crowd) count() int { return c.anonymous + len(c.sockets) }

func (c *crowd) add(userID string, n int) {
	if userID == "" {
		c.anonymous = max(0, c.anonymous+n)
		return
	}
	if c.sockets[userID] += n; c.sockets[userID] <= 0 {
		delete(c.sockets, userID)
	}
}

// Presence is who looks at the post. Viewers are told to the post's author only.
type Presence struct {
	Count   int      `json:"count"`
	Viewers []string `json:"viewers,omitempty"` // ids of those who are signed in
}

// getPresence counts those who look at the post: everybody who is signed in once, the others by their sockets.
func (p *Post) getPresence(ctx context.Context, userID string) (Presence, error) {
	s, err := p.ready(ctx)
	if err != nil || !s.open() {
		return Presence{}, err
	}
	c, err := p.present(ctx)
	if err != nil {
		return Presence{}, err
	}
	out := Presence{Count: c.count()}
	if userID != "" && userID == s.AuthorID {
		out.Viewers = slices.Sorted(maps.Keys(c.sockets))
	}
	return out, nil
}

// present returns who is there.
func (p *Post) present(ctx context.Context) (*crowd, error) {
	if p.crowd != nil && time.Since(p.crowd.at) < crowdAge {
		return p.crowd, nil
	}
	c := &crowd{sockets: map[string]int{}, at: time.Now()}
	anonymous, err := p.state.GetWebSockets(ctx, tagNobody)
	if err != nil {
		return nil, err
	}
	signedIn, err := p.state.GetWebSockets(ctx, tagUser)
	if err != nil {
		return nil, err
	}
	still := map[*durables.WebSocket]bool{}
	for _, ws := range slices.Concat(anonymous, signedIn) {
		if p.leaving[ws] {
			still[ws] = true
		}
	}
	for _, ws := range anonymous {
		if !still[ws] {
			c.add("", 1)
		}
	}
	for _, ws := range signedIn {
		if still[ws] {
			continue
		}
		v, err := p.viewer(ctx, ws)
		if err != nil {
			return nil, err
		}
		c.add(v.UserID, 1)
	}
	p.crowd, p.leaving = c, still
	return c, nil
}

// came counts a socket in that was just accepted.
func (p *Post) came(ws *durables.WebSocket, v *viewer) {
	p.viewers[ws] = v
	if p.crowd != nil {
		p.crowd.add(v.UserID, 1)
	}
}

// left counts a socket out, once.
func (p *Post) left(ctx context.Context, ws *durables.WebSocket) {
	if p.leaving[ws] {
		return
	}
	p.leaving[ws] = true
	v, err := p.viewer(ctx, ws)
	delete(p.viewers, ws)
	switch {
	case err != nil:
		p.crowd = nil
	case p.crowd != nil:
		p.crowd.add(v.UserID, -1)
	}
}

// presenceChanged tells everybody how many are there: at once, and then no more often than announceEvery.
func (p *Post) presenceChanged(ctx context.Context) {
	if p.announcing {
		return
	}
	wait := announceEvery - time.Since(p.announced)
	if wait <= 0 {
		p.announce(ctx)
		return
	}
	p.announcing = true
	p.state.WaitUntil(ctx, func(ctx context.Context) error {
		time.Sleep(wait)
		p.announcing = false
		p.announce(ctx)
		return nil
	})
}

func (p *Post) announce(ctx context.Context) {
	p.announced = time.Now()
	c, err := p.present(ctx)
	if err != nil {
		p.object.Log(ctx, slog.LevelWarn, "viewers not counted", "error", err)
		return
	}
	n := c.count()
	if n == p.shown {
		return
	}
	p.shown = n
	p.broadcast(ctx, Message{Type: "presence", Count: ptr(int64(n))})
}
