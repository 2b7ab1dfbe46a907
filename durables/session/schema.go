package session

import (
	"context"
	"fmt"

	"grove.place/lattice/durables/schema"
)

var tables = schema.Tables{
	Class: "SessionDO", ValidName: validName, Names: "session:{userId}, limit:ip:{prefix} or limit:email:{hash}", Migrations: migrations,
}

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
	`CREATE TABLE sockets (               -- where sessions have WebSockets open
		session TEXT NOT NULL,
		class TEXT NOT NULL,
		object TEXT NOT NULL,
		opened_at INTEGER NOT NULL,
		PRIMARY KEY (session, class, object)
	) WITHOUT ROWID;
	CREATE TABLE closures (               -- those of sessions that have ended
		session TEXT NOT NULL,
		class TEXT NOT NULL,
		object TEXT NOT NULL,
		due INTEGER NOT NULL DEFAULT 0,
		attempts INTEGER NOT NULL DEFAULT 0,
		PRIMARY KEY (session, class, object)
	) WITHOUT ROWID;
	CREATE TRIGGER sessions_ended AFTER DELETE ON sessions BEGIN
		INSERT OR REPLACE INTO closures (session, class, object) SELECT session, class, object FROM sockets WHERE session = old.id;
		DELETE FROM sockets WHERE session = old.id;
	END;`,
}

// prepare makes the tables exist. It is called by every method, because the clean-up empties an object that nothing is
// left in, tables and all.
func (s *Session) prepare(ctx context.Context) error { return s.object.Prepare(ctx) }

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("session: %s: %w", what, err)
}
