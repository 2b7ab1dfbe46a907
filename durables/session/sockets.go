package session

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"grove.place/lattice/durables"
)

// A session has WebSockets open in objects of other classes. Which, is written down here when they open, and when the session ends, however that happens,
// each of those objects is told to close them. The trigger in schema.go turns what is open into what is to be closed, in the statement that ends the session.

// RegisterSocket writes down that a session has a WebSocket open in an object. It returns false for a session that is not alive: close the socket.
// Call it after the object has accepted the socket and before the client is answered, so that no revocation falls in between.
var RegisterSocket = durables.Method(Class, "registerSocket", (*Session).registerSocket)

// Socket is where a session has one WebSocket or more.
type Socket struct {
	Session string `json:"session"` // its public id
	Class   string `json:"class"`
	Object  string `json:"object"` // its name
}

const (
	// MaxSockets is how many objects a session can have sockets in; one more, and those of the object that was joined first are closed.
	MaxSockets = 500

	firstRetry   = 2 * time.Second
	lastRetry    = 15 * time.Minute
	unknownRetry = 24 * time.Hour // of a class that this program cannot tell
)

// Closer closes the sockets that a session has open in an object of that name.
type Closer func(ctx context.Context, object, session string) error

var closers = map[string]Closer{}

// OnEnd sets how sockets in objects of a class are closed when their session ends. Call it from an init function.
func OnEnd(class string, c Closer) { closers[class] = c }

func (s *Session) registerSocket(ctx context.Context, k Socket) (bool, error) {
	if err := s.asUser(ctx, "registerSocket"); err != nil {
		return false, err
	}
	if k.Class == "" || k.Object == "" || len(k.Class) > maxName || len(k.Object) > maxText {
		return false, durables.TypeError("registerSocket: class and object name an object")
	}
	now := time.Now()
	_, alive, err := durables.First[int](ctx, s.object.SQL(), `SELECT 1 FROM sessions WHERE id = ? AND expires_at > ?`, k.Session, now)
	if err != nil || !alive {
		return false, wrap("look for the session", err)
	}
	err = s.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
		if err := s.object.Exec(ctx, `INSERT OR REPLACE INTO sockets (session, class, object, opened_at) VALUES (?, ?, ?, ?)`, k.Session, k.Class, k.Object, now); err != nil {
			return err
		}
		const surplus = `FROM sockets WHERE session = ?1 AND (class, object) IN (SELECT class, object FROM sockets WHERE session = ?1 ORDER BY opened_at DESC, class, object LIMIT -1 OFFSET ?2)`
		if err := s.object.Exec(ctx, `INSERT OR REPLACE INTO closures (session, class, object) SELECT session, class, object `+surplus, k.Session, MaxSockets); err != nil {
			return err
		}
		return s.object.Exec(ctx, `DELETE `+surplus, k.Session, MaxSockets)
	})
	if err != nil {
		return false, err
	}
	return true, s.closeSockets(ctx, now)
}

// closeSockets has the sockets of sessions that have ended closed, at once; the alarm does it again should that fail or the object die.
func (s *Session) closeSockets(ctx context.Context, now time.Time) error {
	_, waits, err := durables.First[int](ctx, s.object.SQL(), `SELECT 1 FROM closures WHERE due <= ?`, now)
	if err != nil || !waits {
		return err
	}
	if err := s.object.Exec(ctx, `UPDATE closures SET due = ? WHERE due = 0`, now.Add(firstRetry)); err != nil {
		return err
	}
	if err := s.arm(ctx, now); err != nil {
		return err
	}
	s.state.WaitUntil(ctx, func(ctx context.Context) error { return s.tellObjects(ctx, now.Add(firstRetry)) })
	return nil
}

// tellObjects closes the sockets that are due by then. What fails is due again later.
func (s *Session) tellObjects(ctx context.Context, due time.Time) error {
	type closure struct {
		Session  string `json:"session"`
		Class    string `json:"class"`
		Object   string `json:"object"`
		Attempts int    `json:"attempts"`
	}
	list, err := durables.All[closure](ctx, s.object.SQL(), `SELECT session, class, object, attempts FROM closures WHERE due <= ? ORDER BY due, session, class, object`, due)
	if err != nil {
		return wrap("find sockets to close", err)
	}
	for _, c := range list {
		wait, failed := min(firstRetry<<min(c.Attempts, 10), lastRetry), fmt.Errorf("no function closes sockets of %s: call session.OnEnd", c.Class)
		if f := closers[c.Class]; f != nil {
			failed = f(ctx, c.Object, c.Session)
		} else {
			wait = unknownRetry
		}
		const one = ` WHERE session = ? AND class = ? AND object = ?`
		if failed == nil {
			err = s.object.Exec(ctx, `DELETE FROM closures`+one, c.Session, c.Class, c.Object)
		} else {
			s.object.Log(ctx, slog.LevelError, "sockets of a session that has ended not closed", "class", c.Class, "attempt", c.Attempts, "retry_in", wait, "error", failed)
			err = s.object.Exec(ctx, `UPDATE closures SET due = ?, attempts = attempts + 1`+one, time.Now().Add(wait), c.Session, c.Class, c.Object)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
