package workers_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"grove.place/lattice/workers"
)

func ExampleRun() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "hello from", workers.Getenv(r.Context(), "REGION"))
	})
	workers.Run(workers.Worker{
		Fetch: mux,
		Scheduled: func(ctx context.Context, event workers.ScheduledEvent) error {
			slog.InfoContext(ctx, "cron", "expression", event.Cron, "due", event.ScheduledTime)
			return nil
		},
	})
}

func ExampleFetch() {
	http.HandleFunc("GET /weather", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://weather.example/now", nil)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		resp, err := workers.Fetch(req)
		if err != nil {
			http.Error(w, "the weather does not answer", http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body)
	})
}

func ExampleWaitUntil() {
	http.HandleFunc("POST /orders", func(w http.ResponseWriter, r *http.Request) {
		workers.WaitUntil(r.Context(), func(ctx context.Context) error {
			slog.InfoContext(ctx, "the response is on its way; this still runs")
			return nil
		})
		w.WriteHeader(http.StatusAccepted)
	})
}

func ExampleServe() {
	http.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "hello from", workers.Getenv(r.Context(), "REGION"))
	})
	workers.Serve(nil) // at the end of main
}

// A variable that is not text. In wrangler.toml: [vars] LIMITS = { posts = 100 }
func ExampleVariable() {
	http.HandleFunc("GET /limits", func(w http.ResponseWriter, r *http.Request) {
		limits, err := workers.Variable[struct{ Posts int }](r.Context(), "LIMITS")
		if err != nil { // it says where to add what is missing
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintln(w, limits.Posts)
	})
}

// A request to another Worker. In wrangler.toml: [[services]] binding = "PEOPLE", service = "people"
func ExampleService() {
	people := workers.Service("PEOPLE")
	http.HandleFunc("GET /people/", func(w http.ResponseWriter, r *http.Request) {
		req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "https://people.example"+r.URL.Path, nil)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		resp, err := people.Do(req) // the host of the URL is for the other to see; the binding says where it goes
		if err != nil {
			http.Error(w, "the people do not answer", http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body)
	})
}

// An error that callers by RPC, also those in JavaScript, know by its name.
func ExampleNewError() {
	err := workers.NewError("NotAllowed", "this binding may only read")
	fmt.Println(err)
	var failed *workers.Error
	fmt.Println(errors.As(fmt.Errorf("rename: %w", err), &failed), failed.Name)
	// Output:
	// NotAllowed: this binding may only read
	// true NotAllowed
}

// users is an entrypoint of this Worker: others bind to it with entrypoint = "Users".
var (
	users  = workers.Entrypoint("Users", workers.OnFetch(http.HandlerFunc(profile)))
	rename = workers.Method(users, "rename", func(ctx context.Context, p Rename) (User, error) {
		var caller struct {
			Admin bool `json:"admin"`
		}
		if err := workers.Props(ctx, &caller); err != nil {
			return User{}, err
		}
		if !caller.Admin {
			return User{}, workers.NewError("NotAllowed", "this binding may only read")
		}
		return User(p), nil
	})
)

type Rename struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

type User struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

func profile(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "the profile at", r.URL.Path) }

func ExampleEntrypoint() {
	http.HandleFunc("POST /rename", func(w http.ResponseWriter, r *http.Request) {
		// In wrangler.toml: [[services]] binding = "USERS", service = "people", entrypoint = "Users", props = { admin = true }
		user, err := rename.Call(r.Context(), workers.Service("USERS"), Rename{ID: 1, Name: r.FormValue("name")})
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		fmt.Fprintln(w, user.Name)
	})
}
