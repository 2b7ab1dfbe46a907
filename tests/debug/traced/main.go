// Command traced is a Worker that does everything that a trace has spans for: /call has an object store and ask the network, /stores uses bindings, and the object's
// alarm, a cron trigger, a batch of a queue and a message of a socket do something each.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/kv"
	"grove.place/lattice/workers/queues"
	"grove.place/lattice/workers/r2"
	"grove.place/lattice/workers/websocket"
)

type keeper struct {
	state   *durables.State
	storage *durables.Storage
}

var (
	class   = durables.Class("Keeper", newKeeper)
	keep    = durables.Method(class, "keep", (*keeper).keep)
	fill    = durables.Method(class, "fill", (*keeper).fill)
	keepers = class.Namespace("KEEPERS")
	db      = d1.Database("DB")
	pages   = kv.Namespace("PAGES")
	files   = r2.Bucket("FILES")
	sends   = queues.Producer("SENDS")
	other   = workers.Service("OTHER")
)

func newKeeper(ctx context.Context, state *durables.State) (*keeper, error) {
	k := &keeper{state, state.Storage()}
	_, err := k.storage.SQL().Exec(ctx, "CREATE TABLE IF NOT EXISTS t (a TEXT)")
	return k, err
}

func (*keeper) keep(ctx context.Context, url string) (string, error) {
	if _, err := db.Prepare("SELECT 1").Run(ctx); err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := workers.Fetch(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

// fill stores in each way that there is.
func (k *keeper) fill(ctx context.Context, secret string) (durables.None, error) {
	var found string
	steps := []func() error{
		func() error { return k.storage.PutMany(ctx, map[string]any{"one": secret, "two": secret}) },
		func() error { _, err := k.storage.Get(ctx, "one", &found); return err },
		func() error { return k.storage.KV().Put(ctx, "three", secret) },
		func() error {
			return k.storage.Transaction(ctx, func(ctx context.Context, _ *durables.Txn) error {
				_, err := k.storage.SQL().Exec(ctx, "INSERT INTO t SELECT 'literal' || ?", secret)
				return err
			})
		},
		func() error { return k.storage.SetAlarm(ctx, time.Now().Add(time.Minute)) },
	}
	return durables.None{}, run(steps)
}

// Alarm is the object's.
func (k *keeper) Alarm(ctx context.Context, _ durables.AlarmInfo) error {
	_, err := k.storage.SQL().Exec(ctx, "DELETE FROM t")
	return err
}

// ServeHTTP accepts a WebSocket.
func (k *keeper) ServeHTTP(w http.ResponseWriter, r *http.Request) { k.state.UpgradeWebSocket(w, r) }

// WebSocketMessage implements durables.WebSocketMessager.
func (k *keeper) WebSocketMessage(ctx context.Context, _ *durables.WebSocket, m durables.Message) error {
	return k.storage.KV().Put(ctx, "said", m.Text())
}

// talk sends an object a message.
func talk(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://object/socket", nil)
	if err != nil {
		return err
	}
	req.Header.Set("Upgrade", "websocket")
	resp, err := keepers.GetByName("ear").Fetch(ctx, req)
	if err != nil {
		return err
	}
	conn, _ := websocket.FromResponse(resp)
	if err := conn.Accept(ctx); err != nil {
		return err
	}
	return conn.SendText(ctx, "hello")
}

func stores(ctx context.Context, secret string) error {
	var found string
	return run([]func() error{
		func() error {
			_, err := db.Batch(ctx, db.Prepare("CREATE TABLE t (a)"), db.Prepare("INSERT INTO t VALUES (?)").Bind(secret))
			return err
		},
		func() error { return pages.Put(ctx, secret, secret, nil) },
		func() error { _, err := pages.Get(ctx, secret, &found, nil); return err },
		func() error { _, err := files.Put(ctx, secret, strings.NewReader(secret), nil); return err },
		func() error { return sends.Send(ctx, secret) },
	})
}

func run(steps []func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	answer := func(path string, do func(r *http.Request) (string, error)) {
		http.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			text, err := do(r)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			fmt.Fprint(w, text)
		})
	}
	answer("/call", func(r *http.Request) (string, error) {
		return keep.Call(r.Context(), keepers.GetByName("one"), r.FormValue("url"))
	})
	answer("/fill", func(r *http.Request) (string, error) {
		_, err := fill.Call(r.Context(), keepers.GetByName("full"), r.FormValue("secret"))
		return "", err
	})
	answer("/talk", func(r *http.Request) (string, error) { return "", talk(r.Context()) })
	answer("/stores", func(r *http.Request) (string, error) { return "", stores(r.Context(), r.FormValue("secret")) })
	answer("/other", func(r *http.Request) (string, error) {
		req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "http://other/fill?secret=s", nil)
		if err != nil {
			return "", err
		}
		resp, err := other.Do(req)
		if err != nil {
			return "", err
		}
		return "", resp.Body.Close()
	})
	workers.Run(workers.Worker{
		Fetch:     http.DefaultServeMux,
		Scheduled: func(ctx context.Context, _ workers.ScheduledEvent) error { return pages.Delete(ctx, "old") },
		Queue:     func(ctx context.Context, _ *queues.Batch) error { return pages.Put(ctx, "told", "yes", nil) },
	})
}
