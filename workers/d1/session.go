package d1

import (
	"context"
	"strings"
	"sync"
)

// What WithSession begins with, in place of a bookmark.
const (
	FirstPrimary       = "first-primary"       // the first query sees everything that was written before it
	FirstUnconstrained = "first-unconstrained" // the first query may go to a replica that is behind
)

// Session is queries that see one another: what was written, and what was read, is there for the queries that follow, whichever replica of the database
// answers. It may be used by several goroutines, and belongs to one event.
//
// See https://developers.cloudflare.com/d1/best-practices/read-replication/.
type Session struct {
	binding string

	mu       sync.Mutex
	start    string
	bookmark string // the latest that an answer had
}

// WithSession begins a session: with FirstPrimary, FirstUnconstrained (also for ""), or the bookmark of a session before, which may come from a client: its queries then
// see what that session saw. It does no I/O.
func (db DB) WithSession(constraintOrBookmark string) *Session {
	start := strings.TrimSpace(constraintOrBookmark)
	if start == "" {
		start = FirstUnconstrained
	}
	return &Session{binding: db.binding, start: start}
}

func (s *Session) db() DB { return DB{s.binding, s} }

// Prepare returns a statement of the session; it is sent when it is run.
func (s *Session) Prepare(query string) Stmt { return s.db().Prepare(query) }

// Batch runs statements in one transaction: all of them or, on the first error, none.
func (s *Session) Batch(ctx context.Context, statements ...Stmt) ([]Result, error) {
	return s.db().Batch(ctx, statements...)
}

// Bookmark returns where the session is, for a session that goes on from there, or nothing while no query was answered.
func (s *Session) Bookmark() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bookmark
}

// from is what the next query has to see.
func (s *Session) from() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bookmark != "" {
		return s.bookmark
	}
	return s.start
}

// reached takes in the bookmark of an answer. Answers may come in another order than they were made; bookmarks are in the order of their text.
func (s *Session) reached(bookmark string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bookmark = max(s.bookmark, bookmark)
}
