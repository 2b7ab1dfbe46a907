// Package notes keeps what people write in a D1 database. The folder migrations has its tables.
package notes

import (
	"context"
	"time"

	"grove.place/lattice/workers/d1"
)

var db = d1.Database("DB") // the binding in wrangler.toml

// Kept is how long a note is kept.
const Kept = 90 * 24 * time.Hour

// Note is a row of the table.
type Note struct {
	ID      int64     `json:"id"`
	Author  string    `json:"author"`
	Text    string    `json:"text"`
	Written time.Time `json:"written"`
}

// Add writes a note.
func Add(ctx context.Context, author, text string) (Note, error) {
	n := Note{Author: author, Text: text, Written: time.Now()}
	r, err := db.Prepare("INSERT INTO notes (author, text, written) VALUES (?, ?, ?)").Bind(n.Author, n.Text, n.Written).Run(ctx)
	n.ID = r.Meta.LastRowID
	return n, err
}

// Latest returns the last notes, the newest first.
func Latest(ctx context.Context, count int) ([]Note, error) {
	notes := []Note{}
	err := db.Prepare("SELECT id, author, text, written FROM notes ORDER BY id DESC LIMIT ?").Bind(count).All(ctx, &notes)
	return notes, err
}

// Sweep deletes what is too old. The cron trigger calls it.
func Sweep(ctx context.Context, now time.Time) error {
	_, err := db.Prepare("DELETE FROM notes WHERE written < ?").Bind(now.Add(-Kept)).Run(ctx)
	return err
}
