// Package guestbook is the class that the examples of package durables call: an object for each book, whose entries are rows of a table, and which closes a day
// after the first one.
package guestbook

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"grove.place/lattice/durables"
)

// Entry is what a guest writes; JavaScript sees {author, text}.
type Entry struct {
	Author string `json:"author"`
	Text   string `json:"text"`
}

// Guestbook is the Durable Object.
type Guestbook struct{ storage *durables.Storage }

// What callers need of it.
var (
	Class = durables.Class("Guestbook", New)
	Sign  = durables.Method(Class, "sign", (*Guestbook).sign)
	Read  = durables.Method(Class, "read", (*Guestbook).read)
	Books = Class.Namespace("BOOKS")
)

// New makes the table. No event is delivered before it returns.
func New(ctx context.Context, state *durables.State) (*Guestbook, error) {
	g := &Guestbook{state.Storage()}
	_, err := g.storage.SQL().Exec(ctx, "CREATE TABLE IF NOT EXISTS entries (author TEXT, text TEXT)")
	return g, err
}

func (g *Guestbook) sign(ctx context.Context, e Entry) (count int, err error) {
	if e.Text == "" {
		return 0, durables.TypeError("an entry needs a text")
	}
	if _, err := g.storage.SQL().Exec(ctx, "INSERT INTO entries VALUES (?, ?)", e.Author, e.Text); err != nil {
		return 0, err
	}
	count, err = durables.One[int](ctx, g.storage.SQL(), "SELECT count(*) FROM entries")
	if err == nil && count == 1 {
		err = g.storage.SetAlarm(ctx, time.Now().Add(24*time.Hour))
	}
	return count, err
}

func (g *Guestbook) read(ctx context.Context, _ durables.None) ([]Entry, error) {
	return durables.All[Entry](ctx, g.storage.SQL(), "SELECT author, text FROM entries ORDER BY rowid")
}

// Alarm closes the book.
func (g *Guestbook) Alarm(ctx context.Context, info durables.AlarmInfo) error {
	_, err := g.storage.SQL().Exec(ctx, "INSERT INTO entries VALUES ('', 'the book is closed')")
	return err
}

// ServeHTTP is what stubs fetch.
func (g *Guestbook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	entries, err := g.read(r.Context(), durables.None{})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintf(w, "%s: %d entries", r.URL.Path, len(entries))
}
