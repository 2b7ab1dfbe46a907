package simulation

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/session"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/heartwood/keyring"
)

func grove() local.TestOptions {
	return local.TestOptions{Package: "grove.place/lattice/workers/grove", Options: local.Options{
		Objects: map[string]string{"SESSIONS": "SessionDO"}, Vars: map[string]string{"TOKEN_KEYS": keyring.Generate("t1")}, Logger: quiet(),
	}}
}

const lifetime = time.Hour

// known is what the clients together know of a session. Between the beginning and the end of a call that ends it, or when that call failed, it may be
// alive or not.
type known struct {
	created session.Created
	device  string
	ended   bool      // a call that ended it was acknowledged
	ending  int       // calls that end it, or may have, and were not acknowledged
	alive   time.Time // until when it is certainly alive, if nothing ended it
	dead    time.Time // from when it is certainly over
}

// user is a user with several browsers.
type user struct {
	sim      *local.Sim
	calm     bool
	sessions []*known
	running  int
}

// call makes a call; ok is false when chaos made it fail, so that it may have taken effect or not.
func call[P, R any](u *user, ctx context.Context, method *durables.MethodOf[session.Session, P, R], p P) (result R, ok bool, err error) {
	result, err = method.Call(ctx, session.Of("u1"), p)
	if err != nil && !u.calm && expected(err) {
		return result, false, nil
	}
	return result, err == nil, err
}

// end marks the sessions that match as ended by a call, which is made in between.
func (u *user) end(match func(*known) bool, call func() (ok bool, err error)) error {
	var struck []*known
	for _, k := range u.sessions {
		if match(k) {
			k.ending++
			struck = append(struck, k)
		}
	}
	ok, err := call()
	if ok {
		for _, k := range struck {
			k.ended = true
		}
	}
	return err
}

func (u *user) create(ctx context.Context, device string) error {
	from := u.sim.Clock.Now()
	return u.end(func(k *known) bool { return k.device == device }, func() (bool, error) {
		c, ok, err := call(u, ctx, session.CreateSession, session.CreateParams{DeviceID: device, ExpiresIn: int64(lifetime / time.Second), RefreshToken: "r"})
		if ok {
			u.sessions = append(u.sessions, &known{created: c, device: device, alive: from.Add(lifetime), dead: u.sim.Clock.Now().Add(lifetime)})
		}
		return ok, err
	})
}

func (u *user) validate(ctx context.Context, k *known) error {
	ended, from := k.ended, u.sim.Clock.Now()
	v, ok, err := call(u, ctx, session.ValidateSession, k.created.SessionID)
	if !ok {
		return err
	}
	switch now := u.sim.Clock.Now(); {
	case v.Valid && ended:
		return fmt.Errorf("a session of %s is valid that had been ended", k.device)
	case v.Valid && !from.Before(k.dead):
		return fmt.Errorf("a session of %s is valid that ended at %s", k.device, k.dead)
	case !v.Valid && k.ending == 0 && now.Before(k.alive):
		return fmt.Errorf("a session of %s is not valid that nobody ended and that lives until %s", k.device, k.alive)
	}
	return nil
}

func (u *user) refresh(ctx context.Context, k *known) error {
	from := u.sim.Clock.Now()
	k.dead = k.dead.Add(1000 * lifetime) // unknown while it runs
	r, ok, err := call(u, ctx, session.RefreshSession, k.created.SessionID)
	now := u.sim.Clock.Now()
	switch {
	case !ok:
		return err
	case r == nil:
		k.dead = now
		if k.ending == 0 && now.Before(k.alive) {
			return fmt.Errorf("a session of %s could not be refreshed that lives until %s", k.device, k.alive)
		}
		return nil
	case k.ended && k.ending == 0:
		return fmt.Errorf("a session of %s was refreshed that had been ended", k.device)
	}
	k.alive, k.dead = from.Add(lifetime), now.Add(lifetime)
	return nil
}

// browse is what a client does.
func (u *user) browse(ctx context.Context, name string) error {
	rand := u.sim.Rand()
	for range 8 {
		u.sim.Sleep(time.Duration(rand.IntN(15*60)) * time.Second)
		if len(u.sessions) == 0 || rand.IntN(4) == 0 {
			if err := u.create(ctx, fmt.Sprint(name, rand.IntN(2))); err != nil {
				return err
			}
			continue
		}
		k := u.sessions[rand.IntN(len(u.sessions))]
		var err error
		switch rand.IntN(8) {
		case 0:
			err = u.end(func(other *known) bool { return other == k }, func() (bool, error) {
				_, ok, err := call(u, ctx, session.RevokeSession, k.created.SessionID)
				return ok, err
			})
		case 1:
			err = u.end(func(other *known) bool { return other != k }, func() (bool, error) {
				_, ok, err := call(u, ctx, session.RevokeAllSessions, &k.created.SessionID)
				return ok, err
			})
		case 2, 3:
			err = u.refresh(ctx, k)
		default:
			err = u.validate(ctx, k)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// TestSessionsEndWhenTheyShould: a session that was ended, or whose time is over, never lets anybody in again, one that nobody ended always does,
// whatever dies in between; nothing stored is a secret; and in the end nothing is left.
func TestSessionsEndWhenTheyShould(t *testing.T) {
	local.Simulate(t, grove(), *seeds, func(t *testing.T, sim *local.Sim) {
		u := &user{sim: sim, calm: sim.Seed()%3 == 0, running: 3}
		for i := range u.running {
			name := fmt.Sprint("browser ", i)
			sim.Go(name, func(ctx context.Context) error {
				defer func() { u.running-- }()
				return u.browse(ctx, name)
			})
		}
		if !u.calm {
			chaos(sim, "SessionDO", 10*time.Minute, func() bool { return u.running == 0 })
		}
		if err := sim.Run(); err != nil {
			t.Fatal(err)
		}
		u.calm = true // nothing breaks any more
		for _, k := range u.sessions {
			if err := u.validate(sim.Context(), k); err != nil {
				t.Error(err)
			}
		}
		u.look(t)
		sim.Clock.Advance(3 * lifetime)
		stored := sim.Storage("SessionDO", "session:u1")
		tables, err := stored.Query("SELECT name FROM sqlite_schema WHERE name = 'sessions'")
		if err != nil {
			t.Fatal(err)
		}
		if len(tables) > 0 {
			if rows, err := stored.Query("SELECT id FROM sessions"); err != nil || len(rows) > 0 {
				t.Errorf("sessions are left long after their time: %v, %v", rows, err)
			}
		}
		if at, set, err := stored.Alarm(); err != nil || set {
			t.Errorf("an alarm at %s is left, %v", at, err)
		}
	})
}

// look looks into what is stored.
func (u *user) look(t *testing.T) {
	t.Helper()
	stored := u.sim.Storage("SessionDO", "session:u1")
	rows, err := stored.Query("SELECT * FROM sessions")
	if err != nil {
		if strings.Contains(err.Error(), "no such table") { // it has forgotten everything already
			return
		}
		t.Fatal(err)
	}
	for _, k := range u.sessions {
		if text := fmt.Sprint(rows); strings.Contains(text, k.created.SessionID) || strings.Contains(text, k.created.AccessToken) {
			t.Errorf("a secret of %s is stored", k.device)
		}
	}
	devices := map[any]bool{}
	for _, row := range rows {
		if devices[row["device_id"]] {
			t.Errorf("%v has two sessions", row["device_id"])
		}
		devices[row["device_id"]] = true
	}
	if _, set, err := stored.Alarm(); err != nil || set != (len(rows) > 0) && !set {
		t.Errorf("%d sessions, and an alarm: %v, %v", len(rows), set, err)
	}
}

// TestGuessesAreCountedOneByOne: of guesses that come at the same moment, however they are interleaved, no more are let through than the limit has.
func TestGuessesAreCountedOneByOne(t *testing.T) {
	const free = 6 // five are free, and the sixth starts the first delay
	local.Simulate(t, grove(), *seeds, func(t *testing.T, sim *local.Sim) {
		allowed, broken := 0, sim.Seed()%3 == 1
		var fault *local.Injection
		if broken {
			fault = sim.Inject(local.StorageFault{Class: "SessionDO", On: local.OnCommit, After: 2 + sim.Rand().IntN(5), Times: 2})
		}
		before := sim.Clock.Now()
		for i := range 12 {
			sim.Go(fmt.Sprint("guess ", i), func(ctx context.Context) error {
				a, err := session.RecordLoginAttempt.Call(ctx, session.LimitOf("email", "e"), false)
				if err != nil && !(broken && expected(err)) {
					return err
				}
				if err == nil && a.Allowed {
					allowed++
				}
				return nil
			})
		}
		if err := sim.Run(); err != nil {
			t.Fatal(err)
		}
		if took := sim.Clock.Now().Sub(before); took > time.Second {
			t.Fatalf("the guesses took %s", took)
		}
		if allowed > free || !broken && allowed < free {
			t.Errorf("%d of 12 guesses were let through, want %d", allowed, free)
		}
		if broken && fault.Count() == 0 {
			t.Error("the fault struck nothing")
		}
	})
}
