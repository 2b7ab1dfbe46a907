// Command app is the program under stress: object classes and a Worker that share one Go instance, with locks, timers
// and calls that cross from one request's frame to another's. The driver is in the folder above; start with cell.go.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
)

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /cell/{name}/echo", echo)
	mux.HandleFunc("POST /cell/{name}/{op}", operate)
	mux.HandleFunc("POST /worker/locked/{name}", workerLocked)
	mux.HandleFunc("POST /worker/fan", fanOut)
	mux.HandleFunc("POST /worker/meet/{token}", meet)
	mux.HandleFunc("POST /worker/panic", func(http.ResponseWriter, *http.Request) { panic("deliberate panic in the worker") })
	mux.HandleFunc("POST /worker/crash", func(http.ResponseWriter, *http.Request) {
		go func() { panic("deliberate crash of the instance") }()
		select {}
	})
	mux.HandleFunc("POST /worker/sleep", workerSleep)
	mux.HandleFunc("POST /worker/drip", drip)
	roomRoutes(mux)
	mux.HandleFunc("GET /stats", stats)
	mux.HandleFunc("GET /goroutines", goroutines)
	workers.Serve(mux)
}

// operate calls one method of one object.
func operate(w http.ResponseWriter, r *http.Request) {
	ctx, q := r.Context(), r.URL.Query()
	ms, _ := strconv.Atoi(q.Get("ms"))
	cell := cellsNS.GetByName(r.PathValue("name"))
	target := Target{q.Get("to")}
	var (
		out any
		err error
	)
	switch r.PathValue("op") {
	case "kv":
		out, err = addKV.Call(ctx, cell, durables.None{})
	case "sync":
		out, err = addSync.Call(ctx, cell, durables.None{})
	case "sql":
		var note Note
		if err = json.NewDecoder(r.Body).Decode(&note); err == nil {
			out, err = addSQL.Call(ctx, cell, note)
		}
	case "txn":
		out, err = addTxn.Call(ctx, cell, durables.None{})
	case "sleep":
		out, err = sleepAdd.Call(ctx, cell, Pause{ms})
	case "sleepkv":
		out, err = sleepAddKV.Call(ctx, cell, Pause{ms})
	case "locked":
		out, err = lockedAdd.Call(ctx, cell, Pause{ms})
	case "relay":
		out, err = relay.Call(ctx, cell, target)
	case "bounce":
		out, err = bounce.Call(ctx, cell, target)
	case "fail":
		out, err = fail.Call(ctx, cell, Failure{q.Has("locked")})
	case "linger":
		out, err = linger.Call(ctx, cell, Pause{ms})
	case "totals":
		out, err = totals.Call(ctx, cell, durables.None{})
	default:
		http.NotFound(w, r)
		return
	}
	reply(w, out, err)
}

// Fault is the body of a failed answer.
type Fault struct {
	Message string `json:"message"`
	Remote  bool   `json:"remote"`
}

func reply(w http.ResponseWriter, out any, err error) {
	w.Header().Set("content-type", "application/json")
	if err != nil {
		f := Fault{Message: err.Error()}
		if e := (*durables.Error)(nil); errors.As(err, &e) {
			f.Message, f.Remote = e.Message, e.Remote
		}
		w.WriteHeader(http.StatusInternalServerError)
		out = f
	}
	json.NewEncoder(w).Encode(out)
}

// workerLocked holds the mutex shared with the objects in the Worker's own frame, across a call.
func workerLocked(w http.ResponseWriter, r *http.Request) {
	defer enterShared()()
	n, err := addKV.Call(r.Context(), cellsNS.GetByName(r.PathValue("name")), durables.None{})
	reply(w, n, err)
}

// fanOut calls many objects from as many goroutines of one request.
func fanOut(w http.ResponseWriter, r *http.Request) {
	names := r.URL.Query()["name"]
	counts, errs := make([]int64, len(names)), make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() {
			if i%2 == 1 {
				time.Sleep(time.Duration(i) * time.Millisecond)
			}
			counts[i], errs[i] = addKV.Call(r.Context(), cellsNS.GetByName(name), durables.None{})
		})
	}
	wg.Wait()
	reply(w, counts, errors.Join(errs...))
}

var meetings sync.Map

// meet lets two requests exchange a value through a Go channel, so that each wakes the other in the wrong frame. Both
// do I/O afterwards.
func meet(w http.ResponseWriter, r *http.Request) {
	ctx, name := r.Context(), r.URL.Query().Get("name")
	c, second := meetings.LoadOrStore(r.PathValue("token"), make(chan string))
	table := c.(chan string)
	var other string
	if second {
		meetings.Delete(r.PathValue("token"))
		other = <-table
		table <- name
	} else {
		table <- name
		other = <-table
	}
	n, err := addKV.Call(ctx, cellsNS.GetByName(name), durables.None{})
	reply(w, Met{other, n}, err)
}

// Met is what one side of a meeting learns.
type Met struct {
	Other string `json:"other"`
	Count int64  `json:"count"`
}

func echo(w http.ResponseWriter, r *http.Request) {
	req, err := http.NewRequestWithContext(r.Context(), "POST", "https://cell/echo", r.Body)
	if err != nil {
		reply(w, nil, err)
		return
	}
	req.ContentLength = r.ContentLength
	req.Header.Set("x-echo", r.Header.Get("x-echo"))
	resp, err := cellsNS.GetByName(r.PathValue("name")).Fetch(r.Context(), req)
	if err != nil {
		reply(w, nil, err)
		return
	}
	defer resp.Body.Close()
	w.Header().Set("x-echo", resp.Header.Get("x-echo"))
	w.WriteHeader(resp.StatusCode)
	if _, err := io.Copy(w, resp.Body); err != nil {
		panic(err)
	}
}

func workerSleep(w http.ResponseWriter, r *http.Request) {
	ms, _ := strconv.Atoi(r.URL.Query().Get("ms"))
	select {
	case <-time.After(time.Duration(ms) * time.Millisecond):
	case <-r.Context().Done():
	}
	reply(w, ms, context.Cause(r.Context()))
}

// drip answers slowly, in pieces, so that a client can leave in the middle.
func drip(w http.ResponseWriter, r *http.Request) {
	for range 200 {
		if _, err := w.Write(make([]byte, 1024)); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		time.Sleep(5 * time.Millisecond)
	}
}

// Stats describe the Go instance.
type Stats struct {
	Goroutines int    `json:"goroutines"`
	Heap       uint64 `json:"heap"` // bytes in use after a collection
	Sys        uint64 `json:"sys"`  // bytes taken from the host
	Live       int64  `json:"live"` // Cells
	Built      int64  `json:"built"`
}

func stats(w http.ResponseWriter, r *http.Request) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	reply(w, Stats{runtime.NumGoroutine(), m.HeapAlloc, m.Sys, live.Load(), built.Load()}, nil)
}

// goroutines prints every stack, to tell what hangs.
func goroutines(w http.ResponseWriter, r *http.Request) {
	buf := make([]byte, 1<<20)
	w.Write(buf[:runtime.Stack(buf, true)])
}
