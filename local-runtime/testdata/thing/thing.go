// Package thing is a Durable Object class that does whatever a test of the host needs.
package thing

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"grove.place/lattice/durables"
)

// Class is bound as THINGS.
var (
	Class  = durables.Class("Thing", New)
	Things = Class.Namespace("THINGS")

	Add        = durables.Method(Class, "add", (*Thing).add)
	Insert     = durables.Method(Class, "insert", (*Thing).insert)
	Count      = durables.Method(Class, "count", (*Thing).count)
	Echo       = durables.Method(Class, "echo", (*Thing).echo)
	Fail       = durables.Method(Class, "fail", (*Thing).fail)
	FailReset  = durables.Method(Class, "failReset", (*Thing).failReset)
	BlockSync  = durables.Method(Class, "blockSync", (*Thing).blockSync)
	Scan       = durables.Method(Class, "scan", (*Thing).scan)
	TxnAlarm   = durables.Method(Class, "txnAlarm", (*Thing).txnAlarm)
	SelfLock   = durables.Method(Class, "selfLock", (*Thing).selfLock)
	Nest       = durables.Method(Class, "nest", (*Thing).nest)
	Panic      = durables.Method(Class, "panic", (*Thing).panic)
	Exit       = durables.Method(Class, "exit", (*Thing).exit)
	Sleep      = durables.Method(Class, "sleep", (*Thing).sleep)
	Chain      = durables.Method(Class, "chain", (*Thing).chain)
	Block      = durables.Method(Class, "block", (*Thing).block)
	Transact   = durables.Method(Class, "transact", (*Thing).transact)
	Abort      = durables.Method(Class, "abort", (*Thing).abort)
	SetAlarm   = durables.Method(Class, "setAlarm", (*Thing).setAlarm)
	GetAlarm   = durables.Method(Class, "getAlarm", (*Thing).getAlarm)
	Alarms     = durables.Method(Class, "alarms", (*Thing).alarms)
	Boots      = durables.Method(Class, "boots", (*Thing).boots)
	Lock       = durables.Method(Class, "lock", (*Thing).lock)
	Background = durables.Method(Class, "background", (*Thing).background)
	Bookmark   = durables.Method(Class, "bookmark", (*Thing).bookmark)
	BookmarkAt = durables.Method(Class, "bookmarkAt", (*Thing).bookmarkAt)
	Restore    = durables.Method(Class, "restore", (*Thing).restore)
	Wipe       = durables.Method(Class, "wipe", (*Thing).wipe)
	Linger     = durables.Method(Class, "linger", (*Thing).linger)
	WriteLose  = durables.Method(Class, "writeLose", (*Thing).writeLose)
)

// Thing is one object.
type Thing struct {
	state *durables.State
	log   []string
}

// linger leaves a goroutine behind that waits for the end of its event.
func (t *Thing) linger(ctx context.Context, _ durables.None) (durables.None, error) {
	go func() { <-ctx.Done() }()
	return durables.None{}, nil
}

// New fails for an object named "broken".
func New(ctx context.Context, state *durables.State) (*Thing, error) {
	if name, _ := state.ID().Name(); name == "broken" {
		return nil, errors.New("this object cannot be made")
	}
	t := &Thing{state: state}
	var boots int
	kv := state.Storage().KV()
	if _, err := kv.Get(ctx, "boots", &boots); err != nil {
		return nil, err
	}
	if err := kv.Put(ctx, "boots", boots+1); err != nil {
		return nil, err
	}
	if name, _ := state.ID().Name(); name == "sets its alarm when made" && boots == 0 {
		if err := state.Storage().SetAlarm(ctx, time.Now().Add(time.Minute)); err != nil {
			return nil, err
		}
	}
	_, err := state.Storage().SQL().Exec(ctx, "CREATE TABLE IF NOT EXISTS rows (n INTEGER)")
	return t, err
}

func (t *Thing) add(ctx context.Context, n int) (int, error) {
	var total int
	if _, err := t.state.Storage().Get(ctx, "total", &total); err != nil {
		return 0, err
	}
	total += n
	return total, t.state.Storage().Put(ctx, "total", total)
}

func (t *Thing) insert(ctx context.Context, n int) (int, error) {
	if _, err := t.state.Storage().SQL().Exec(ctx, "INSERT INTO rows VALUES (?)", n); err != nil {
		return 0, err
	}
	return t.count(ctx, durables.None{})
}

func (t *Thing) count(ctx context.Context, _ durables.None) (int, error) {
	return durables.One[int](ctx, t.state.Storage().SQL(), "SELECT count(*) FROM rows")
}

func (t *Thing) echo(_ context.Context, v any) (any, error) { return v, nil }

func (t *Thing) fail(_ context.Context, message string) (durables.None, error) {
	return durables.None{}, errors.New(message)
}

// failReset fails as with an error that came from another object, which was reset.
func (t *Thing) failReset(_ context.Context, message string) (durables.None, error) {
	return durables.None{}, &durables.Error{Name: "Error", Message: message, DurableObjectReset: true}
}

func (t *Thing) panic(_ context.Context, message string) (durables.None, error) { panic(message) }

func (t *Thing) exit(_ context.Context, code int) (durables.None, error) {
	os.Exit(code)
	return durables.None{}, nil
}

// sleep sleeps and then writes: the goroutine wakes outside of its frame and has to hop.
func (t *Thing) sleep(ctx context.Context, ms int) (int, error) {
	time.Sleep(time.Duration(ms) * time.Millisecond)
	return t.add(ctx, 1)
}

// Hop is a list of objects that call each other.
type Hop struct {
	Names []string `json:"names"`
}

func (t *Thing) chain(ctx context.Context, h Hop) (string, error) {
	if _, err := t.add(ctx, 1); err != nil {
		return "", err
	}
	name, _ := t.state.ID().Name()
	if len(h.Names) == 0 {
		return name, nil
	}
	// Not Chain.Call: a descriptor that its own method refers to is an initialization cycle.
	var rest string
	err := Class.Namespace("THINGS").GetByName(h.Names[0]).Call(ctx, "chain", &rest, Hop{h.Names[1:]})
	return name + ">" + rest, err
}

// Blocking tells block what to do inside.
type Blocking struct {
	Ms   int    `json:"ms"`
	Fail string `json:"fail"`
	Name string `json:"name"`
}

func (t *Thing) block(ctx context.Context, b Blocking) (string, error) {
	t.log = append(t.log, "ask "+b.Name)
	err := t.state.BlockConcurrencyWhile(ctx, func(ctx context.Context) error {
		t.log = append(t.log, "in "+b.Name)
		time.Sleep(time.Duration(b.Ms) * time.Millisecond)
		if _, err := t.add(ctx, 1); err != nil {
			return err
		}
		t.log = append(t.log, "out "+b.Name)
		if b.Fail != "" {
			return errors.New(b.Fail)
		}
		return nil
	})
	return strings.Join(t.log, ","), err
}

func (t *Thing) transact(ctx context.Context, b Blocking) (int, error) {
	err := t.state.Storage().Transaction(ctx, func(ctx context.Context, txn *durables.Txn) error {
		if _, err := t.insert(ctx, 1); err != nil {
			return err
		}
		time.Sleep(time.Duration(b.Ms) * time.Millisecond)
		if b.Fail != "" {
			return errors.New(b.Fail)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return t.count(ctx, durables.None{})
}

func (t *Thing) abort(ctx context.Context, reason string) (durables.None, error) {
	if _, err := t.insert(ctx, 1); err != nil {
		return durables.None{}, err
	}
	t.state.Abort(ctx, reason)
	return durables.None{}, nil
}

func (t *Thing) writeLose(ctx context.Context, _ durables.None) (durables.None, error) {
	_, err := t.state.Storage().SQL().Exec(ctx, "INSERT INTO rows VALUES (7)")
	return durables.None{}, err
}

// AlarmPlan says when the alarm goes off, and how often its handler fails.
type AlarmPlan struct {
	At    time.Time `json:"at"`
	Fails int       `json:"fails"`
	Again int       `json:"again"`
	Do    string    `json:"do"` // in the handler
}

func (t *Thing) setAlarm(ctx context.Context, p AlarmPlan) (durables.None, error) {
	if err := t.state.Storage().Put(ctx, "plan", p); err != nil {
		return durables.None{}, err
	}
	return durables.None{}, t.state.Storage().SetAlarm(ctx, p.At)
}

func (t *Thing) getAlarm(ctx context.Context, _ durables.None) (string, error) {
	at, ok, err := t.state.Storage().GetAlarm(ctx)
	if err != nil || !ok {
		return "none", err
	}
	return at.UTC().Format(time.RFC3339), nil
}

// Alarm records its runs.
func (t *Thing) Alarm(ctx context.Context, info durables.AlarmInfo) error {
	var runs []string
	var plan AlarmPlan
	if _, err := t.state.Storage().Get(ctx, "alarms", &runs); err != nil {
		return err
	}
	if _, err := t.state.Storage().Get(ctx, "plan", &plan); err != nil {
		return err
	}
	at, err := t.getAlarm(ctx, durables.None{})
	if err != nil {
		return err
	}
	name, _ := t.state.ID().Name()
	runs = append(runs, fmt.Sprintf("%s retry %d %v alarm %s at %d", name, info.RetryCount, info.IsRetry, at, time.Now().Unix()))
	if err := t.state.Storage().Put(ctx, "alarms", runs); err != nil {
		return err
	}
	if plan.Again > 0 {
		plan.Again--
		if err := t.state.Storage().Put(ctx, "plan", plan); err != nil {
			return err
		}
		if err := t.state.Storage().SetAlarm(ctx, time.Now().Add(time.Minute)); err != nil {
			return err
		}
	}
	if err := t.inAlarm(ctx, plan.Do, len(runs)); err != nil {
		return err
	}
	if plan.Fails > len(runs)-1 {
		return errors.New("alarm fails")
	}
	return nil
}

func (t *Thing) alarms(ctx context.Context, _ durables.None) ([]string, error) {
	runs := []string{}
	_, err := t.state.Storage().Get(ctx, "alarms", &runs)
	return runs, err
}

func (t *Thing) boots(ctx context.Context, _ durables.None) (int, error) {
	var n int
	_, err := t.state.Storage().KV().Get(ctx, "boots", &n)
	return n, err
}

var shared sync.Mutex

// lock holds a mutex that all objects share while it does I/O.
func (t *Thing) lock(ctx context.Context, ms int) (int, error) {
	shared.Lock()
	defer shared.Unlock()
	time.Sleep(time.Duration(ms) * time.Millisecond)
	return t.add(ctx, 1)
}

// background goes on after its event has ended.
func (t *Thing) background(ctx context.Context, ms int) (durables.None, error) {
	go func() {
		time.Sleep(time.Duration(ms) * time.Millisecond)
		t.add(context.WithoutCancel(ctx), 100)
	}()
	return durables.None{}, nil
}

// ServeHTTP answers fetch.
func (t *Thing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, _ := t.state.ID().Name()
	w.Header().Set("X-Thing", name)
	if r.URL.Path == "/abort" {
		t.state.Abort(r.Context(), "fetch aborts")
	}
	w.WriteHeader(http.StatusAccepted)
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Body.Read(buf)
		if n > 0 {
			w.Write([]byte(strings.ToUpper(string(buf[:n]))))
			w.(http.Flusher).Flush()
		}
		if err != nil {
			return
		}
	}
}

// blockSync waits where it must not.
func (t *Thing) blockSync(ctx context.Context, _ durables.None) (durables.None, error) {
	return durables.None{}, t.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
		time.Sleep(time.Second)
		return nil
	})
}

// scan reads n rows with a cursor and sleeps in between.
func (t *Thing) scan(ctx context.Context, n int) (int, error) {
	sql := t.state.Storage().SQL()
	_, err := sql.Exec(ctx, "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < ?) INSERT INTO rows SELECT n FROM c", n)
	if err != nil {
		return 0, err
	}
	sum := 0
	for row, err := range durables.Query[int](ctx, sql, "SELECT n FROM rows ORDER BY n") {
		if err != nil {
			return 0, err
		}
		if sum += row; row%200 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	return sum, nil
}

// txnAlarm sets an alarm in a transaction that is rolled back after a while.
func (t *Thing) txnAlarm(ctx context.Context, at time.Time) (durables.None, error) {
	t.state.Storage().Transaction(ctx, func(ctx context.Context, txn *durables.Txn) error {
		if err := t.state.Storage().SetAlarm(ctx, at); err != nil {
			return err
		}
		time.Sleep(time.Minute / 4)
		return errors.New("undo")
	})
	return durables.None{}, nil
}

// selfLock calls itself from inside of a critical section, which cannot end.
func (t *Thing) selfLock(ctx context.Context, _ durables.None) (durables.None, error) {
	name, _ := t.state.ID().Name()
	return durables.None{}, t.state.BlockConcurrencyWhile(ctx, func(ctx context.Context) error {
		return Class.Namespace("THINGS").GetByName(name).Call(ctx, "add", nil, 1)
	})
}

// nest opens transactions in a transaction; the inner one is undone.
func (t *Thing) nest(ctx context.Context, _ durables.None) (int, error) {
	insert := func(ctx context.Context) error {
		_, err := t.insert(ctx, 1)
		return err
	}
	err := t.state.Storage().Transaction(ctx, func(ctx context.Context, _ *durables.Txn) error {
		if err := insert(ctx); err != nil {
			return err
		}
		t.state.Storage().Transaction(ctx, func(ctx context.Context, _ *durables.Txn) error {
			time.Sleep(time.Millisecond)
			insert(ctx)
			return errors.New("undo")
		})
		t.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
			insert(ctx)
			return errors.New("undo")
		})
		return t.state.Storage().TransactionSync(ctx, insert)
	})
	if err != nil {
		return 0, err
	}
	return t.count(ctx, durables.None{})
}

func (t *Thing) bookmark(ctx context.Context, _ durables.None) (string, error) {
	return t.state.Storage().GetCurrentBookmark(ctx)
}

func (t *Thing) bookmarkAt(ctx context.Context, at time.Time) (string, error) {
	return t.state.Storage().GetBookmarkForTime(ctx, at)
}

func (t *Thing) restore(ctx context.Context, bookmark string) (string, error) {
	return t.state.Storage().OnNextSessionRestoreBookmark(ctx, bookmark)
}

func (t *Thing) wipe(ctx context.Context, _ durables.None) (durables.None, error) {
	return durables.None{}, t.state.Storage().DeleteAll(ctx)
}
