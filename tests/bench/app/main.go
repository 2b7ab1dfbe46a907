// Command app is what the benchmark measures; twin/worker.mjs does the same work in JavaScript.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"runtime"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
)

// Bench is an object with one method for each thing to measure.
type Bench struct {
	state *durables.State
}

var (
	class = durables.Class("Bench", newBench)

	ping    = durables.Method(class, "ping", (*Bench).ping)
	insert  = durables.Method(class, "insert", (*Bench).insert)
	hundred = durables.Method(class, "hundred", (*Bench).hundred)
	echo    = durables.Method(class, "echo", (*Bench).echo)

	namespace = class.Namespace("BENCH")
)

// Post is a struct of about one kilobyte.
type Post struct {
	ID       int64             `json:"id"`
	Title    string            `json:"title"`
	Body     string            `json:"body"`
	Tags     []string          `json:"tags"`
	Draft    bool              `json:"draft"`
	Score    float64           `json:"score"`
	Checksum []byte            `json:"checksum"`
	Meta     map[string]string `json:"meta"`
}

func newBench(ctx context.Context, state *durables.State) (*Bench, error) {
	_, err := state.Storage().SQL().Exec(ctx, `
		CREATE TABLE IF NOT EXISTS log (id INTEGER PRIMARY KEY, at INTEGER, text TEXT);
		CREATE TABLE IF NOT EXISTS posts (id INTEGER PRIMARY KEY, title TEXT, score REAL);
		INSERT OR IGNORE INTO posts WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
			SELECT i, 'the title of post number ' || i, i * 1.5 FROM n`)
	return &Bench{state}, err
}

func (b *Bench) ping(context.Context, durables.None) (string, error) { return "pong", nil }

func (b *Bench) insert(ctx context.Context, text string) (int64, error) {
	return durables.One[int64](ctx, b.state.Storage().SQL(), `INSERT INTO log (at, text) VALUES (?, ?) RETURNING 1`, 1700000000000, text)
}

func (b *Bench) hundred(ctx context.Context, _ durables.None) (float64, error) {
	type row struct {
		ID    int64
		Title string
		Score float64
	}
	sum := 0.0
	for r, err := range durables.Query[row](ctx, b.state.Storage().SQL(), `SELECT id, title, score FROM posts LIMIT 100`) {
		if err != nil {
			return 0, err
		}
		sum += r.Score
	}
	return sum, nil
}

func (b *Bench) echo(_ context.Context, p Post) (Post, error) {
	p.ID++
	return p, nil
}

var post = Post{
	ID: 41, Title: "On the growing of groves", Body: string(make700()), Tags: []string{"trees", "patience", "soil"},
	Score: 4.75, Checksum: make([]byte, 32), Meta: map[string]string{"lang": "en", "author": "autumn", "licence": "CC BY 4.0"},
}

func make700() []byte {
	b := make([]byte, 700)
	for i := range b {
		b[i] = 'a' + byte(i%26)
	}
	return b
}

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "Hello!") })
	mux.HandleFunc("GET /ping/{o}", answer(func(r *http.Request, o *durables.Stub[Bench]) (any, error) {
		return ping.Call(r.Context(), o, durables.None{})
	}))
	mux.HandleFunc("GET /insert/{o}", answer(func(r *http.Request, o *durables.Stub[Bench]) (any, error) {
		return insert.Call(r.Context(), o, "a line of the log")
	}))
	mux.HandleFunc("GET /select/{o}", answer(func(r *http.Request, o *durables.Stub[Bench]) (any, error) {
		return hundred.Call(r.Context(), o, durables.None{})
	}))
	mux.HandleFunc("GET /echo/{o}", answer(func(r *http.Request, o *durables.Stub[Bench]) (any, error) {
		got, err := echo.Call(r.Context(), o, post)
		if err == nil && len(got.Body) != len(post.Body) {
			err = errors.New("the post came back changed")
		}
		return got.ID, err
	}))
	roomRoutes(mux)
	storeRoutes(mux)
	mux.HandleFunc("GET /memory", func(w http.ResponseWriter, r *http.Request) {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		json.NewEncoder(w).Encode(m.HeapAlloc)
	})
	workers.Serve(mux)
}

func answer(f func(*http.Request, *durables.Stub[Bench]) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := f(r, namespace.GetByName(r.PathValue("o")))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		json.NewEncoder(w).Encode(v)
	}
}
