package storage

import (
	"slices"

	"grove.place/lattice/local-runtime/internal/storage/sqlite"
)

// effects is what the authorizer learned about a statement, to count rows with. workerd counts in the opcodes of a
// patched SQLite; here rowsRead and rowsWritten are estimates that are right for plain statements on one table.
type effects struct {
	reads   bool   // a column of some table
	op      int    // the first of OpInsert, OpUpdate and OpDelete, or 0
	table   string // of op
	columns []string
	schema  bool // tables or indexes come, go or change

	weight int // entries written for each row, as of version
	asOf   int
}

// note records what a statement does while it is compiled.
func (e *effects) note(a sqlite.Action) {
	switch a.Op {
	case sqlite.OpRead:
		e.reads = e.reads || a.Arg2 != "" || a.HasArg2
	case sqlite.OpInsert, sqlite.OpUpdate, sqlite.OpDelete:
		if e.op == 0 {
			e.op, e.table = a.Op, a.Arg1
		}
		if a.Op == sqlite.OpUpdate && e.op == a.Op && e.table == a.Arg1 {
			e.columns = append(e.columns, a.Arg2)
		}
	case sqlite.OpCreateTable, sqlite.OpCreateIndex, sqlite.OpDropTable, sqlite.OpDropIndex, sqlite.OpAlterTable, sqlite.OpCreateVTable:
		e.schema = true
	}
}

// entries returns how many entries a statement writes for each row that it changes: one in the table, and one in every
// index that it touches. A deletion counts once.
func (d *DB) entries(e *effects) int {
	if e.schema {
		d.version++ // the next statement looks at the indexes again
	}
	if e.op != sqlite.OpInsert && e.op != sqlite.OpUpdate {
		return 1
	}
	if e.weight > 0 && e.asOf == d.version {
		return e.weight
	}
	touched := map[string]bool{}
	err := d.query("SELECT l.name, i.name FROM pragma_index_list(?1) AS l, pragma_index_info(l.name) AS i"+
		" WHERE l.origin <> 'pk' OR NOT (SELECT wr FROM pragma_table_list(?1) LIMIT 1)", func(s *stmt) error {
		if e.op == sqlite.OpInsert || slices.Contains(e.columns, s.Text(1)) {
			touched[s.Text(0)] = true
		}
		return nil
	}, e.table)
	if err != nil {
		return 1
	}
	e.weight, e.asOf = 1+len(touched), d.version
	return e.weight
}

// count settles the counts of a statement that has ended.
func (d *DB) count(c *cursor, s *stmt) {
	changed := uint64(d.conn.TotalChanges() - c.changes)
	if !s.readOnly {
		c.written = changed * uint64(d.entries(&s.effects))
	}
	returned := c.read
	switch {
	case !s.effects.reads:
		returned = 0
	case s.effects.op == sqlite.OpUpdate || s.effects.op == sqlite.OpDelete:
		returned = max(changed, 1)
	case s.effects.op == 0:
		returned = max(returned, 1)
	}
	c.read = returned
	if steps := uint64(s.ScanSteps()); steps > 0 {
		c.read = max(returned, steps+1)
	}
	if s.Sorts() > 0 {
		c.read *= 2 // every row goes into the sorter and comes out
	}
}
