package storage

import (
	"fmt"
	"math"

	"grove.place/lattice/internal/abi"
)

// Queue is the messages of a queue, in the order in which they may be delivered. It may be used by several goroutines.
type Queue struct{ x *index }

// Message is a message of a queue. Times are milliseconds since the epoch.
type Message struct {
	ID        string
	Body      abi.Value
	Timestamp float64 // when it was sent
	Attempts  int     // deliveries that failed
	Visible   float64 // before this it is not delivered
}

// OpenQueue opens the queue in the file at path.
func OpenQueue(path string) (*Queue, error) {
	x, err := openIndex(path, `CREATE TABLE IF NOT EXISTS messages (
		seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body BLOB NOT NULL, timestamp REAL NOT NULL,
		attempts INTEGER NOT NULL, visible REAL NOT NULL)`, `CREATE INDEX IF NOT EXISTS visible ON messages (visible, seq)`)
	if err != nil {
		return nil, err
	}
	return &Queue{x}, nil
}

// Close closes the file.
func (q *Queue) Close() error { return q.x.close() }

// Put adds messages: all, or none when one has an ID that is there already.
func (q *Queue) Put(messages []Message) error { return q.insert("INSERT", messages) }

// PutOnce adds messages, but for those that are there already: they are moved from another queue, and a crash may have come between.
func (q *Queue) PutOnce(messages []Message) error { return q.insert("INSERT OR IGNORE", messages) }

func (q *Queue) insert(how string, messages []Message) error {
	return q.x.do(func(s *statements) error {
		for _, m := range messages {
			err := s.each(how+" INTO messages (id, body, timestamp, attempts, visible) VALUES (?, ?, ?, ?, ?)", nil,
				m.ID, encoded(m.Body), m.Timestamp, m.Attempts, m.Visible)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Ready returns up to limit messages that may be delivered at a time, and when the next one may be that may not yet, +Inf when there is none.
func (q *Queue) Ready(now float64, limit int) (messages []Message, next float64, err error) {
	next = math.Inf(1)
	err = q.x.do(func(s *statements) error {
		later := func(r *stmt) error { next = r.Float64(0); return nil }
		if err := s.each("SELECT visible FROM messages WHERE visible > ? ORDER BY visible LIMIT 1", later, now); err != nil {
			return err
		}
		return s.each("SELECT "+messageColumns+" FROM messages WHERE visible <= ? ORDER BY visible, seq LIMIT ?", func(r *stmt) error {
			m, err := messageOf(r)
			messages = append(messages, m)
			return err
		}, now, limit)
	})
	return messages, next, err
}

// Settle removes messages, and has others delivered again later: those of again with their Attempts and Visible.
func (q *Queue) Settle(remove []string, again []Message) error {
	return q.x.do(func(s *statements) error {
		for _, id := range remove {
			if err := s.each("DELETE FROM messages WHERE id = ?", nil, id); err != nil {
				return err
			}
		}
		for _, m := range again {
			if err := s.each("UPDATE messages SET attempts = ?, visible = ? WHERE id = ?", nil, m.Attempts, m.Visible, m.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// Count returns how many messages there are.
func (q *Queue) Count() (n int, err error) {
	err = q.x.do(func(s *statements) error {
		return s.each("SELECT count(*) FROM messages", func(r *stmt) error { n = int(r.Int64(0)); return nil })
	})
	return n, err
}

// Peek returns up to limit messages in the order in which they may be delivered, also those that may not be yet.
func (q *Queue) Peek(limit int) (messages []Message, err error) {
	return q.read("SELECT "+messageColumns+" FROM messages ORDER BY visible, seq LIMIT ?", limit)
}

// Message returns a message, or nil when it is not there.
func (q *Queue) Message(id string) (*Message, error) {
	list, err := q.read("SELECT "+messageColumns+" FROM messages WHERE id = ?", id)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

func (q *Queue) read(query string, arg any) (messages []Message, err error) {
	err = q.x.do(func(s *statements) error {
		return s.each(query, func(r *stmt) error {
			m, err := messageOf(r)
			messages = append(messages, m)
			return err
		}, arg)
	})
	return messages, err
}

const messageColumns = "id, body, timestamp, attempts, visible"

func messageOf(r *stmt) (Message, error) {
	body, err := decoded(r.Bytes(1))
	if err != nil {
		return Message{}, fmt.Errorf("message %s: %w", r.Text(0), err)
	}
	return Message{r.Text(0), body, r.Float64(2), int(r.Int64(3)), r.Float64(4)}, nil
}
