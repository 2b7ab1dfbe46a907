package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"grove.place/lattice/durables"
)

// Cell is an object that counts in every way an object can: each operation adds one to a counter and returns it, so
// that a driver can tell from the answers alone whether one was lost, doubled or mixed up with another's.
type Cell struct {
	state *durables.State
}

var cells = durables.Class("Cell", newCell)

// The methods of a Cell.
var (
	addKV      = durables.Method(cells, "addKV", (*Cell).addKV)
	addSync    = durables.Method(cells, "addSync", (*Cell).addSync)
	addSQL     = durables.Method(cells, "addSQL", (*Cell).addSQL)
	addTxn     = durables.Method(cells, "addTxn", (*Cell).addTxn)
	sleepAdd   = durables.Method(cells, "sleepAdd", (*Cell).sleepAdd)
	sleepAddKV = durables.Method(cells, "sleepAddKV", (*Cell).sleepAddKV)
	lockedAdd  = durables.Method(cells, "lockedAdd", (*Cell).lockedAdd)
	relay      = durables.Method(cells, "relay", (*Cell).relay)
	bounce     = durables.Method(cells, "bounce", (*Cell).bounce)
	bounceBack = durables.Method(cells, "bounceBack", (*Cell).bounceBack)
	fail       = durables.Method(cells, "fail", (*Cell).fail)
	linger     = durables.Method(cells, "linger", (*Cell).linger)
	totals     = durables.Method(cells, "totals", (*Cell).totals)
)

// cellsNS is the namespace of all Cells.
var cellsNS = cells.Namespace("CELLS")

// Note is what addSQL takes: one of each kind of value that crosses a boundary.
type Note struct {
	Text  string    `json:"text"`
	Bytes []byte    `json:"bytes"`
	At    time.Time `json:"at"`
}

// Noted is what addSQL returns: the Note as the database gave it back, and the counter.
type Noted struct {
	Note
	Count int64 `json:"count"`
}

// Target names the other object of a call between objects.
type Target struct {
	Name string `json:"name"`
}

// Pause is how long an operation sleeps.
type Pause struct {
	Millis int `json:"millis"`
}

// Failure says where to panic.
type Failure struct {
	Locked bool `json:"locked"` // while holding the shared mutex
}

// Totals are the counters of a Cell.
type Totals struct {
	KV     int64 `json:"kv"`
	Sync   int64 `json:"sync"`
	SQL    int64 `json:"sql"`
	Txn    int64 `json:"txn"`
	Slept  int64 `json:"slept"`
	Locked int64 `json:"locked"`
	Failed int64 `json:"failed"`
}

var (
	// shared is one mutex for all objects and requests of the isolate, held across I/O.
	shared sync.Mutex
	inside atomic.Int32
	// live counts the Cells that the collector has not taken.
	live atomic.Int64
	// built counts the Cells constructed.
	built atomic.Int64
)

func newCell(ctx context.Context, state *durables.State) (*Cell, error) {
	_, err := state.Storage().SQL().Exec(ctx, `
		CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, n INTEGER NOT NULL);
		CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT, bytes BLOB, at INTEGER)`)
	if err != nil {
		return nil, err
	}
	c := &Cell{state: state}
	live.Add(1)
	built.Add(1)
	runtime.AddCleanup(c, func(struct{}) { live.Add(-1) }, struct{}{})
	return c, nil
}

// count adds one to a counter in the database, in one statement.
func (c *Cell) count(ctx context.Context, name string) (int64, error) {
	return durables.One[int64](ctx, c.state.Storage().SQL(),
		`INSERT INTO counters VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET n = n + 1 RETURNING n`, name)
}

// addKV is a read and a write that the input gate must keep together.
func (c *Cell) addKV(ctx context.Context, _ durables.None) (int64, error) {
	var n int64
	if _, err := c.state.Storage().Get(ctx, "n", &n); err != nil {
		return 0, err
	}
	n++
	return n, c.state.Storage().Put(ctx, "n", n)
}

func (c *Cell) addSync(ctx context.Context, _ durables.None) (int64, error) {
	var n int64
	if _, err := c.state.Storage().KV().Get(ctx, "s", &n); err != nil {
		return 0, err
	}
	n++
	return n, c.state.Storage().KV().Put(ctx, "s", n)
}

func (c *Cell) addSQL(ctx context.Context, p Note) (Noted, error) {
	sql := c.state.Storage().SQL()
	if _, err := sql.Exec(ctx, `INSERT INTO notes (text, bytes, at) VALUES (?, ?, ?)`, p.Text, p.Bytes, p.At.UnixMilli()); err != nil {
		return Noted{}, err
	}
	n, err := c.count(ctx, "sql")
	if err != nil {
		return Noted{}, err
	}
	row, err := durables.One[struct {
		Text  string
		Bytes []byte
		At    int64
	}](ctx, sql, `SELECT text, bytes, at FROM notes ORDER BY id DESC LIMIT 1`)
	return Noted{Note{row.Text, row.Bytes, time.UnixMilli(row.At).UTC()}, n}, err
}

var errRollBack = errors.New("rolled back on purpose")

// addTxn rolls a transaction back, then commits one.
func (c *Cell) addTxn(ctx context.Context, _ durables.None) (int64, error) {
	var n int64
	for _, result := range []error{errRollBack, nil} {
		err := c.state.Storage().Transaction(ctx, func(ctx context.Context, _ *durables.Txn) error {
			n = 0
			if _, err := c.state.Storage().Get(ctx, "t", &n); err != nil {
				return err
			}
			n++
			if err := c.state.Storage().Put(ctx, "t", n); err != nil {
				return err
			}
			return result
		})
		if err != result && !errors.Is(err, errRollBack) {
			return 0, fmt.Errorf("transaction ended with %v instead of %v", err, result)
		}
	}
	return n, nil
}

// sleepAdd does its I/O after a timer that may have been armed in another object's context.
func (c *Cell) sleepAdd(ctx context.Context, p Pause) (int64, error) {
	time.Sleep(time.Duration(p.Millis) * time.Millisecond)
	if err := c.state.Storage().Put(ctx, "woke", p.Millis); err != nil {
		return 0, err
	}
	return c.count(ctx, "slept")
}

// sleepAddKV reads and writes after a timer: goroutines that wake at the same time must not come between.
func (c *Cell) sleepAddKV(ctx context.Context, p Pause) (int64, error) {
	time.Sleep(time.Duration(p.Millis) * time.Millisecond)
	return c.addKV(ctx, durables.None{})
}

// lockedAdd holds the mutex that all objects share across I/O and a timer.
func (c *Cell) lockedAdd(ctx context.Context, p Pause) (int64, error) {
	defer enterShared()()
	var n int64
	if _, err := c.state.Storage().Get(ctx, "l", &n); err != nil {
		return 0, err
	}
	if p.Millis > 0 {
		time.Sleep(time.Duration(p.Millis) * time.Millisecond)
	}
	n++
	return n, c.state.Storage().Put(ctx, "l", n)
}

// enterShared takes the shared mutex; the returned function gives it back.
func enterShared() func() {
	shared.Lock()
	if n := inside.Add(1); n != 1 {
		panic(fmt.Sprintf("%d goroutines hold one mutex", n))
	}
	return func() {
		inside.Add(-1)
		shared.Unlock()
	}
}

func (c *Cell) relay(ctx context.Context, to Target) (int64, error) {
	return addKV.Call(ctx, cellsNS.GetByName(to.Name), durables.None{})
}

// bounce calls another object, which calls this one back while the first call waits.
func (c *Cell) bounce(ctx context.Context, via Target) (int64, error) {
	name, ok := c.state.ID().Name()
	if !ok {
		return 0, errors.New("this object does not know its name")
	}
	return bounceBack.Call(ctx, cellsNS.GetByName(via.Name), Target{name})
}

func (c *Cell) bounceBack(ctx context.Context, to Target) (int64, error) {
	return addSync.Call(ctx, cellsNS.GetByName(to.Name), durables.None{})
}

// fail writes, then panics: the caller alone must notice, and what was written stays.
func (c *Cell) fail(ctx context.Context, f Failure) (int64, error) {
	if f.Locked {
		defer enterShared()()
	}
	if err := c.state.Storage().Put(ctx, "before", true); err != nil {
		return 0, err
	}
	n, err := c.count(ctx, "failed")
	if err != nil {
		return 0, err
	}
	panic(fmt.Sprintf("deliberate panic %d", n))
}

// linger is for callers that do not wait for the answer.
func (c *Cell) linger(ctx context.Context, p Pause) (int64, error) {
	time.Sleep(time.Duration(p.Millis) * time.Millisecond)
	return 0, c.state.Storage().Put(ctx, "lingered", p.Millis)
}

func (c *Cell) totals(ctx context.Context, _ durables.None) (Totals, error) {
	var t Totals
	for key, n := range map[string]*int64{"n": &t.KV, "s": &t.Sync, "t": &t.Txn, "l": &t.Locked} {
		if _, err := c.state.Storage().Get(ctx, key, n); err != nil {
			return t, err
		}
	}
	type counter struct {
		Name string
		N    int64
	}
	for row, err := range durables.Query[counter](ctx, c.state.Storage().SQL(), `SELECT name, n FROM counters`) {
		if err != nil {
			return t, err
		}
		switch row.Name {
		case "sql":
			t.SQL = row.N
		case "slept":
			t.Slept = row.N
		case "failed":
			t.Failed = row.N
		}
	}
	return t, nil
}

// ServeHTTP answers with the request's body, as it arrives.
func (c *Cell) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("x-echo", r.Header.Get("x-echo"))
	if _, err := io.Copy(w, r.Body); err != nil {
		panic(err)
	}
}
