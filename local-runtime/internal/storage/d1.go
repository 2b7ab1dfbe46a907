package storage

import (
	"math"
	"regexp"
	"sort"
	"strings"
	"sync"
	"time"

	"grove.place/lattice/internal/abi"
)

// Statement is a SQL statement for D1 with its bindings.
type Statement struct {
	SQL  string
	Args []abi.Value
}

// Result is what D1 answers to one statement.
type Result struct {
	Columns []string
	Rows    [][]abi.Value
	Meta    abi.Value
}

// D1 is a D1 database. Locally, on workerd, that is a Durable Object's SQL behind a JSON protocol, so it is a DB here
// with what the protocol does to statements and values. It may be used by several goroutines.
type D1 struct {
	mu       sync.Mutex
	db       *DB
	now      func() time.Time
	simulate func() // nil: not simulated
	closed   bool
}

// OpenD1 opens the database in the file at path; an empty path means memory.
func OpenD1(path string) (*D1, error) {
	db, err := Open(path)
	if err != nil {
		return nil, err
	}
	return &D1{db: db, now: time.Now}, nil
}

// Simulate is DB.Simulate; the durations in results are of that clock as well.
func (d *D1) Simulate(now func() time.Time, random func([]byte)) {
	d.now = now
	d.simulate = func() { d.db.Simulate(now, random) }
	d.simulate()
}

// Close closes the database.
func (d *D1) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	return d.db.Close()
}

// Bookmark is a bookmark of what was committed.
func (d *D1) Bookmark() (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.db.Bookmark()
}

// Run executes statements in one transaction, all or nothing; mode is one of the ABI's D1 modes.
func (d *D1) Run(mode byte, statements []Statement) ([]Result, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed { // running would open the file again, under whoever owns it now
		return nil, abi.Errorf("D1_ERROR: the database was closed: its host is shutting down")
	}
	switch mode {
	case abi.D1Run, abi.D1Raw, abi.D1Batch:
		results, err := d.all(statements)
		if err != nil {
			return nil, prefixed("D1_ERROR: ", err)
		}
		for i := range results {
			if mode == abi.D1Raw {
				results[i].Meta = nil
			} else {
				results[i] = Keyed(results[i])
			}
		}
		return results, nil
	case abi.D1Exec:
		var text strings.Builder
		for _, s := range statements {
			text.WriteString(s.SQL + "\n")
		}
		return d.exec(text.String())
	}
	return nil, abi.Errorf("D1_ERROR: unknown mode %d", mode)
}

// exec runs each line of text as a statement. Whatever line fails, D1 names the first, because it sends all at once.
func (d *D1) exec(text string) ([]Result, error) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	statements := make([]Statement, len(lines))
	for i, line := range lines {
		statements[i].SQL = line
	}
	started := d.now()
	results, err := d.all(statements)
	if err != nil {
		return nil, prefixed("D1_EXEC_ERROR: Error in line 1: "+lines[0]+": ", err)
	}
	meta := abi.Object{{Name: "count", Value: int64(len(results))}, {Name: "duration", Value: milliseconds(d.now().Sub(started))}}
	return []Result{{Meta: meta}}, nil
}

var comments = regexp.MustCompile(`(?m)^\s*--.*`)

// all runs the statements that are not empty.
func (d *D1) all(statements []Statement) ([]Result, error) {
	var kept []Statement
	for _, s := range statements {
		if strings.TrimSpace(comments.ReplaceAllString(s.SQL, "")) != "" {
			kept = append(kept, s)
		}
	}
	if len(kept) == 0 {
		return nil, abi.Errorf("No SQL statements detected.")
	}
	results := make([]Result, 0, len(kept))
	err := d.transaction(func() error {
		for _, s := range kept {
			r, err := d.one(s)
			if err != nil {
				return err
			}
			results = append(results, r)
		}
		return nil
	})
	return results, err
}

// transaction runs f, and commits, or undoes everything when f fails.
func (d *D1) transaction(f func() error) error {
	if err := d.reopen(); err != nil {
		return err
	}
	if err := d.db.Savepoint(); err != nil {
		return err
	}
	if err := f(); err != nil {
		if e := d.db.Rollback(); e != nil {
			return e
		}
		return err
	}
	if err := d.db.Release(); err != nil {
		return err
	}
	return d.db.Commit()
}

// reopen starts anew after a failure that the connection did not survive, as workerd does with the object behind D1.
func (d *D1) reopen() error {
	if d.db.Broken() == nil {
		return nil
	}
	path := d.db.path
	if path == "" { // memory: only the transaction is gone
		d.db.broken, d.db.inTx, d.db.dirty, d.db.savepoints = nil, false, false, nil
		return nil
	}
	d.db.Close()
	db, err := Open(path)
	if err != nil {
		return err
	}
	d.db = db
	if d.simulate != nil {
		d.simulate()
	}
	return nil
}

func (d *D1) one(s Statement) (Result, error) {
	db := d.db
	args := make([]abi.Value, len(s.Args))
	for i, a := range s.Args {
		args[i] = throughJSON(a)
	}
	size, err := db.Size()
	if err != nil {
		return Result{}, err
	}
	changes, last := db.conn.TotalChanges(), db.conn.LastInsertRowID()
	started := d.now()
	columns, page, err := db.Exec(s.SQL, args, math.MaxInt)
	if err != nil {
		return Result{}, err
	}
	took := milliseconds(d.now().Sub(started))
	for _, row := range page.Rows {
		for i, v := range row {
			row[i] = throughJSON(v)
		}
	}
	sizeAfter, err := db.Size()
	if err != nil {
		return Result{}, err
	}
	changed := db.conn.TotalChanges() - changes
	lastAfter := db.conn.LastInsertRowID()
	return Result{columns, page.Rows, abi.Object{
		{Name: "served_by", Value: "local.db"},
		{Name: "served_by_primary", Value: true},
		{Name: "total_attempts", Value: int64(1)},
		{Name: "timings", Value: abi.Object{{Name: "sql_duration_ms", Value: took}}},
		{Name: "duration", Value: took},
		{Name: "changes", Value: int64(changed)},
		{Name: "last_row_id", Value: number53(lastAfter)},
		{Name: "changed_db", Value: changed != 0 || lastAfter != last || sizeAfter != size},
		{Name: "size_after", Value: sizeAfter},
		{Name: "rows_read", Value: int64(page.RowsRead)},
		{Name: "rows_written", Value: int64(page.RowsWritten)},
	}}, nil
}

// throughJSON does to a value what D1's protocol does: a number that JSON lacks is null, and a boolean is a number.
func throughJSON(v abi.Value) abi.Value {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
		return v + 0 // −0 + 0 is 0
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	}
	return v
}

// Keyed turns columns and rows into what rows as JavaScript objects have: each name once, with its last value, integers
// first and ascending; and no columns when there is no row to have keys.
func Keyed(r Result) Result {
	if len(r.Rows) == 0 {
		r.Columns = nil
		return r
	}
	last := map[string]int{}
	var names []string
	for i, name := range r.Columns {
		if _, ok := last[name]; !ok {
			names = append(names, name)
		}
		last[name] = i
	}
	sort.SliceStable(names, func(i, j int) bool {
		a, aIndex := arrayIndex(names[i])
		b, bIndex := arrayIndex(names[j])
		return aIndex && (!bIndex || a < b)
	})
	for i, row := range r.Rows {
		out := make([]abi.Value, len(names))
		for k, name := range names {
			out[k] = row[last[name]]
		}
		r.Rows[i] = out
	}
	r.Columns = names
	return r
}

// arrayIndex reports whether JavaScript orders the property name as an integer.
func arrayIndex(name string) (n uint64, ok bool) {
	if name == "" || len(name) > 10 || len(name) > 1 && name[0] == '0' {
		return 0, false
	}
	for _, c := range []byte(name) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, n < 1<<32-1
}

func prefixed(prefix string, err error) error {
	e := *asError(err)
	e.Message = prefix + e.Message
	return &e
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
