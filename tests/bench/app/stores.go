package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/kv"
	"grove.place/lattice/workers/r2"
)

var (
	db     = d1.Database("DB")
	values = kv.Namespace("VALUES")
	files  = r2.Bucket("FILES")
)

// value is a kilobyte.
var value = strings.Repeat("0123456789abcdef", 64)

func storeRoutes(mux *http.ServeMux) {
	handle := func(pattern string, f func(ctx context.Context, r *http.Request) (string, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			text, err := f(r.Context(), r)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			io.WriteString(w, text)
		})
	}
	handle("GET /d1/setup", setup)
	handle("GET /d1/point", func(ctx context.Context, r *http.Request) (title string, err error) {
		_, err = db.Prepare("SELECT title FROM posts WHERE id = ?").Bind(41).First(ctx, &title)
		return title, err
	})
	handle("GET /d1/batch", func(ctx context.Context, r *http.Request) (string, error) {
		insert := db.Prepare("INSERT INTO log (at, text) VALUES (?, ?)")
		var batch []d1.Stmt
		for i := range 100 {
			batch = append(batch, insert.Bind(1700000000000+i, "a line of the log"))
		}
		results, err := db.Batch(ctx, batch...)
		return fmt.Sprint(len(results)), err
	})
	handle("GET /kv/put/{key}", func(ctx context.Context, r *http.Request) (string, error) {
		return "stored", values.Put(ctx, r.PathValue("key"), value, nil)
	})
	handle("GET /kv/get/{key}", func(ctx context.Context, r *http.Request) (text string, err error) {
		_, err = values.Get(ctx, r.PathValue("key"), &text, nil)
		return text, err
	})
	handle("PUT /r2/{key}", func(ctx context.Context, r *http.Request) (string, error) {
		o, err := files.Put(ctx, r.PathValue("key"), r.Body, nil)
		if err != nil {
			return "", err
		}
		return fmt.Sprint(o.Size), nil
	})
	mux.HandleFunc("GET /r2/{key}", func(w http.ResponseWriter, r *http.Request) {
		o, err := files.Get(r.Context(), r.PathValue("key"), nil)
		if err != nil || o == nil {
			http.Error(w, fmt.Sprint("no object: ", err), http.StatusInternalServerError)
			return
		}
		defer o.Body.Close()
		io.Copy(w, o.Body)
	})
}

// setup makes the tables, and a row to read.
func setup(ctx context.Context, _ *http.Request) (string, error) {
	_, err := db.Batch(ctx,
		db.Prepare("CREATE TABLE IF NOT EXISTS log (id INTEGER PRIMARY KEY, at INTEGER, text TEXT)"),
		db.Prepare("CREATE TABLE IF NOT EXISTS posts (id INTEGER PRIMARY KEY, title TEXT, score REAL)"),
		db.Prepare(`INSERT OR IGNORE INTO posts WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
			SELECT i, 'the title of post number ' || i, i * 1.5 FROM n`))
	return "ready", err
}
