// Package schema gives Grove's objects their identity and their tables. An object learns its name with its first call, keeps it, and
// refuses another's; its tables are brought from version to version by statements that are only ever added to.
//
// Nothing is written until Prepare, so that an object which was only asked something stays empty. Start with Open.
package schema

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"grove.place/lattice/durables"
)

// Tables describe what a class stores.
type Tables struct {
	// Class is the name of the class, for messages.
	Class string
	// ValidName says whether an object of the class can have that name; Names says which it can, for the error.
	ValidName func(name string) bool
	Names     string
	// Migrations bring the tables from one version to the next. Entries are only ever added.
	Migrations []string
}

// Object is the identity and the tables of one object.
type Object struct {
	storage *durables.Storage
	id      string
	tables  Tables
	name    string
	ready   bool // the tables exist and are of this program's version
}

// meta is an object's first table: its name, and how many migrations have run.
const meta = `CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID`

// Open finds out which object this is. Call it in the constructor. The error is a TypeError when the name is none of the class,
// and names both when the object has learnt another one.
func Open(ctx context.Context, state *durables.State, tables Tables) (*Object, error) {
	o := &Object{storage: state.Storage(), id: state.ID().String(), tables: tables}
	name, named := state.ID().Name()
	if named && !tables.ValidName(name) {
		return nil, durables.TypeError(fmt.Sprintf("%s cannot be named %.80q: use %s", tables.Class, name, tables.Names))
	}
	stored, err := o.storedName(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case stored == "" && !named:
		return nil, durables.TypeError(fmt.Sprintf("%s must be reached by its name the first time: use getByName with %s", tables.Class, tables.Names))
	case stored == "":
		o.name = name
	case named && stored != name:
		return nil, fmt.Errorf("%s: this object belongs to %q, it was asked for as %q", tables.Class, stored, name)
	default:
		o.name = stored
	}
	return o, nil
}

// Name returns the object's name.
func (o *Object) Name() string { return o.name }

// storedName is the name that the object has learnt, "" before that. It writes nothing.
func (o *Object) storedName(ctx context.Context) (string, error) {
	there, err := o.Exists(ctx)
	if err != nil || !there {
		return "", err
	}
	name, _, err := durables.First[string](ctx, o.storage.SQL(), `SELECT value FROM meta WHERE key = 'name'`)
	return name, o.wrap("read the object's name", err)
}

// Exists reports whether the object has stored anything.
func (o *Object) Exists(ctx context.Context) (bool, error) {
	_, found, err := durables.First[string](ctx, o.storage.SQL(), `SELECT name FROM sqlite_master WHERE name = 'meta'`)
	return found, o.wrap("look for the tables", err)
}

// Prepare makes the tables exist. Call it in every method that uses them; after the first time it costs nothing.
func (o *Object) Prepare(ctx context.Context) error {
	if o.ready {
		return nil
	}
	err := o.storage.TransactionSync(ctx, o.migrate)
	o.ready = err == nil
	return err
}

func (o *Object) migrate(ctx context.Context) error {
	if err := o.exec(ctx, meta); err != nil {
		return err
	}
	version, _, err := durables.First[int](ctx, o.storage.SQL(), `SELECT value FROM meta WHERE key = 'version'`)
	if err != nil {
		return o.wrap("read the schema version", err)
	}
	known := len(o.tables.Migrations)
	switch {
	case version > known:
		return fmt.Errorf("%s: the tables are of version %d, this program knows %d: deploy the newer one", o.tables.Class, version, known)
	case version == known:
		return nil
	}
	for _, statements := range o.tables.Migrations[version:] {
		if err := o.exec(ctx, statements); err != nil {
			return err
		}
	}
	return o.exec(ctx, `INSERT OR REPLACE INTO meta (key, value) VALUES ('name', ?), ('version', ?)`, o.name, known)
}

// Forget removes everything the object has stored, its tables, alarm and name included. It is as if it had never been used.
func (o *Object) Forget(ctx context.Context) error {
	o.ready = false
	return o.storage.DeleteAll(ctx)
}

// SQL returns the object's SQL API.
func (o *Object) SQL() *durables.SQL { return o.storage.SQL() }

// Exec runs a statement that returns no rows. Its errors begin with the name of the class's package, as all of a class do.
func (o *Object) Exec(ctx context.Context, query string, args ...any) error {
	if err := o.run(ctx, query, args...); err != nil {
		return fmt.Errorf("%s: %w", strings.ToLower(strings.TrimSuffix(o.tables.Class, "DO")), err)
	}
	return nil
}

// Log writes a line that names the object: its class as "do", and its id.
func (o *Object) Log(ctx context.Context, level slog.Level, message string, attributes ...any) {
	slog.Log(ctx, level, message, append([]any{"do", o.tables.Class, "id", o.id}, attributes...)...)
}

func (o *Object) exec(ctx context.Context, query string, args ...any) error {
	return o.wrap("migrate", o.run(ctx, query, args...))
}

func (o *Object) run(ctx context.Context, query string, args ...any) error {
	cursor, err := o.storage.SQL().Exec(ctx, query, args...)
	if err != nil {
		return err
	}
	return cursor.Close()
}

func (o *Object) wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %s: %w", o.tables.Class, what, err)
}
