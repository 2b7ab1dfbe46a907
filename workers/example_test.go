package workers_test

import (
	"context"
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
