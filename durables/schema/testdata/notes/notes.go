// Package notes is an object whose tables are of the version that the variable VERSION says, shared by the module and its callers.
package notes

import (
	"context"
	"strings"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/schema"
	"grove.place/lattice/workers"
)

var (
	// Class is the class, Namespace where its objects are.
	Class     = durables.Class("Notes", newNotes)
	Namespace = Class.Namespace("NOTES")

	// Add keeps a note, List returns all of them.
	Add  = durables.Method(Class, "add", (*Notes).add)
	List = durables.Method(Class, "list", (*Notes).list)
)

// Notes is the object.
type Notes struct {
	object  *schema.Object
	version string
}

var migrations = []string{
	`CREATE TABLE notes (text TEXT NOT NULL)`,
	`ALTER TABLE notes ADD COLUMN tag TEXT NOT NULL DEFAULT 'old'`,
}

func newNotes(ctx context.Context, state *durables.State) (*Notes, error) {
	version := workers.Getenv(ctx, "VERSION")
	object, err := schema.Open(ctx, state, schema.Tables{
		Class: "Notes", Names: "notes:{name}", ValidName: func(name string) bool { return strings.HasPrefix(name, "notes:") },
		Migrations: migrations[:len(version)], // "1", "12"
	})
	return &Notes{object, version}, err
}

func (n *Notes) add(ctx context.Context, text string) (durables.None, error) {
	if err := n.object.Prepare(ctx); err != nil {
		return durables.None{}, err
	}
	return durables.None{}, n.object.Exec(ctx, `INSERT INTO notes (text) VALUES (?)`, text)
}

func (n *Notes) list(ctx context.Context, _ durables.None) ([]string, error) {
	if err := n.object.Prepare(ctx); err != nil {
		return nil, err
	}
	column := "text"
	if n.version == "12" {
		column = "text || ' ' || tag"
	}
	return durables.All[string](ctx, n.object.SQL(), `SELECT `+column+` FROM notes ORDER BY rowid`)
}
