package inspector

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	local "grove.place/lattice/local-runtime"
)

const (
	maxEvents  = 2000
	maxRecords = 2000
	maxText    = 8 << 10 // of a record
)

// Record is what has happened lately: events of Workers, and records of their logs.
type Record struct {
	changed func(kind string) // may be nil

	mu      sync.Mutex
	events  ring[local.Event]
	records ring[LogRecord]
}

// LogRecord is a record of the log.
type LogRecord struct {
	Time   time.Time
	Level  slog.Level
	Worker string // in whose name it was logged, where there are several
	Text   string // message and attributes
	Object string // id of the object, if that is known
}

// NewRecord returns an empty record.
func NewRecord() *Record {
	return &Record{events: ring[local.Event]{size: maxEvents}, records: ring[LogRecord]{size: maxRecords}}
}

// Observe notes an event; it is for local.Options.
func (r *Record) Observe(e local.Event) {
	r.mu.Lock()
	r.events.add(e)
	changed := r.changed
	r.mu.Unlock()
	if changed != nil {
		changed("requests")
	}
}

func (r *Record) note(one LogRecord) {
	if len(one.Text) > maxText {
		one.Text = strings.ToValidUTF8(one.Text[:maxText], "") + "…"
	}
	r.mu.Lock()
	r.records.add(one)
	changed := r.changed
	r.mu.Unlock()
	if changed != nil {
		changed("logs")
	}
}

// Events returns the events, the newest first.
func (r *Record) Events() []local.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.events.newest()
}

// Logs returns the records, the newest first.
func (r *Record) Logs() []LogRecord {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.records.newest()
}

// ring keeps the last size entries.
type ring[T any] struct {
	size int
	all  []T
	next int
}

func (r *ring[T]) add(v T) {
	if len(r.all) < r.size {
		r.all = append(r.all, v)
		return
	}
	r.all[r.next] = v
	r.next = (r.next + 1) % r.size
}

func (r *ring[T]) newest() []T {
	list := slices.Concat(r.all[r.next:], r.all[:r.next])
	slices.Reverse(list)
	return list
}

// Tee returns a logger that notes what it writes, and debug messages as well, which next may leave out. Workers are named by a label at the beginning of
// the message: [name].
func (r *Record) Tee(next *slog.Logger, workers []string) *slog.Logger {
	return slog.New(&tee{next: next.Handler(), record: r, workers: workers})
}

type tee struct {
	next    slog.Handler
	record  *Record
	workers []string
	prefix  string
	attrs   string
	object  string
}

func (t *tee) Enabled(context.Context, slog.Level) bool { return true }

func (t *tee) Handle(ctx context.Context, rec slog.Record) error {
	one := LogRecord{Time: rec.Time, Level: rec.Level, Object: t.object}
	text := rec.Message
	if label, rest, ok := strings.Cut(text, "] "); ok && strings.HasPrefix(label, "[") && slices.Contains(t.workers, label[1:]) {
		one.Worker, text = label[1:], rest
	}
	var b strings.Builder
	b.WriteString(strings.TrimRight(text, "\n"))
	b.WriteString(t.attrs)
	rec.Attrs(func(a slog.Attr) bool {
		one.Object = t.add(&b, a, one.Object)
		return true
	})
	one.Text = b.String()
	t.record.note(one)
	if t.next.Enabled(ctx, rec.Level) {
		return t.next.Handle(ctx, rec)
	}
	return nil
}

// add writes an attribute, and returns the id of the object if the attribute names it.
func (t *tee) add(b *strings.Builder, a slog.Attr, object string) string {
	if a.Equal(slog.Attr{}) {
		return object
	}
	value := a.Value.Resolve().String()
	fmt.Fprintf(b, " %s%s=%s", t.prefix, a.Key, value)
	if a.Key == "id" && t.prefix == "" {
		return value
	}
	return object
}

func (t *tee) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *t
	with.next = t.next.WithAttrs(attrs)
	var b strings.Builder
	b.WriteString(t.attrs)
	for _, a := range attrs {
		with.object = t.add(&b, a, with.object)
	}
	with.attrs = b.String()
	return &with
}

func (t *tee) WithGroup(name string) slog.Handler {
	with := *t
	with.next, with.prefix = t.next.WithGroup(name), t.prefix+name+"."
	return &with
}
