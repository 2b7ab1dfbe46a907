package storage

import (
	"container/list"

	"grove.place/lattice/local-runtime/internal/storage/sqlite"
)

// statementCacheSize is how much SQL text the statements that an object keeps compiled may have (workerd api/sql.c++).
const statementCacheSize = 1 << 20

// stmt is a compiled statement of the cache.
type stmt struct {
	*sqlite.Stmt
	text     string
	readOnly bool
	params   int
	alters   bool // an ALTER TABLE
	effects  effects
	busy     bool
	columns  []string      // as of its last run
	element  *list.Element // nil when not in the cache
}

// statements is a cache of compiled statements, least recently used first out. A statement in use is never taken a
// second time: another one is compiled.
type statements struct {
	conn    *sqlite.Conn
	byText  map[string]*stmt
	order   list.List
	size    int
	maximum int
}

func newStatements(conn *sqlite.Conn, maximum int) *statements {
	return &statements{conn: conn, byText: map[string]*stmt{}, maximum: maximum}
}

// cached returns the idle statement for text, or nil.
func (c *statements) cached(text string) *stmt {
	s := c.byText[text]
	if s == nil || s.busy {
		return nil
	}
	c.order.MoveToFront(s.element)
	s.busy = true
	return s
}

// prepare compiles the first statement of text; s is nil when there is none.
func (c *statements) prepare(text string) (s *stmt, used int, err error) {
	compiled, used, err := c.conn.Prepare(text)
	if err != nil || compiled == nil {
		return nil, used, err
	}
	return &stmt{Stmt: compiled, text: text[:used], readOnly: compiled.ReadOnly(), params: compiled.Params(), busy: true}, used, nil
}

// release ends the use of s, and keeps it compiled when keep is set.
func (c *statements) release(s *stmt, keep bool) {
	if s == nil || !s.busy {
		return
	}
	s.busy = false
	if s.element != nil {
		s.Reset()
		return
	}
	if _, taken := c.byText[s.text]; taken || !keep {
		s.Finalize()
		return
	}
	s.Reset()
	c.byText[s.text] = s
	s.element = c.order.PushFront(s)
	c.size += len(s.text)
	for e := c.order.Back(); e != nil && c.size > c.maximum; {
		old := e.Value.(*stmt)
		e = e.Prev()
		if !old.busy {
			c.drop(old)
		}
	}
}

func (c *statements) drop(s *stmt) {
	c.order.Remove(s.element)
	delete(c.byText, s.text)
	c.size -= len(s.text)
	s.Finalize()
}

// each runs a single statement and calls row, when it is not nil, for each of its rows.
func (c *statements) each(text string, row func(*stmt) error, args ...any) error {
	s := c.cached(text)
	if s == nil {
		var err error
		if s, _, err = c.prepare(text); err != nil {
			return err
		}
	}
	defer c.release(s, true)
	for i, a := range args {
		var err error
		switch a := a.(type) {
		case string:
			err = s.BindText(i+1, a)
		case []byte:
			err = s.BindBlob(i+1, a)
		case int:
			err = s.BindInt(i+1, int64(a))
		case float64:
			err = s.BindFloat(i+1, a)
		}
		if err != nil {
			return err
		}
	}
	for {
		more, err := s.Step()
		if err != nil || !more {
			return err
		}
		if row != nil {
			if err := row(s); err != nil {
				return err
			}
		}
	}
}

// close frees every statement; those in use must have been released.
func (c *statements) close() {
	for e := c.order.Front(); e != nil; e = e.Next() {
		e.Value.(*stmt).Finalize()
	}
	c.byText, c.size = map[string]*stmt{}, 0
	c.order.Init()
}
