package session

import (
	"context"
	"fmt"

	"grove.place/lattice/durables"
)

// migrations bring the tables from one version to the next. Entries are only ever added.
var migrations = []string{
	`CREATE TABLE sessions (
		id TEXT PRIMARY KEY,              -- SHA-256 of the session id
		device_id TEXT NOT NULL,
		device_name TEXT NOT NULL,
		refresh_token TEXT NOT NULL,      -- sealed; '' when the provider gave none
		access_token_hash TEXT NOT NULL,
		created_at INTEGER NOT NULL,
		last_active INTEGER NOT NULL,
		expires_at INTEGER NOT NULL,
		lifetime INTEGER NOT NULL,        -- milliseconds that a renewal gives
		ip_address TEXT NOT NULL,
		user_agent TEXT NOT NULL
	) WITHOUT ROWID;
	CREATE INDEX idx_sessions_expires ON sessions(expires_at);
	CREATE INDEX idx_sessions_device ON sessions(device_id);
	CREATE TABLE attempts (
		only INTEGER PRIMARY KEY CHECK (only = 1),
		count INTEGER NOT NULL,
		lock_until INTEGER NOT NULL,      -- 0: no delay
		last INTEGER NOT NULL
	);`,
}

// meta is the object's first table: its name, and how many migrations have run.
const meta = `CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID`

// storedName is the name that the object has learnt, "" before that. It writes nothing.
func (s *Session) storedName(ctx context.Context) (string, error) {
	_, found, err := durables.First[string](ctx, s.sql(), `SELECT name FROM sqlite_master WHERE name = 'meta'`)
	if err != nil || !found {
		return "", wrap("look for the tables", err)
	}
	name, _, err := durables.First[string](ctx, s.sql(), `SELECT value FROM meta WHERE key = 'name'`)
	return name, wrap("read the object's name", err)
}

// prepare makes the tables exist. It is called by every method, because the clean-up empties an object that nothing is
// left in, tables and all.
func (s *Session) prepare(ctx context.Context) error {
	if s.ready {
		return nil
	}
	err := s.state.Storage().TransactionSync(ctx, s.migrate)
	s.ready = err == nil
	return err
}

func (s *Session) migrate(ctx context.Context) error {
	if err := s.exec(ctx, meta); err != nil {
		return err
	}
	version, _, err := durables.First[int](ctx, s.sql(), `SELECT value FROM meta WHERE key = 'version'`)
	if err != nil {
		return wrap("read the schema version", err)
	}
	if version > len(migrations) {
		return fmt.Errorf("session: the tables are of version %d, this program knows %d: deploy the newer one", version, len(migrations))
	}
	if version == len(migrations) {
		return nil
	}
	for _, statements := range migrations[version:] {
		if err := s.exec(ctx, statements); err != nil {
			return err
		}
	}
	return s.exec(ctx, `INSERT OR REPLACE INTO meta (key, value) VALUES ('name', ?), ('version', ?)`, s.name, len(migrations))
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("session: %s: %w", what, err)
}
