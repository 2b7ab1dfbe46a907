// Command plain does with D1 alone what Grove does with objects, the obvious way: for each page view it reads the configuration and writes the event, it
// writes each reaction, and looks each session and each feed up. It is what tests/grovebench measures Grove against.
package main

import (
	"encoding/json"
	"net/http"
	"time"

	"grove.place/lattice/workers"
	"grove.place/lattice/workers/d1"
)

var db = d1.Database("DB")

func main() {
	http.HandleFunc("GET /posts/{slug}", view)
	http.HandleFunc("PUT /reactions/{post}/{user}", react)
	http.HandleFunc("GET /auth/session", session)
	http.HandleFunc("GET /api/feed", feed)
	workers.Serve(nil)
}

func answer(w http.ResponseWriter, value any, found bool, err error) {
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	case !found:
		http.Error(w, "not found", http.StatusNotFound)
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(value) // a client that has gone needs no answer
	}
}

func view(w http.ResponseWriter, r *http.Request) {
	var config struct {
		ID    string `json:"id"`
		Theme string `json:"theme"`
	}
	found, err := db.Prepare(`SELECT id, theme FROM tenants WHERE subdomain = 'alice' AND status = 'active'`).First(r.Context(), &config)
	if err != nil || !found {
		answer(w, nil, found, err)
		return
	}
	var html string
	found, err = db.Prepare(`SELECT body_html FROM posts WHERE tenant_id = ? AND slug = ? AND status = 'published'`).Bind(config.ID, r.PathValue("slug")).First(r.Context(), &html)
	if err == nil && found {
		_, err = db.Prepare(`INSERT INTO plain_events (tenant_id, path, visitor, at) VALUES (?, ?, ?, ?)`).
			Bind(config.ID, r.URL.Path, r.Header.Get("CF-Connecting-IP"), time.Now()).Run(r.Context())
	}
	answer(w, config.Theme+html, found, err)
}

func react(w http.ResponseWriter, r *http.Request) {
	_, err := db.Prepare(`INSERT INTO reactions (post_id, user_id, type, tenant_id, present, seq, created_at) SELECT id, ?2, 'like', tenant_id, 1, 1, ?3 FROM posts WHERE id = ?1
		ON CONFLICT DO UPDATE SET present = 1`).Bind(r.PathValue("post"), r.PathValue("user"), time.Now()).Run(r.Context())
	answer(w, true, true, err)
}

func session(w http.ResponseWriter, r *http.Request) {
	var user string
	found, err := db.Prepare(`SELECT u.name FROM plain_sessions s JOIN users u ON u.id = s.user_id WHERE s.id = ? AND s.expires_at > ?`).
		Bind(r.Header.Get("Cookie"), time.Now()).First(r.Context(), &user)
	answer(w, user, found, err)
}

func feed(w http.ResponseWriter, r *http.Request) {
	type item struct {
		ID     string `json:"id"`
		Title  string `json:"title"`
		Author string `json:"author"`
	}
	items := []item{}
	err := db.Prepare(`SELECT p.id, p.title, u.name AS author FROM follows f JOIN posts p ON p.author_id = f.followee_id AND p.status = 'published' JOIN users u ON u.id = p.author_id
		LEFT JOIN post_counters c ON c.post_id = p.id WHERE f.follower_id = ? ORDER BY p.published_at DESC, p.id DESC LIMIT 20`).Bind(r.URL.Query().Get("user")).All(r.Context(), &items)
	answer(w, items, true, err)
}
