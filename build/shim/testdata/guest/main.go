// Command guest is the module that the shim's tests run on workerd: one route or method for each group of operations.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall/js"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
)

type box struct {
	state *durables.State
	calls int
}

var (
	boxes = durables.Class("Box", newBox)
	ns    = boxes.Namespace("BOX")
	add   = durables.Method(boxes, "add", (*box).add)
	count = durables.Method(boxes, "count", (*box).count)
	echo  = durables.Method(boxes, "echo", (*box).echo)
	fail  = durables.Method(boxes, "fail", (*box).fail)
	kv    = durables.Method(boxes, "kv", (*box).kv)
	nap   = durables.Method(boxes, "nap", (*box).nap)
	txn   = durables.Method(boxes, "txn", (*box).txn)
	reset = durables.Method(boxes, "reset", (*box).reset)
	ping  = durables.Method(boxes, "ping", (*box).ping)
	held  = durables.Method(boxes, "held", (*box).held)
)

// shared is held across I/O by methods of different objects, so that goroutines wake up in frames that are not theirs.
var shared sync.Mutex

// sleepers counts the events that sleep.
var sleepers atomic.Int32

func newBox(ctx context.Context, state *durables.State) (*box, error) {
	name, _ := state.ID().Name()
	if name == "broken" {
		return nil, workers.NewError("RangeError", "this box cannot be made")
	}
	if _, err := state.Storage().SQL().Exec(ctx, "CREATE TABLE IF NOT EXISTS items (id INTEGER PRIMARY KEY, name TEXT)"); err != nil {
		return nil, err
	}
	return &box{state: state}, nil
}

func (b *box) add(ctx context.Context, name string) (int64, error) {
	cursor, err := b.state.Storage().SQL().Exec(ctx, "INSERT INTO items (name) VALUES (?)", name)
	if err != nil {
		return 0, err
	}
	return cursor.RowsWritten(), nil
}

func (b *box) count(ctx context.Context, _ durables.None) (int64, error) {
	return durables.One[int64](ctx, b.state.Storage().SQL(), "SELECT COUNT(*) FROM items")
}

type record struct {
	Name  string         `json:"name"`
	Bytes []byte         `json:"bytes"`
	When  time.Time      `json:"when"`
	List  []float64      `json:"list"`
	Extra map[string]any `json:"extra"`
}

func (b *box) echo(ctx context.Context, r record) (record, error) { return r, nil }

func (b *box) fail(ctx context.Context, name string) (durables.None, error) {
	return durables.None{}, &workers.Error{Name: name, Message: "as you wish", Props: map[string]any{"code": 7, "detail": "none"}}
}

func (b *box) kv(ctx context.Context, key string) (string, error) {
	s := b.state.Storage()
	if err := s.Put(ctx, key, "value of "+key); err != nil {
		return "", err
	}
	var v string
	if _, err := s.Get(ctx, key, &v); err != nil {
		return "", err
	}
	list, err := s.List(ctx, durables.ListOptions{})
	return fmt.Sprintf("%s (%d)", v, len(list)), err
}

func (b *box) nap(ctx context.Context, ms int) (int, error) {
	sleepers.Add(1)
	defer sleepers.Add(-1)
	time.Sleep(time.Duration(ms) * time.Millisecond)
	b.calls++
	if err := b.state.Storage().Put(ctx, "calls", b.calls); err != nil {
		return 0, err
	}
	return b.calls, nil
}

func (b *box) held(ctx context.Context, ms int) (int, error) {
	shared.Lock()
	defer shared.Unlock()
	return b.nap(ctx, ms)
}

func (b *box) txn(ctx context.Context, how string) (int64, error) {
	s := b.state.Storage()
	insert := func(ctx context.Context) error {
		_, err := s.SQL().Exec(ctx, "INSERT INTO items (name) VALUES ('in transaction')")
		return err
	}
	var err error
	switch how {
	case "commit":
		err = s.Transaction(ctx, func(ctx context.Context, txn *durables.Txn) error {
			time.Sleep(5 * time.Millisecond)
			return insert(ctx)
		})
	case "error":
		err = s.Transaction(ctx, func(ctx context.Context, txn *durables.Txn) error {
			return errors.Join(insert(ctx), errors.New("no thanks"))
		})
	case "rollback":
		err = s.Transaction(ctx, func(ctx context.Context, txn *durables.Txn) error {
			if err := insert(ctx); err != nil {
				return err
			}
			return txn.Rollback(ctx)
		})
	case "sync":
		err = s.TransactionSync(ctx, insert)
	case "sync error":
		err = s.TransactionSync(ctx, func(ctx context.Context) error {
			return errors.Join(insert(ctx), errors.New("no thanks"))
		})
	case "sync block":
		err = s.TransactionSync(ctx, func(ctx context.Context) error {
			time.Sleep(time.Millisecond)
			return nil
		})
	case "section":
		err = b.state.BlockConcurrencyWhile(ctx, func(ctx context.Context) error {
			time.Sleep(5 * time.Millisecond)
			return insert(ctx)
		})
	}
	if err != nil {
		return 0, err
	}
	return b.count(ctx, durables.None{})
}

func (b *box) reset(ctx context.Context, reason string) (durables.None, error) {
	b.state.Abort(ctx, reason)
	return durables.None{}, nil
}

// ping calls the object named next, and that one calls this one back: A, B, A.
func (b *box) ping(ctx context.Context, next string) (answer string, err error) {
	name, _ := b.state.ID().Name()
	switch next {
	case "":
		n, err := b.count(ctx, durables.None{})
		return fmt.Sprintf("pong from %s: %d", name, n), err
	case "back to A":
		err = ns.GetByName("A").Call(ctx, "ping", &answer, "")
	default:
		err = ns.GetByName(next).Call(ctx, "ping", &answer, "back to A")
	}
	return name + " " + answer, err
}

func (b *box) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s %d", r.Method, r.URL.Path, len(body))
}

func (b *box) Alarm(ctx context.Context, info durables.AlarmInfo) error {
	return b.state.Storage().Put(ctx, "alarm", info.RetryCount)
}

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") })
	mux.HandleFunc("/sleep", func(w http.ResponseWriter, r *http.Request) {
		ms, _ := strconv.Atoi(r.URL.Query().Get("ms"))
		sleepers.Add(1)
		defer sleepers.Add(-1)
		select {
		case <-time.After(time.Duration(ms) * time.Millisecond):
			io.WriteString(w, "slept")
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("/flight", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, sleepers.Load()) })
	mux.HandleFunc("/lock", lock)
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Length", strconv.FormatInt(r.ContentLength, 10))
		io.Copy(w, r.Body)
	})
	mux.HandleFunc("/stream", stream)
	mux.HandleFunc("/exit", func(w http.ResponseWriter, r *http.Request) { os.Exit(7) })
	mux.HandleFunc("/crash", func(w http.ResponseWriter, r *http.Request) {
		go func() { panic("stray goroutine") }()
		<-r.Context().Done()
	})
	mux.HandleFunc("/print", func(w http.ResponseWriter, r *http.Request) { fmt.Println("printed by Go") })
	mux.HandleFunc("/promise", promise)
	mux.HandleFunc("/box", func(w http.ResponseWriter, r *http.Request) {
		n, err := add.Call(r.Context(), ns.GetByName(r.URL.Query().Get("name")), "x")
		fmt.Fprintln(w, n, err)
	})
	workers.Run(workers.Worker{Fetch: mux, Scheduled: func(ctx context.Context, ev workers.ScheduledEvent) error {
		fmt.Println("scheduled", ev.Cron)
		return nil
	}})
}

// lock holds the mutex that objects share, across a sleep and a call.
func lock(w http.ResponseWriter, r *http.Request) {
	shared.Lock()
	defer shared.Unlock()
	time.Sleep(time.Millisecond)
	n, err := count.Call(r.Context(), ns.GetByName(r.URL.Query().Get("name")), durables.None{})
	if err != nil {
		http.Error(w, err.Error(), 500)
		return
	}
	fmt.Fprint(w, n)
}

func stream(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.URL.Query().Get("n"))
	for i := range n {
		if _, err := fmt.Fprintf(w, "line %d\n", i); err != nil {
			fmt.Println("stream ended:", err)
			return
		}
		w.(http.Flusher).Flush()
		time.Sleep(time.Millisecond)
	}
}

// promise waits for a JavaScript promise through package syscall/js.
func promise(w http.ResponseWriter, r *http.Request) {
	done := make(chan int, 1)
	then := js.FuncOf(func(this js.Value, args []js.Value) any {
		done <- args[0].Int()
		return nil
	})
	defer then.Release()
	js.Global().Get("Promise").Call("resolve", 42).Call("then", then)
	fmt.Fprint(w, <-done, js.Global().Get("structuredClone").Invoke("x").String())
}
