//go:build js && wasm

// Command guestbook keeps entries in D1, counts in KV, and has visitors in a Durable Object, for github.com/syumai/workers.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"strconv"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare"
	"github.com/syumai/workers/cloudflare/cron"
	"github.com/syumai/workers/cloudflare/d1"
	"github.com/syumai/workers/cloudflare/kv"
)

type entry struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

type book struct {
	db       *sql.DB
	counters *kv.Namespace
}

func (b book) sign(w http.ResponseWriter, r *http.Request) {
	var e entry
	if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if _, err := b.db.Exec("INSERT INTO entries (name, text) VALUES (?, ?)", e.Name, e.Text); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	text, err := b.counters.GetString("signed", nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	n, _ := strconv.Atoi(text) // "<null>" the first time
	if err := b.counters.PutString("signed", strconv.Itoa(n+1), nil); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintf(w, "%s, %s: entry %d\n", cloudflare.Getenv("THANKS"), e.Name, n+1)
}

func (b book) list(w http.ResponseWriter, r *http.Request) {
	rows, err := b.db.Query("SELECT name, text FROM entries ORDER BY id")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer rows.Close()
	entries := []entry{}
	for rows.Next() {
		var e entry
		if err := rows.Scan(&e.Name, &e.Text); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		entries = append(entries, e)
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(entries)
}

func visit(w http.ResponseWriter, r *http.Request) {
	visitors, err := cloudflare.NewDurableObjectNamespace("VISITORS")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	stub, err := visitors.Get(visitors.IdFromName(r.PathValue("page")))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	req, err := http.NewRequest(http.MethodPost, "https://visitors.example/visit", nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	res, err := stub.Fetch(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	io.Copy(w, res.Body)
}

func (b book) tidy(ctx context.Context) error {
	_, err := b.db.ExecContext(ctx, "DELETE FROM entries WHERE text = ''")
	return err
}

// requests counts those that this instance of the program has seen.
var requests int

func main() {
	connector, err := d1.OpenConnector("DB")
	if err != nil {
		log.Fatal(err)
	}
	counters, err := kv.NewNamespace("COUNTERS")
	if err != nil {
		log.Fatal(err)
	}
	b := book{sql.OpenDB(connector), counters}
	if _, err := b.db.Exec("CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, text TEXT)"); err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("POST /entries", b.sign)
	http.HandleFunc("GET /entries", b.list)
	http.HandleFunc("/visit/{page}", visit)
	http.HandleFunc("/requests", func(w http.ResponseWriter, r *http.Request) {
		requests++
		fmt.Fprintln(w, requests)
	})
	cron.ScheduleTaskNonBlock(b.tidy)
	workers.Serve(nil)
}
