package session

import (
	"context"
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

// erase forgets the object's user, and with that ends every session. It may be repeated.
func (s *Session) erase(ctx context.Context, userID string) (durables.None, error) {
	if err := s.belongsTo(userID, "erase"); err != nil {
		return durables.None{}, err
	}
	return s.destroy(ctx, durables.None{})
}

// destroy forgets everything.
func (s *Session) destroy(ctx context.Context, _ durables.None) (durables.None, error) {
	if err := s.object.Forget(ctx); err != nil {
		return durables.None{}, err
	}
	s.object.Log(ctx, slog.LevelInfo, "everything forgotten")
	return durables.None{}, nil
}

// belongsTo refuses to speak of anybody but the object's own user.
func (s *Session) belongsTo(userID, method string) error {
	if s.userID == "" || userID != s.userID {
		return durables.TypeError(method + ": this object holds nothing of that user: use session:{userId}")
	}
	return nil
}
