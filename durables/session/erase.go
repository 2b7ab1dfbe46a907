package session

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"grove.place/lattice/durables"
)

// Export is what the object holds about its user. No secrets: neither session ids nor the provider's tokens.
type Export struct {
	Sessions []Info `json:"sessions,omitempty"`
	Attempts int    `json:"attempts,omitempty"` // recent attempts to sign in that failed
}

// export returns everything that the object holds about its user.
func (s *Session) export(ctx context.Context, userID string) (out Export, err error) {
	if err := s.belongsTo(userID, "export"); err != nil {
		return out, err
	}
	if there, err := s.object.Exists(ctx); err != nil || !there {
		return out, err
	}
	if err := s.prepare(ctx); err != nil {
		return out, err
	}
	if out.Sessions, err = s.list(ctx, time.Now()); err != nil {
		return out, err
	}
	a, err := s.attempts(ctx)
	out.Attempts = a.count
	return out, err
}

// erase forgets the object's user: every session is ended, its sockets are closed, and nothing is left. While an object with a socket cannot be reached the
// sessions are ended and the error says so; it may be repeated.
func (s *Session) erase(ctx context.Context, userID string) (durables.None, error) {
	if err := s.belongsTo(userID, "erase"); err != nil {
		return durables.None{}, err
	}
	return s.destroy(ctx, durables.None{})
}

// destroy is erase of whoever the object belongs to.
func (s *Session) destroy(ctx context.Context, _ durables.None) (durables.None, error) {
	none, now := durables.None{}, time.Now()
	if there, err := s.object.Exists(ctx); err != nil || !there {
		return none, err
	}
	if err := s.prepare(ctx); err != nil {
		return none, err
	}
	if _, err := s.removeAll(ctx, "", now); err != nil {
		return none, err
	}
	if err := s.object.Exec(ctx, `UPDATE closures SET due = ?`, now); err != nil {
		return none, err
	}
	if err := s.tellObjects(ctx, now); err != nil {
		return none, err
	}
	open, err := durables.One[int](ctx, s.object.SQL(), `SELECT count(*) FROM closures`)
	if err != nil {
		return none, wrap("find sockets that are open", err)
	}
	if open > 0 {
		return none, fmt.Errorf("session: the sockets in %d objects are not closed yet: try again", open)
	}
	if err := s.object.Forget(ctx); err != nil {
		return none, err
	}
	s.object.Log(ctx, slog.LevelInfo, "everything forgotten")
	return none, nil
}

// belongsTo refuses to speak of anybody but the object's own user.
func (s *Session) belongsTo(userID, method string) error {
	if s.userID == "" || userID != s.userID {
		return durables.TypeError(method + ": this object holds nothing of that user: use session:{userId}")
	}
	return nil
}
