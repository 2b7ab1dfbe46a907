// Package outbox carries what Grove's objects have decided to D1. A row is written in the same turn as what it tells of, so that what an
// object has acknowledged is on its way even if the object dies; a task flushes the rows later, in order.
//
// The one idea: rows are put into batches, and a batch keeps its rows and its number until D1 has it. A batch is one D1 transaction that also inserts
// its number into applied_batches; sent a second time, because an answer was lost, it fails there and changes nothing. So D1 has each row's effect exactly
// once. Start with Add and Flush.
package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers/d1"
)

// Table is the migration that an object using an Outbox has among its own. The numbers of rows begin with the time: an object that has forgotten
// everything, and begins anew, must not use those that D1 knows from before.
const Table = `CREATE TABLE outbox (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	batch INTEGER,                    -- the last seq of the batch it is in; NULL: in none yet
	kind TEXT NOT NULL,
	payload TEXT NOT NULL,            -- JSON
	attempts INTEGER NOT NULL DEFAULT 0,
	created_at INTEGER NOT NULL
);
INSERT INTO outbox (seq, kind, payload, created_at) VALUES (unixepoch() * 1000, '', '', 0);
DELETE FROM outbox;`

const (
	// maxBatch is how many rows one D1 transaction carries.
	maxBatch = 50
	// maxAttempts is how often a row that D1 refuses by itself is tried.
	maxAttempts = 5
)

// Apply turns the payload of a row into the D1 statements that have its effect. It may read the object's storage, and must do no other I/O.
type Apply func(ctx context.Context, row Row) ([]d1.Stmt, error)

// Row is a row on its way to D1. Seq grows with every row of the object, also over restarts: later states have larger ones.
type Row struct {
	Seq     int64  `json:"seq"`
	Kind    string `json:"kind"`
	Payload string `json:"payload"`

	Attempts  int   `json:"attempts"`
	CreatedAt int64 `json:"created_at"` // ms
}

// Decode stores the payload in dest, a pointer.
func (r Row) Decode(dest any) error { return json.Unmarshal([]byte(r.Payload), dest) }

// Sent hears of rows that D1 has. It runs in the transaction that removes them from the outbox, and must do no other I/O than storage.
type Sent func(ctx context.Context, rows []Row) error

// Outbox is the outbox of one object.
type Outbox struct {
	storage  *durables.Storage
	db       d1.DB
	source   string
	kinds    map[string]Apply
	sent     Sent
	flushing sync.Mutex
}

// New returns an outbox over an object's storage. source names the object among all that write to the database.
func New(storage *durables.Storage, db d1.DB, source string) *Outbox {
	return &Outbox{storage: storage, db: db, source: source, kinds: map[string]Apply{}}
}

// Handle sets what rows of a kind do. Call it in the constructor, for every kind there may be.
func (o *Outbox) Handle(kind string, apply Apply) { o.kinds[kind] = apply }

// OnSent sets what is done when D1 has rows. Rows that D1 refused for good are not among them. Call it in the constructor.
func (o *Outbox) OnSent(f Sent) { o.sent = f }

// Withdraw takes a row back that no flush has begun to send, and reports whether it did. What may have reached D1 stays.
func (o *Outbox) Withdraw(ctx context.Context, seq int64) (bool, error) {
	_, found, err := durables.First[int](ctx, o.storage.SQL(), `DELETE FROM outbox WHERE seq = ? AND batch IS NULL RETURNING 1`, seq)
	if err != nil {
		return false, fmt.Errorf("outbox: %w", err)
	}
	return found, nil
}

// Add puts a row into the outbox and returns its sequence number. It does no I/O but storage: call it next to the write that it tells of.
func (o *Outbox) Add(ctx context.Context, kind string, payload any) (int64, error) {
	if o.kinds[kind] == nil {
		return 0, fmt.Errorf("outbox: nothing handles rows of kind %q: call Handle in the constructor", kind)
	}
	text, err := json.Marshal(payload)
	if err != nil {
		return 0, fmt.Errorf("outbox: %s: %w", kind, err)
	}
	seq, err := durables.One[int64](ctx, o.storage.SQL(), `INSERT INTO outbox (kind, payload, created_at) VALUES (?, ?, ?) RETURNING seq`,
		kind, string(text), time.Now())
	if err != nil {
		return 0, fmt.Errorf("outbox: %w", err)
	}
	return seq, nil
}

// Letter is a row that D1 refused and that is to be tried again, as dead_letters has it.
type Letter struct {
	Seq     int64  `json:"seq"`
	Kind    string `json:"kind"`
	Payload string `json:"payload"` // JSON
}

// Requeue puts a row back that was put aside as a dead letter, with the sequence number that it had: it changes nothing that came later.
func (o *Outbox) Requeue(ctx context.Context, l Letter) error {
	if o.kinds[l.Kind] == nil {
		return durables.TypeError(fmt.Sprintf("outbox: nothing handles rows of kind %q", l.Kind))
	}
	if _, err := o.storage.SQL().Exec(ctx, `INSERT OR IGNORE INTO outbox (seq, kind, payload, created_at) VALUES (?, ?, ?, ?)`, l.Seq, l.Kind, l.Payload, time.Now()); err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	return nil
}

// Restart has the rows from now on numbered from the time in milliseconds. Call it when an object's storage was lost or restored to an earlier time: numbers
// that D1 has seen must not come again, for it would take what they tell of for known.
func (o *Outbox) Restart(ctx context.Context) error {
	seq, err := durables.One[int64](ctx, o.storage.SQL(), `INSERT INTO outbox (seq, kind, payload, created_at) VALUES (max(?1, (SELECT coalesce(max(seq), 0) + 1 FROM outbox)), '', '', 0)
		RETURNING seq`, time.Now().UnixMilli())
	if err == nil {
		_, err = o.storage.SQL().Exec(ctx, `DELETE FROM outbox WHERE seq = ?`, seq)
	}
	if err != nil {
		return fmt.Errorf("outbox: restart: %w", err)
	}
	return nil
}

// Backlog is what has not reached D1.
type Backlog struct {
	Rows   int64 `json:"rows"`
	Oldest int64 `json:"oldest"` // when the oldest was added, milliseconds; 0 without rows
}

// Backlog says how much has not reached D1.
func (o *Outbox) Backlog(ctx context.Context) (Backlog, error) {
	b, err := durables.One[Backlog](ctx, o.storage.SQL(), `SELECT count(*) AS rows, coalesce(min(created_at), 0) AS oldest FROM outbox`)
	if err != nil {
		return b, fmt.Errorf("outbox: %w", err)
	}
	return b, nil
}

// Flush sends what was in the outbox when it began. It returns nil when all of that has reached D1 or, refused by D1 time and again, the
// table dead_letters. On an error everything not yet acknowledged stays for the next flush, also while D1 lacks a table or a column that a later migration makes.
// Only one flush runs at a time; another waits for it, and then sends what is left.
func (o *Outbox) Flush(ctx context.Context) error {
	o.flushing.Lock()
	defer o.flushing.Unlock()
	last, err := durables.One[*int64](ctx, o.storage.SQL(), `SELECT max(seq) FROM outbox`)
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	for last != nil {
		rows, err := o.nextBatch(ctx)
		if err != nil {
			return err
		}
		if len(rows) == 0 || rows[0].Seq > *last {
			return nil
		}
		if err := o.send(ctx, rows); err != nil {
			return err
		}
	}
	return nil
}

// nextBatch returns the first batch: the one that was sent before, or a new one.
func (o *Outbox) nextBatch(ctx context.Context) ([]Row, error) {
	sql := o.storage.SQL()
	_, err := sql.Exec(ctx, `UPDATE outbox SET batch = (SELECT max(seq) FROM (SELECT seq FROM outbox ORDER BY seq LIMIT ?))
		WHERE seq IN (SELECT seq FROM outbox ORDER BY seq LIMIT ?)
		AND NOT EXISTS (SELECT 1 FROM outbox WHERE batch IS NOT NULL)`, maxBatch, maxBatch)
	if err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	rows, err := durables.All[Row](ctx, sql, `SELECT seq, kind, payload, attempts, created_at FROM outbox
		WHERE batch = (SELECT min(batch) FROM outbox WHERE batch IS NOT NULL) ORDER BY seq`)
	if err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	return rows, nil
}

// send writes a batch to D1 and removes it here once D1 has it.
func (o *Outbox) send(ctx context.Context, rows []Row) error {
	batch := rows[len(rows)-1].Seq
	err := o.write(ctx, rows)
	switch {
	case err == nil:
	case alreadyApplied(err):
		slog.InfoContext(ctx, "batch was applied before", "source", o.source, "batch", batch)
	case !refused(err):
		return fmt.Errorf("outbox: batch %d: %w", batch, err)
	case len(rows) > 1:
		return o.split(ctx, batch)
	default:
		return o.refuse(ctx, rows[0], err)
	}
	err = o.storage.TransactionSync(ctx, func(ctx context.Context) error {
		if _, err := o.storage.SQL().Exec(ctx, `DELETE FROM outbox WHERE batch = ?`, batch); err != nil || o.sent == nil {
			return err
		}
		return o.sent(ctx, rows)
	})
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	return nil
}

// batchID names a batch in D1. The time tells it from one of the same number that the object sent before it lost its storage and began anew.
func batchID(rows []Row) string {
	last := rows[len(rows)-1]
	return fmt.Sprintf("%d.%d", last.Seq, last.CreatedAt)
}

func (o *Outbox) write(ctx context.Context, rows []Row) error {
	statements := []d1.Stmt{o.db.Prepare(`INSERT INTO applied_batches (source, batch_id, applied_at) VALUES (?, ?, ?)`).
		Bind(o.source, batchID(rows), time.Now())}
	for _, row := range rows {
		more, err := o.apply(ctx, row)
		if err != nil {
			return err
		}
		statements = append(statements, more...)
	}
	_, err := o.db.Batch(ctx, statements...)
	return err
}

var errPoison = errors.New("the row cannot be applied")

func (o *Outbox) apply(ctx context.Context, row Row) ([]d1.Stmt, error) {
	apply := o.kinds[row.Kind]
	if apply == nil {
		return nil, fmt.Errorf("%w: nothing handles rows of kind %q", errPoison, row.Kind)
	}
	statements, err := apply(ctx, row)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPoison, err)
	}
	return statements, nil
}

// split makes every row of a refused batch a batch of its own, so that one bad row does not hold up the others. D1 has rolled the batch back: none of
// it was applied.
func (o *Outbox) split(ctx context.Context, batch int64) error {
	if _, err := o.storage.SQL().Exec(ctx, `UPDATE outbox SET batch = seq WHERE batch = ?`, batch); err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	return nil
}

// refuse counts a refusal, and puts a row that was refused too often out of the way.
func (o *Outbox) refuse(ctx context.Context, row Row, cause error) error {
	row.Attempts++
	if row.Attempts < maxAttempts {
		if _, err := o.storage.SQL().Exec(ctx, `UPDATE outbox SET attempts = ? WHERE seq = ?`, row.Attempts, row.Seq); err != nil {
			return fmt.Errorf("outbox: %w", err)
		}
		return fmt.Errorf("outbox: row %d, attempt %d: %w", row.Seq, row.Attempts, cause)
	}
	_, err := o.db.Prepare(`INSERT OR IGNORE INTO dead_letters (source, seq, kind, payload, error, attempts, died_at) VALUES (?, ?, ?, ?, ?, ?, ?)`).
		Bind(o.source, row.Seq, row.Kind, row.Payload, cause.Error(), row.Attempts, time.Now()).Run(ctx)
	if err != nil {
		return fmt.Errorf("outbox: dead letter %d: %w", row.Seq, err)
	}
	slog.ErrorContext(ctx, "row refused by the database and put aside", "source", o.source, "seq", row.Seq, "kind", row.Kind, "error", cause)
	if _, err := o.storage.SQL().Exec(ctx, `DELETE FROM outbox WHERE seq = ?`, row.Seq); err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	return nil
}

func alreadyApplied(err error) bool {
	return strings.Contains(err.Error(), "UNIQUE constraint failed: applied_batches.")
}

// refused reports whether D1 would refuse the statements again: what is wrong is in them, not on the way.
func refused(err error) bool {
	if errors.Is(err, errPoison) {
		return true
	}
	if unmigrated(err) {
		return false
	}
	for _, sign := range []string{"constraint failed", "SQLITE_CONSTRAINT", "SQLITE_ERROR", "SQLITE_MISMATCH", "SQLITE_TOOBIG", "no such ", "syntax error"} {
		if strings.Contains(err.Error(), sign) {
			return true
		}
	}
	return false
}

// unmigrated reports whether D1 lacks a table or a column that the statements name: the program was deployed before the migration that makes it. No row is to
// blame, and all of them can be applied once the migration has run.
func unmigrated(err error) bool {
	for _, sign := range []string{"no such table", "no such column", "has no column named"} {
		if strings.Contains(err.Error(), sign) {
			return true
		}
	}
	return false
}
