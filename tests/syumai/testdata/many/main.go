// Command many shows what one Go instance for many events means for programs with the names of github.com/syumai/workers.
package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"grove.place/lattice/workers"
	"grove.place/lattice/workers/cloudflare"
	"grove.place/lattice/workers/cloudflare/cron"
	"grove.place/lattice/workers/cloudflare/kv"
)

// Initialisers of variables work for the first event, as main does.
var notes, notesErr = kv.NewNamespace("NOTES")

var (
	visits int
	lost   = make(chan error, 1)
	mu     sync.Mutex
)

// own stores an id, waits, and reads it back, in goroutines that nobody gave a context.
func own(w http.ResponseWriter, r *http.Request) {
	id, done := r.URL.Query().Get("id"), make(chan string)
	go func() {
		err := notes.PutString(id, id, nil)
		time.Sleep(20 * time.Millisecond)
		go func() {
			text, get := notes.GetString(id, nil)
			done <- fmt.Sprint(cloudflare.Getenv("GREETING"), " ", text, " ", err, " ", get)
		}()
	}()
	fmt.Fprintln(w, <-done)
}

func main() {
	if notesErr != nil {
		panic(notesErr)
	}
	started, err := notes.GetString("started", nil)
	if err != nil {
		panic(err)
	}
	n, _ := strconv.Atoi(started)
	if err := notes.PutString("started", strconv.Itoa(n+1), nil); err != nil {
		panic(err)
	}
	http.HandleFunc("/own", own)
	http.HandleFunc("/started", func(w http.ResponseWriter, r *http.Request) {
		text, err := notes.GetString("started", nil)
		fmt.Fprintln(w, text, err)
	})
	http.HandleFunc("/visits", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		visits++
		fmt.Fprintln(w, visits)
	})
	http.HandleFunc("/timer", func(w http.ResponseWriter, r *http.Request) {
		failed := make(chan error)
		time.AfterFunc(time.Millisecond, func() {
			_, err := notes.GetString("started", nil)
			failed <- err
		})
		fmt.Fprintln(w, <-failed)
	})
	http.HandleFunc("/lose", func(w http.ResponseWriter, r *http.Request) {
		ended := r.Context().Done()
		go func() {
			<-ended
			_, err := notes.GetString("started", nil)
			lost <- err
		}()
		fmt.Fprintln(w, "ok")
	})
	http.HandleFunc("/lost", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, <-lost) })
	http.HandleFunc("/wait", func(w http.ResponseWriter, r *http.Request) {
		cloudflare.WaitUntil(func() {
			time.Sleep(20 * time.Millisecond)
			if err := notes.PutString("waited", "yes", nil); err != nil {
				panic(err)
			}
		})
		fmt.Fprintln(w, "ok")
	})
	http.HandleFunc("/waited", func(w http.ResponseWriter, r *http.Request) {
		text, err := notes.GetString("waited", nil)
		fmt.Fprintln(w, text, err)
	})
	cron.ScheduleTaskNonBlock(func(ctx context.Context) error { return notes.PutString("waited", "cron", nil) })
	workers.Serve(nil)
}
