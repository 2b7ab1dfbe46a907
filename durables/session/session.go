// Package session is SessionDO, the object that owns everything a user is signed in with. There is one for each user,
// named "session:{userId}"; further ones, named "limit:…", count sign-in attempts before anybody's identity is known.
//
// The one idea: a session id is a secret that only the browser's cookie holds. The object keeps its SHA-256, so that nothing
// it stores, lists or logs lets anybody in, and a session that is not in its table does not exist, whatever a cookie says.
// Start with the methods below; the statements are in store.go, the delays in limit.go.
package session

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/schema"
)

// Class is SessionDO.
var Class = durables.Class("SessionDO", New)

// The methods of SessionDO, in the order of the design document.
var (
	CreateSession      = durables.Method(Class, "createSession", (*Session).createSession)
	ValidateSession    = durables.Method(Class, "validateSession", (*Session).validateSession)
	RefreshSession     = durables.Method(Class, "refreshSession", (*Session).refreshSession)
	RevokeSession      = durables.Method(Class, "revokeSession", (*Session).revokeSession)
	RevokeAllSessions  = durables.Method(Class, "revokeAllSessions", (*Session).revokeAllSessions)
	ListSessions       = durables.Method(Class, "listSessions", (*Session).listSessions)
	RecordLoginAttempt = durables.Method(Class, "recordLoginAttempt", (*Session).recordLoginAttempt)

	ExportUser = durables.Method(Class, "export", (*Session).export)
	EraseUser  = durables.Method(Class, "erase", (*Session).erase)
	Destroy    = durables.Method(Class, "destroy", (*Session).destroy)
)

const (
	// MaxSessions is how many sessions a user can have; one more, and the least recently used is gone.
	MaxSessions = 20
	// AbsoluteLifetime is how long a session can live, however often it is renewed.
	AbsoluteLifetime = 90 * 24 * time.Hour

	userPrefix  = "session:"
	limitPrefix = "limit:"

	activeEvery  = time.Minute // last_active is written no more often
	cleanUpEvery = time.Hour   // expired rows are removed no more often
)

var sessions = Class.Namespace("SESSIONS")

// Of returns the stub of a user's object.
func Of(userID string) *durables.Stub[Session] { return sessions.GetByName(userPrefix + userID) }

// LimitOf returns the stub of the object that counts attempts under something other than a user's sign-in. kind is "ip" or "email", of attempts to sign in, or "site", of
// a user's attempts to start a site.
func LimitOf(kind, key string) *durables.Stub[Session] {
	return sessions.GetByName(limitPrefix + kind + ":" + key)
}

// CreateParams describe a session to create.
type CreateParams struct {
	DeviceID     string `json:"deviceId"`     // a browser's own random name; its earlier session is replaced
	DeviceName   string `json:"deviceName"`   // for display
	RefreshToken string `json:"refreshToken"` // the provider's, may be empty; stored sealed
	UserAgent    string `json:"userAgent"`
	IPAddress    string `json:"ipAddress"`
	ExpiresIn    int64  `json:"expiresIn"` // seconds without use after which it ends
}

// Created is a new session. Both values are secrets and are shown this once.
type Created struct {
	SessionID   string `json:"sessionId"`
	AccessToken string `json:"accessToken"`
}

// Validation says whether a session is alive.
type Validation struct {
	Valid        bool   `json:"valid"`
	UserID       string `json:"userId,omitempty"`
	NeedsRefresh bool   `json:"needsRefresh,omitempty"` // more than half of its time has passed: call refreshSession
}

// Refreshed is a renewed session.
type Refreshed struct {
	AccessToken string `json:"accessToken"`
	ExpiresIn   int64  `json:"expiresIn"` // seconds
}

// Info describes a session to its user. Times are milliseconds since 1970. ID is safe to show: it revokes, but does not
// sign in; see PublicID.
type Info struct {
	ID         string `json:"id"`
	DeviceID   string `json:"deviceId"`
	DeviceName string `json:"deviceName"`
	CreatedAt  int64  `json:"createdAt"`
	LastActive int64  `json:"lastActive"`
	ExpiresAt  int64  `json:"expiresAt"`
	IPAddress  string `json:"ipAddress"`
	UserAgent  string `json:"userAgent"`
}

// Attempt is the answer to recordLoginAttempt.
type Attempt struct {
	Allowed          bool  `json:"allowed"`
	LockoutRemaining int64 `json:"lockoutRemaining,omitempty"` // seconds, rounded up
}

// Session is the object.
type Session struct {
	state  *durables.State
	object *schema.Object
	name   string
	userID string // "" in a limit object
}

// New constructs the object and brings its tables up to date.
func New(ctx context.Context, state *durables.State) (*Session, error) {
	object, err := schema.Open(ctx, state, tables)
	if err != nil {
		return nil, err
	}
	s := &Session{state: state, object: object, name: object.Name()}
	s.userID, _ = strings.CutPrefix(s.name, userPrefix)
	if s.userID == s.name {
		s.userID = ""
	}
	return s, s.prepare(ctx)
}

func validName(name string) bool {
	id, ok := strings.CutPrefix(name, userPrefix)
	if !ok {
		id, ok = strings.CutPrefix(name, limitPrefix)
	}
	return ok && id != "" && len(id) <= 128 && !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r == 0x7f })
}

// asUser prepares for a method that only a user's object has.
func (s *Session) asUser(ctx context.Context, method string) error {
	if s.userID == "" {
		return durables.TypeError(fmt.Sprintf("%s: %q only counts sign-in attempts: use the object session:{userId}", method, s.name))
	}
	return s.prepare(ctx)
}

func (s *Session) createSession(ctx context.Context, p CreateParams) (Created, error) {
	if err := s.asUser(ctx, "createSession"); err != nil {
		return Created{}, err
	}
	if p.DeviceID == "" {
		return Created{}, durables.TypeError("createSession: deviceId is missing: give the browser's own random name")
	}
	lifetime := time.Duration(p.ExpiresIn) * time.Second
	if p.ExpiresIn <= 0 || p.ExpiresIn > int64(AbsoluteLifetime/time.Second) {
		return Created{}, durables.TypeError(fmt.Sprintf("createSession: expiresIn must be from 1 to %d seconds", int64(AbsoluteLifetime/time.Second)))
	}
	sealed, err := s.seal(ctx, p.RefreshToken)
	if err != nil {
		return Created{}, err
	}
	created, now := Created{SessionID: secret(), AccessToken: secret()}, time.Now()
	err = s.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
		return s.insert(ctx, row{
			id: PublicID(created.SessionID), accessHash: PublicID(created.AccessToken), refreshToken: sealed, params: p, lifetime: lifetime, now: now,
		})
	})
	if err != nil {
		return Created{}, err
	}
	s.object.Log(ctx, slog.LevelInfo, "session created")
	if err := s.closeSockets(ctx, now); err != nil {
		return Created{}, err
	}
	return created, s.arm(ctx, now)
}

func (s *Session) validateSession(ctx context.Context, sessionID string) (Validation, error) {
	if err := s.asUser(ctx, "validateSession"); err != nil {
		return Validation{}, err
	}
	now := time.Now()
	live, found, err := s.find(ctx, sessionID, now)
	if err != nil || !found {
		return Validation{}, err
	}
	if now.Sub(time.UnixMilli(live.LastActive)) >= activeEvery {
		if err := s.touch(ctx, live.ID, now); err != nil {
			return Validation{}, err
		}
	}
	return Validation{Valid: true, UserID: s.userID, NeedsRefresh: live.needsRefresh(now)}, nil
}

// refreshSession starts the session's time anew, up to the absolute limit. It returns null for a session that is not
// alive.
func (s *Session) refreshSession(ctx context.Context, sessionID string) (*Refreshed, error) {
	if err := s.asUser(ctx, "refreshSession"); err != nil {
		return nil, err
	}
	now := time.Now()
	live, found, err := s.find(ctx, sessionID, now)
	if err != nil || !found {
		return nil, err
	}
	expires, access := live.renewed(now), secret()
	if err := s.renew(ctx, live.ID, now, expires, PublicID(access)); err != nil {
		return nil, err
	}
	return &Refreshed{AccessToken: access, ExpiresIn: int64(expires.Sub(now) / time.Second)}, nil
}

// revokeSession ends a session, named by its secret id or by the id that listSessions shows. One that is not there is
// no error: what was asked for is so.
func (s *Session) revokeSession(ctx context.Context, sessionID string) (durables.None, error) {
	if err := s.asUser(ctx, "revokeSession"); err != nil {
		return durables.None{}, err
	}
	revoked, err := s.remove(ctx, sessionID)
	if err != nil || revoked == 0 {
		return durables.None{}, err
	}
	s.object.Log(ctx, slog.LevelInfo, "session revoked")
	return durables.None{}, s.closeSockets(ctx, time.Now())
}

// revokeAllSessions ends all sessions but the excepted one, and returns how many.
func (s *Session) revokeAllSessions(ctx context.Context, exceptSessionID *string) (int64, error) {
	if err := s.asUser(ctx, "revokeAllSessions"); err != nil {
		return 0, err
	}
	except := ""
	if exceptSessionID != nil {
		except = *exceptSessionID
	}
	now := time.Now()
	revoked, err := s.removeAll(ctx, except, now)
	if err != nil {
		return 0, err
	}
	s.object.Log(ctx, slog.LevelInfo, "sessions revoked", "count", revoked)
	return revoked, s.closeSockets(ctx, now)
}

// listSessions lists the sessions that are alive, the most recently used first.
func (s *Session) listSessions(ctx context.Context, _ durables.None) ([]Info, error) {
	if err := s.asUser(ctx, "listSessions"); err != nil {
		return nil, err
	}
	return s.list(ctx, time.Now())
}

// recordLoginAttempt counts an attempt to sign in and says whether it may go on.
func (s *Session) recordLoginAttempt(ctx context.Context, success bool) (Attempt, error) {
	if err := s.prepare(ctx); err != nil {
		return Attempt{}, err
	}
	before, err := s.attempts(ctx)
	if err != nil {
		return Attempt{}, err
	}
	now := time.Now()
	after, allowed := limitFor(s.name).record(before, now, success)
	if after != before {
		if err := s.keepAttempts(ctx, after); err != nil {
			return Attempt{}, err
		}
	}
	if !allowed {
		s.object.Log(ctx, slog.LevelInfo, "sign-in attempt refused", "attempts", after.count)
		return Attempt{LockoutRemaining: int64((after.lockUntil.Sub(now) + time.Second - 1) / time.Second)}, nil
	}
	return Attempt{Allowed: true}, s.arm(ctx, now)
}
