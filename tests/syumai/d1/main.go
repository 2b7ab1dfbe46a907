//go:build js && wasm

// Command d1 is a blog on D1 through database/sql, for github.com/syumai/workers.
package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare/d1"
)

type article struct {
	ID    int64   `json:"id"`
	Title string  `json:"title"`
	Score float64 `json:"score"`
	Cover []byte  `json:"cover"`
	Note  *string `json:"note"`
}

type server struct{ db *sql.DB }

func (s server) create(w http.ResponseWriter, r *http.Request) {
	var a article
	if err := json.NewDecoder(r.Body).Decode(&a); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	res, err := s.db.ExecContext(r.Context(), "INSERT INTO articles (title, score, cover, note) VALUES (?, ?, ?, ?)", a.Title, a.Score, a.Cover, a.Note)
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	id, _ := res.LastInsertId()
	n, _ := res.RowsAffected()
	fmt.Fprintf(w, "article %d, %d row\n", id, n)
}

func (s server) list(w http.ResponseWriter, r *http.Request) {
	rows, err := s.db.QueryContext(r.Context(), "SELECT id, title, score, cover, note FROM articles ORDER BY id")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer rows.Close()
	list := []article{}
	for rows.Next() {
		var a article
		if err := rows.Scan(&a.ID, &a.Title, &a.Score, &a.Cover, &a.Note); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		list = append(list, a)
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(list)
}

func (s server) get(w http.ResponseWriter, r *http.Request) {
	var title string
	err := s.db.QueryRowContext(r.Context(), "SELECT title FROM articles WHERE id = ?", r.PathValue("id")).Scan(&title)
	if errors.Is(err, sql.ErrNoRows) {
		http.NotFound(w, r)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, title)
}

func (s server) wrong(w http.ResponseWriter, r *http.Request) {
	_, err := s.db.QueryContext(r.Context(), "SELEKT 1")
	fmt.Fprintln(w, err)
	_, err = s.db.Begin()
	fmt.Fprintln(w, err)
	_, err = d1.OpenConnector("NO_DB")
	fmt.Fprintln(w, errors.Is(err, d1.ErrDatabaseNotFound))
}

func main() {
	c, err := d1.OpenConnector("DB")
	if err != nil {
		panic(err)
	}
	s := server{sql.OpenDB(c)}
	if _, err := s.db.Exec("CREATE TABLE IF NOT EXISTS articles (id INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE, score REAL, cover BLOB, note TEXT)"); err != nil {
		panic(err)
	}
	http.HandleFunc("POST /articles", s.create)
	http.HandleFunc("GET /articles", s.list)
	http.HandleFunc("GET /articles/{id}", s.get)
	http.HandleFunc("GET /wrong", s.wrong)
	workers.Serve(nil)
}
