// Command app is a Worker that goes wrong in each way that a Go program can.
package main

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"

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
	http.HandleFunc("/wait", func(http.ResponseWriter, *http.Request) { dawdle() })
	workers.Serve(nil)
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
func forget(c chan int) { <-c }

//go:noinline
func dawdle() { time.Sleep(30 * time.Second) }
