package session_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/session"
	"grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/heartwood/keyring"
)

var tokenKeys = keyring.Generate("t1")

func startHost(t *testing.T) *local.Host {
	t.Helper()
	return local.StartTest(t, local.TestOptions{Package: "grove.place/lattice/workers/grove", Options: local.Options{
		Objects:  map[string]string{"SESSIONS": "SessionDO"},
		Vars:     map[string]string{"TOKEN_KEYS": tokenKeys},
		Isolates: 1,
	}})
}

// as calls the methods of one user's object, and ends the test when a call fails.
type as struct {
	t    *testing.T
	host *local.Host
	user string
}

func call[P, R any](a as, method *durables.MethodOf[session.Session, P, R], p P) R {
	a.t.Helper()
	result, err := method.Call(a.host.Context(), session.Of(a.user), p)
	if err != nil {
		a.t.Fatalf("%s: %v", method.Name(), err)
	}
	return result
}

func (a as) create(device string) session.Created {
	a.t.Helper()
	return call(a, session.CreateSession, session.CreateParams{DeviceID: device, DeviceName: "Firefox on Linux", ExpiresIn: 3600, IPAddress: "198.51.100.7"})
}

func (a as) valid(id string) bool { a.t.Helper(); return call(a, session.ValidateSession, id).Valid }

func (a as) devices() string {
	a.t.Helper()
	var names []string
	for _, info := range call(a, session.ListSessions, durables.None{}) {
		names = append(names, info.DeviceID)
	}
	return strings.Join(names, " ")
}

func TestASessionLivesUntilItIsRevoked(t *testing.T) {
	a := as{t, startHost(t), "u1"}
	first, second := a.create("laptop"), a.create("phone")
	if got, want := call(a, session.ValidateSession, first.SessionID), (session.Validation{Valid: true, UserID: "u1"}); got != want {
		t.Fatalf("a new session: %+v, want %+v", got, want)
	}
	list := call(a, session.ListSessions, durables.None{})
	if len(list) != 2 {
		t.Fatalf("%d sessions are listed, want 2", len(list))
	}
	if text := fmt.Sprintf("%+v", list); strings.Contains(text, first.SessionID) || strings.Contains(text, first.AccessToken) {
		t.Errorf("the list shows a secret: %s", text)
	}
	if a.valid(session.PublicID(first.SessionID)) {
		t.Error("the id from the list signs in")
	}
	call(a, session.RevokeSession, first.SessionID)
	call(a, session.RevokeSession, session.PublicID(second.SessionID))
	call(a, session.RevokeSession, "never existed")
	if a.valid(first.SessionID) || a.valid(second.SessionID) || a.devices() != "" {
		t.Error("a revoked session is alive, or still listed")
	}
}

func TestUsersDoNotShareSessions(t *testing.T) {
	host := startHost(t)
	alice, bob := as{t, host, "alice"}, as{t, host, "bob"}
	created := alice.create("laptop")
	if bob.valid(created.SessionID) {
		t.Error("one user's session is valid for another")
	}
	call(bob, session.RevokeSession, created.SessionID)
	call(bob, session.RevokeAllSessions, nil)
	if !alice.valid(created.SessionID) {
		t.Error("one user ended another's session")
	}
}

func TestRevokeAllCanExceptOne(t *testing.T) {
	a := as{t, startHost(t), "u1"}
	kept := a.create("kept")
	a.create("phone")
	a.create("tablet")
	if n := call(a, session.RevokeAllSessions, &kept.SessionID); n != 2 {
		t.Errorf("%d sessions were revoked, want 2", n)
	}
	if got := a.devices(); got != "kept" {
		t.Errorf("%q are left, want the excepted one", got)
	}
	if n := call(a, session.RevokeAllSessions, nil); n != 1 || a.valid(kept.SessionID) {
		t.Errorf("%d sessions were revoked, want the last one", n)
	}
}

func TestADeviceHasOneSession(t *testing.T) {
	a := as{t, startHost(t), "u1"}
	before, after := a.create("laptop"), a.create("laptop")
	if a.valid(before.SessionID) || !a.valid(after.SessionID) {
		t.Error("signing in again on a device must replace its session")
	}
}

func TestTheLeastRecentlyUsedGoesBeyondTheLimit(t *testing.T) {
	host := startHost(t)
	a := as{t, host, "u1"}
	var ids []string
	for i := range session.MaxSessions {
		ids = append(ids, a.create(fmt.Sprint("d", i)).SessionID)
		host.Clock.Advance(time.Second)
	}
	host.Clock.Advance(time.Minute)
	a.valid(ids[0]) // the oldest is used, so that d1 is now the least recently used
	newest := a.create("new")
	if list := call(a, session.ListSessions, durables.None{}); len(list) != session.MaxSessions {
		t.Errorf("%d sessions, want %d", len(list), session.MaxSessions)
	}
	if !a.valid(ids[0]) || a.valid(ids[1]) || !a.valid(ids[2]) || !a.valid(newest.SessionID) {
		t.Errorf("the wrong session went: %s", a.devices())
	}
}

func TestSessionsSlideUpToTheAbsoluteLimit(t *testing.T) {
	host := startHost(t)
	a := as{t, host, "u1"}
	const month = 30 * 24 * time.Hour
	id := call(a, session.CreateSession, session.CreateParams{DeviceID: "d", ExpiresIn: int64(month / time.Second)}).SessionID
	advance := func(d time.Duration, needsRefresh bool) {
		t.Helper()
		host.Clock.Advance(d)
		if got := call(a, session.ValidateSession, id); !got.Valid || got.NeedsRefresh != needsRefresh {
			t.Fatalf("after %v more: %+v, want it valid and needsRefresh %v", d, got, needsRefresh)
		}
	}
	refresh := func(want time.Duration) {
		t.Helper()
		got := call(a, session.RefreshSession, id)
		if got == nil || got.AccessToken == "" {
			t.Fatalf("refreshSession: %+v", got)
		}
		if d := want - time.Duration(got.ExpiresIn)*time.Second; d < 0 || d > time.Minute {
			t.Fatalf("refreshed for %v, want %v", time.Duration(got.ExpiresIn)*time.Second, want)
		}
	}
	advance(month/2-time.Hour, false)
	advance(2*time.Hour, true)
	refresh(month)
	advance(month-time.Hour, true) // day 45
	refresh(month)
	advance(month-time.Hour, true) // day 75
	refresh(session.AbsoluteLifetime - 75*24*time.Hour + time.Hour)
	advance(10*24*time.Hour, false) // a renewal would give it nothing
	host.Clock.Advance(6 * 24 * time.Hour)
	if a.valid(id) || call(a, session.RefreshSession, id) != nil {
		t.Error("the session outlives the absolute limit")
	}
}

func TestUnusedSessionsExpire(t *testing.T) {
	host := startHost(t)
	a := as{t, host, "u1"}
	id := a.create("laptop").SessionID
	host.Clock.Advance(time.Hour - time.Second)
	if !a.valid(id) {
		t.Fatal("the session ended early; being used does not change when it expires")
	}
	host.Clock.Advance(2 * time.Second)
	if a.valid(id) || call(a, session.RefreshSession, id) != nil || a.devices() != "" {
		t.Error("an expired session is alive, can be renewed or is listed")
	}
}

func TestLastActiveIsWrittenOnceAMinute(t *testing.T) {
	host := startHost(t)
	a := as{t, host, "u1"}
	id := a.create("laptop").SessionID
	last := func() int64 { return call(a, session.ListSessions, durables.None{})[0].LastActive }
	created := last()
	host.Clock.Advance(59 * time.Second)
	if a.valid(id); last() != created {
		t.Error("it was written within a minute")
	}
	host.Clock.Advance(2 * time.Second)
	if a.valid(id); last() < created+60_000 {
		t.Error("it was not written after a minute")
	}
}

func TestTheCleanUpLeavesNothingAndThenSleeps(t *testing.T) {
	host := startHost(t)
	a := as{t, host, "u1"}
	a.create("laptop")
	objects, err := host.Objects("SessionDO")
	if err != nil || len(objects) != 1 {
		t.Fatalf("objects: %v, %v, want one", objects, err)
	}
	id := objects[0].ID
	if ran, err := host.RunAlarm("SessionDO", id); err != nil || !ran {
		t.Fatalf("an object with a session has an alarm: %v, %v, want true", ran, err)
	}
	if a.devices() != "laptop" {
		t.Fatal("the clean-up removed a session that is alive")
	}
	host.Clock.Advance(2 * time.Hour)
	if ran, err := host.RunAlarm("SessionDO", id); err != nil || ran {
		t.Errorf("an object without work has an alarm: %v, %v, want false", ran, err)
	}
	// The object is empty now, and good for a new start.
	if id := a.create("laptop").SessionID; !a.valid(id) {
		t.Error("after the clean-up no session can be created")
	}
}

func TestSignInAttemptsOfAUserAreDelayedAndForgotten(t *testing.T) {
	host := startHost(t)
	a := as{t, host, "u1"}
	for range 6 {
		if got := call(a, session.RecordLoginAttempt, false); !got.Allowed {
			t.Fatalf("refused too early: %+v", got)
		}
	}
	if got := call(a, session.RecordLoginAttempt, true); got.Allowed || got.LockoutRemaining < 1 || got.LockoutRemaining > 30 {
		t.Fatalf("the attempt after six failures: %+v, want up to 30 s of delay", got)
	}
	host.Clock.Advance(31 * time.Second)
	if got := call(a, session.RecordLoginAttempt, true); !got.Allowed {
		t.Fatalf("after the delay: %+v", got)
	}
	if got := call(a, session.RecordLoginAttempt, false); !got.Allowed {
		t.Fatalf("a success did not clear the failures: %+v", got)
	}
}

func TestStateSurvivesEviction(t *testing.T) {
	host := startHost(t)
	a := as{t, host, "u1"}
	id := a.create("laptop").SessionID
	objects, err := host.Objects("SessionDO")
	if err != nil || len(objects) != 1 {
		t.Fatalf("objects: %v, %v", objects, err)
	}
	if evicted, err := host.Evict("SessionDO", objects[0].ID); err != nil || !evicted {
		t.Fatalf("evict: %v, %v", evicted, err)
	}
	if !a.valid(id) {
		t.Error("the session is gone with the object's memory")
	}
}

func TestRefusals(t *testing.T) {
	host := startHost(t)
	ctx := host.Context()
	good := session.CreateParams{DeviceID: "d", ExpiresIn: 60}
	create := func(stub *durables.Stub[session.Session], change func(*session.CreateParams)) error {
		p := good
		change(&p)
		_, err := session.CreateSession.Call(ctx, stub, p)
		return err
	}
	named := func(name string) *durables.Stub[session.Session] {
		return session.Class.Namespace("SESSIONS").GetByName(name)
	}
	byString := func() *durables.Stub[session.Session] {
		id, err := session.Class.Namespace("SESSIONS").NewUniqueID(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return session.Class.Namespace("SESSIONS").Get(id)
	}
	nothing := func(*session.CreateParams) {}
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"no device":             {create(session.Of("u1"), func(p *session.CreateParams) { p.DeviceID = "" }), "deviceId is missing"},
		"no lifetime":           {create(session.Of("u1"), func(p *session.CreateParams) { p.ExpiresIn = 0 }), "expiresIn must be"},
		"too long a lifetime":   {create(session.Of("u1"), func(p *session.CreateParams) { p.ExpiresIn = 1 << 40 }), "expiresIn must be"},
		"another kind of name":  {create(named("tenant:1"), nothing), "cannot be named"},
		"an empty user":         {create(named("session:"), nothing), "cannot be named"},
		"no name":               {create(byString(), nothing), "by its name"},
		"a limiter's sessions":  {create(session.LimitOf("ip", "198.51.100.0/24"), nothing), "only counts"},
		"a number for a string": {session.Of("u1").Call(ctx, "validateSession", nil, 1), "validateSession"},
		"no argument":           {session.Of("u1").Call(ctx, "validateSession", nil), "validateSession"},
		"an unknown method":     {session.Of("u1").Call(ctx, "stealSession", nil), "stealSession"},
	} {
		var e *durables.Error
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) || !errors.As(c.err, &e) {
			t.Errorf("%s: %v, want a remote error about %q", name, c.err, c.want)
		}
	}
}

func TestRefreshTokensAreStoredSealed(t *testing.T) {
	dir := t.TempDir()
	host := local.StartTest(t, local.TestOptions{Package: "grove.place/lattice/workers/grove", Options: local.Options{
		Objects: map[string]string{"SESSIONS": "SessionDO"}, Vars: map[string]string{"TOKEN_KEYS": tokenKeys}, Dir: dir,
	}})
	a := as{t, host, "u1"}
	created := call(a, session.CreateSession, session.CreateParams{DeviceID: "d", ExpiresIn: 60, RefreshToken: "provider-refresh-token"})
	for _, secret := range []string{"provider-refresh-token", created.SessionID, created.AccessToken} {
		if file := findInFiles(t, dir, secret); file != "" {
			t.Errorf("%s holds a secret in the clear", file)
		}
	}
	if findInFiles(t, dir, session.PublicID(created.SessionID)) == "" {
		t.Error("the files do not hold the session at all: the search proves nothing")
	}
}

// findInFiles returns the first file under dir that contains text.
func findInFiles(t *testing.T, dir, text string) (found string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || found != "" {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(text)) {
			found = path
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A session that has sockets in objects is remembered with them, and however it ends they are to be closed. (What closes them is tested in workers/grove.)
func TestSocketsAreToBeClosedHoweverASessionEnds(t *testing.T) {
	host := startHost(t)
	a := as{t, host, "u1"}
	register := func(c session.Created, object string) bool {
		t.Helper()
		return call(a, session.RegisterSocket, session.Socket{Session: session.PublicID(c.SessionID), Class: "NoSuchDO", Object: object})
	}
	rows := func(query, want string) {
		t.Helper()
		got, err := local.Rows[string](host.Storage("SessionDO", "session:u1"), query)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q, %v", query, got, want, err)
		}
	}
	const open, closing = `SELECT object FROM sockets ORDER BY object`, `SELECT object FROM closures ORDER BY object`
	revoked, replaced, expired, kept := a.create("a"), a.create("b"), a.create("c"), a.create("d")
	for c, object := range map[session.Created]string{revoked: "revoked", replaced: "replaced", expired: "expired", kept: "kept"} {
		for range 2 {
			if !register(c, object) {
				t.Errorf("%s: the session is not alive", object)
			}
		}
	}
	rows(open, "expired kept replaced revoked")
	call(a, session.RevokeSession, revoked.SessionID)
	if register(revoked, "late") {
		t.Error("a session that is over has a socket")
	}
	a.create("b")
	rows(open, "expired kept")
	rows(closing, "replaced revoked")
	host.Clock.Advance(30 * time.Minute)
	call(a, session.RefreshSession, kept.SessionID)
	host.Clock.Advance(31 * time.Minute) // the others have expired
	if register(expired, "late") {
		t.Error("a session that has expired has a socket")
	}
	host.Clock.Advance(time.Hour)
	rows(open, "")
	rows(closing, "expired kept replaced revoked")
	if _, set, err := host.Storage("SessionDO", "session:u1").Alarm(); err != nil || !set {
		t.Error("nobody tries again", err)
	}
	if _, err := session.RegisterSocket.Call(host.Context(), session.Of("u1"), session.Socket{Session: "x"}); err == nil {
		t.Error("a socket in no object was taken")
	}
}

func TestTheOldestSocketsOfTooManyAreClosed(t *testing.T) {
	host := startHost(t)
	a := as{t, host, "u1"}
	c := a.create("a")
	for i := range session.MaxSockets + 2 {
		call(a, session.RegisterSocket, session.Socket{Session: session.PublicID(c.SessionID), Class: "NoSuchDO", Object: fmt.Sprintf("%04d", i)})
		host.Clock.Advance(time.Millisecond)
	}
	got, err := local.Rows[string](host.Storage("SessionDO", "session:u1"), `SELECT min(object) || ' ' || count(*) || ' ' || (SELECT group_concat(object) FROM closures) FROM sockets`)
	if want := fmt.Sprintf("0002 %d 0000,0001", session.MaxSockets); err != nil || got[0] != want {
		t.Errorf("%q, want %q, %v", got, want, err)
	}
}
