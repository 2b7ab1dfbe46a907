// Package web has the routes under /api. Everything else is a file in public, which is served without the Worker.
package web

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"

	"grove.place/lattice/internal/scaffold/templates/app/activity"
	"grove.place/lattice/internal/scaffold/templates/app/notes"
	"grove.place/lattice/internal/scaffold/templates/app/session"
	"grove.place/lattice/workers"
)

// Handler answers requests.
func Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/session", who)
	mux.HandleFunc("POST /api/session", begin)
	mux.HandleFunc("GET /api/notes", list)
	mux.Handle("POST /api/notes", signedIn(write))
	mux.HandleFunc("GET /api/activity", active)
	return mux
}

// signedIn lets those in who have a session, and says who it is.
func signedIn(next func(w http.ResponseWriter, r *http.Request, name string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := session.Name(r.Context(), r)
		if !ok {
			http.Error(w, "say who you are first: POST /api/session", http.StatusUnauthorized)
			return
		}
		next(w, r, name)
	})
}

// who says whose session it is; nobody's name is empty.
func who(w http.ResponseWriter, r *http.Request) {
	name, _ := session.Name(r.Context(), r)
	answer(w, map[string]string{"name": name})
}

func begin(w http.ResponseWriter, r *http.Request) {
	name, ok := textOf(w, r, 40)
	if !ok {
		return
	}
	if err := session.Begin(r.Context(), w, r, name); err != nil {
		fail(w, r, err)
		return
	}
	answer(w, map[string]string{"name": name})
}

func list(w http.ResponseWriter, r *http.Request) {
	latest, err := notes.Latest(r.Context(), 50)
	if err != nil {
		fail(w, r, err)
		return
	}
	answer(w, latest)
}

func write(w http.ResponseWriter, r *http.Request, name string) {
	text, ok := textOf(w, r, 500)
	if !ok {
		return
	}
	note, err := notes.Add(r.Context(), name, text)
	if err != nil {
		fail(w, r, err)
		return
	}
	// The client need not wait for what is only told.
	workers.WaitUntil(r.Context(), func(ctx context.Context) error { return activity.Noted(ctx, note.ID, name) })
	answer(w, note)
}

func active(w http.ResponseWriter, r *http.Request) {
	top, err := activity.Top(r.Context(), 10)
	if err != nil {
		fail(w, r, err)
		return
	}
	answer(w, top)
}

// textOf is the field "text" of the request's JSON. Only JSON counts, which no other site's form can send.
func textOf(w http.ResponseWriter, r *http.Request, most int) (string, bool) {
	var body struct{ Text string }
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") ||
		json.NewDecoder(http.MaxBytesReader(w, r.Body, 8192)).Decode(&body) != nil {
		http.Error(w, `send JSON: {"text": "…"}`, http.StatusBadRequest)
		return "", false
	}
	text := strings.TrimSpace(body.Text)
	if n := len([]rune(text)); n == 0 || n > most {
		http.Error(w, "the text is empty or too long", http.StatusBadRequest)
		return "", false
	}
	return text, true
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func fail(w http.ResponseWriter, r *http.Request, err error) {
	slog.ErrorContext(r.Context(), "request", "path", r.URL.Path, "err", err)
	http.Error(w, "something went wrong, try again", http.StatusInternalServerError)
}
