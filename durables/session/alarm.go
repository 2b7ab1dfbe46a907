package session

import (
	"context"
	"time"

	"grove.place/lattice/durables"
)

// The object has three things to do later: remove sessions that have expired, close the sockets of those that have ended, and forget old sign-in attempts. When each is due follows from
// its rows, so there is no second record that could disagree with them, and an object without rows sleeps for good.

// Alarm removes what is over. It changes nothing that anybody can see: expired rows are never used.
func (s *Session) Alarm(ctx context.Context, _ durables.AlarmInfo) error {
	if err := s.prepare(ctx); err != nil {
		return err
	}
	now := time.Now()
	if err := s.object.Exec(ctx, `DELETE FROM sessions WHERE expires_at <= ?`, now); err != nil {
		return err
	}
	if err := s.object.Exec(ctx, `DELETE FROM attempts WHERE last <= ?`, now.Add(-limitFor(s.name).quiet)); err != nil {
		return err
	}
	if err := s.object.Exec(ctx, `UPDATE closures SET due = ? WHERE due = 0`, now); err != nil {
		return err
	}
	if err := s.tellObjects(ctx, now); err != nil {
		return err
	}
	due, work, err := s.due(ctx, now)
	if err != nil {
		return err
	}
	if work {
		return s.state.Storage().SetAlarm(ctx, due)
	}
	return s.object.Forget(ctx)
}

// arm sets the alarm if there is work and none is set that comes early enough.
func (s *Session) arm(ctx context.Context, now time.Time) error {
	due, work, err := s.due(ctx, now)
	if err != nil || !work {
		return err
	}
	set, armed, err := s.state.Storage().GetAlarm(ctx)
	if err != nil || armed && !set.After(due) {
		return err
	}
	return s.state.Storage().SetAlarm(ctx, due)
}

// due is when there is something to do next, and whether there is.
func (s *Session) due(ctx context.Context, now time.Time) (time.Time, bool, error) {
	var due time.Time
	earlier := func(t time.Time) {
		if due.IsZero() || t.Before(due) {
			due = t
		}
	}
	expires, err := durables.One[*int64](ctx, s.object.SQL(), `SELECT min(expires_at) FROM sessions`)
	if err != nil {
		return due, false, wrap("find the first session to expire", err)
	}
	if expires != nil {
		due = time.UnixMilli(*expires)
		if soonest := now.Add(cleanUpEvery); due.Before(soonest) {
			due = soonest
		}
	}
	closes, err := durables.One[*int64](ctx, s.object.SQL(), `SELECT min(due) FROM closures`)
	if err != nil {
		return due, false, wrap("find the first sockets to close", err)
	}
	if closes != nil {
		earlier(time.UnixMilli(*closes))
	}
	a, err := s.attempts(ctx)
	if err != nil {
		return due, false, err
	}
	if a.count > 0 {
		earlier(limitFor(s.name).forgetAt(a))
	}
	return due, !due.IsZero(), nil
}
