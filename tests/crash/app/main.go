// Command app is the program that the crash test kills: an object that writes in every way there is before it answers.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
)

// Ledger keeps entries in key-value storage and in two tables that must never differ.
type Ledger struct {
	state *durables.State
}

var (
	ledgers = durables.Class("Ledger", newLedger)

	put    = durables.Method(ledgers, "put", (*Ledger).put)
	insert = durables.Method(ledgers, "insert", (*Ledger).insert)
	move   = durables.Method(ledgers, "move", (*Ledger).move)
	remind = durables.Method(ledgers, "remind", (*Ledger).remind)
	dump   = durables.Method(ledgers, "dump", (*Ledger).dump)

	namespace = ledgers.Namespace("LEDGERS")
)

// Contents is everything that a Ledger has stored.
type Contents struct {
	Keys        []string `json:"keys"`
	Rows        []int64  `json:"rows"`
	Doubles     []int64  `json:"doubles"`
	Left, Right int64
	Fired       []int64 `json:"fired"` // the times of alarms that ran, in milliseconds
}

func newLedger(ctx context.Context, state *durables.State) (*Ledger, error) {
	_, err := state.Storage().SQL().Exec(ctx, `
		CREATE TABLE IF NOT EXISTS rows (n INTEGER PRIMARY KEY);
		CREATE TABLE IF NOT EXISTS doubles (n INTEGER PRIMARY KEY, pad TEXT);
		CREATE TABLE IF NOT EXISTS fired (at INTEGER PRIMARY KEY)`)
	return &Ledger{state}, err
}

func (l *Ledger) put(ctx context.Context, n int64) (int64, error) {
	return n, l.state.Storage().Put(ctx, fmt.Sprintf("k%d", n), n)
}

// insert writes two tables in one turn: both or neither must survive.
func (l *Ledger) insert(ctx context.Context, n int64) (int64, error) {
	sql := l.state.Storage().SQL()
	if _, err := sql.Exec(ctx, `INSERT INTO rows VALUES (?)`, n); err != nil {
		return 0, err
	}
	_, err := sql.Exec(ctx, `INSERT INTO doubles VALUES (?, hex(randomblob(500)))`, n)
	return n, err
}

// move takes n from one key and gives it to another, in a transaction.
func (l *Ledger) move(ctx context.Context, n int64) (int64, error) {
	return n, l.state.Storage().Transaction(ctx, func(ctx context.Context, _ *durables.Txn) error {
		for key, change := range map[string]int64{"left": -n, "right": n} {
			var v int64
			if _, err := l.state.Storage().Get(ctx, key, &v); err != nil {
				return err
			}
			if err := l.state.Storage().Put(ctx, key, v+change); err != nil {
				return err
			}
		}
		return nil
	})
}

// remind sets the alarm for a time in milliseconds.
func (l *Ledger) remind(ctx context.Context, at int64) (int64, error) {
	return at, l.state.Storage().SetAlarm(ctx, time.UnixMilli(at))
}

// Alarm records the time that it was set for.
func (l *Ledger) Alarm(ctx context.Context, info durables.AlarmInfo) error {
	_, err := l.state.Storage().SQL().Exec(ctx, `INSERT OR IGNORE INTO fired VALUES (?)`, info.ScheduledTime.UnixMilli())
	return err
}

func (l *Ledger) dump(ctx context.Context, _ durables.None) (Contents, error) {
	var c Contents
	entries, err := l.state.Storage().List(ctx, durables.ListOptions{Prefix: "k"})
	if err != nil {
		return c, err
	}
	for _, e := range entries {
		c.Keys = append(c.Keys, e.Key)
	}
	for key, v := range map[string]*int64{"left": &c.Left, "right": &c.Right} {
		if _, err := l.state.Storage().Get(ctx, key, v); err != nil {
			return c, err
		}
	}
	for query, list := range map[string]*[]int64{
		"SELECT n FROM rows": &c.Rows, "SELECT n FROM doubles": &c.Doubles, "SELECT at FROM fired": &c.Fired,
	} {
		if *list, err = durables.All[int64](ctx, l.state.Storage().SQL(), query); err != nil {
			return c, err
		}
	}
	return c, nil
}

func main() {
	methods := map[string]*durables.MethodOf[Ledger, int64, int64]{"put": put, "insert": insert, "move": move, "remind": remind}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{name}/{op}/{n}", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.ParseInt(r.PathValue("n"), 10, 64)
		method, ok := methods[r.PathValue("op")]
		if err != nil || !ok {
			http.NotFound(w, r)
			return
		}
		got, err := method.Call(r.Context(), namespace.GetByName(r.PathValue("name")), n)
		reply(w, got, err)
	})
	mux.HandleFunc("GET /{name}", func(w http.ResponseWriter, r *http.Request) {
		c, err := dump.Call(r.Context(), namespace.GetByName(r.PathValue("name")), durables.None{})
		reply(w, c, err)
	})
	serveStores(mux)
	workers.Run(workers.Worker{Fetch: mux, Queue: deliver})
}

func reply(w http.ResponseWriter, v any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	json.NewEncoder(w).Encode(v)
}
