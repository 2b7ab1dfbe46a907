// Command app is a Worker that goes wrong in each way that a Go program can.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
)

func main() {
	http.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { fail("on purpose") })
	http.HandleFunc("/nilmap", func(http.ResponseWriter, *http.Request) { nilMap() })
	http.HandleFunc("/goroutine", func(_ http.ResponseWriter, r *http.Request) {
		go stray()
		<-r.Context().Done()
	})
	http.HandleFunc("/recursion", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, recurse(1)) })
	http.HandleFunc("/memory", func(http.ResponseWriter, *http.Request) { hoard() })
	http.HandleFunc("/exit", func(http.ResponseWriter, *http.Request) { leave() })
	http.HandleFunc("/busy", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.FormValue("n"))
		fmt.Fprint(w, busy(n))
	})
	http.HandleFunc("/leak", func(http.ResponseWriter, *http.Request) { leak() })
	http.HandleFunc("/ended", func(http.ResponseWriter, *http.Request) { go ended() })
	http.HandleFunc("/wait", func(http.ResponseWriter, *http.Request) { dawdle() })
	http.HandleFunc("/logfatal", func(http.ResponseWriter, *http.Request) { surrender() })
	http.HandleFunc("/unlock", func(http.ResponseWriter, *http.Request) { unlock() })
	http.HandleFunc("/mutex", func(http.ResponseWriter, *http.Request) { embrace() })
	http.HandleFunc("/error", func(http.ResponseWriter, *http.Request) { failWith(fmt.Errorf("opening: %w", os.ErrNotExist)) })
	http.HandleFunc("/sorted", func(http.ResponseWriter, *http.Request) { sorted() })
	http.HandleFunc("/waituntil", func(_ http.ResponseWriter, r *http.Request) { workers.WaitUntil(r.Context(), later) })
	http.HandleFunc("/said", func(http.ResponseWriter, *http.Request) { fmt.Fprintln(os.Stderr, "panic: not at all") })
	http.HandleFunc("/call/{how}", func(w http.ResponseWriter, r *http.Request) {
		_, err := call.Call(r.Context(), faulty.GetByName("one"), r.PathValue("how"))
		fmt.Fprint(w, err)
	})
	http.HandleFunc("/unborn", func(w http.ResponseWriter, r *http.Request) {
		_, err := call.Call(r.Context(), faulty.GetByName("unborn"), "")
		fmt.Fprint(w, err)
	})
	http.HandleFunc("/arm", func(w http.ResponseWriter, r *http.Request) {
		_, err := arm.Call(r.Context(), faulty.GetByName("one"), durables.None{})
		fmt.Fprint(w, err)
	})
	http.HandleFunc("/send", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, sends.Send(r.Context(), "hello"))
	})
	http.HandleFunc("/socket", func(w http.ResponseWriter, r *http.Request) {
		if err := talk(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	workers.Run(workers.Worker{Fetch: http.DefaultServeMux, Scheduled: scheduled, Queue: consume})
}

//go:noinline
func fail(why string) { panic(why) }

var m map[string]int // that nobody has made

//go:noinline
func nilMap() {
	m["x"] = 1
}

//go:noinline
func stray() { panic("nobody recovers this") }

//go:noinline
func recurse(n int) int {
	if n < 0 {
		return 0
	}
	return recurse(n+1) + n
}

var all [][]byte

//go:noinline
func hoard() {
	for {
		b := make([]byte, 8<<20)
		b[len(all)] = 1
		all = append(all, b)
	}
}

//go:noinline
func leave() { os.Exit(3) }

//go:noinline
func surrender() { log.Fatal("cannot go on") }

//go:noinline
func unlock() {
	var mu sync.Mutex
	mu.Unlock()
}

// sorted panics in what the standard library calls.
//
//go:noinline
func sorted() {
	slices.SortFunc([]int{2, 1}, compare)
}

//go:noinline
func compare(a, b int) int { panic("incomparable") }

//go:noinline
func later(context.Context) error { panic("in what goes on") }

//go:noinline
func embrace() {
	var mu sync.Mutex
	mu.Lock()
	mu.Lock() // for ever
}

//go:noinline
func failWith(err error) { panic(err) }

//go:noinline
func busy(n int) (sum int) {
	for i := range n {
		sum += step(i)
	}
	return sum
}

//go:noinline
func step(n int) int {
	for i := range 1000 {
		n = n*31 + i
	}
	return n
}

//go:noinline
func leak() {
	go forget(make(chan int))
}

//go:noinline
func ended() {}

//go:noinline
func forget(c chan int) { <-c }

//go:noinline
func dawdle() { time.Sleep(30 * time.Second) }
