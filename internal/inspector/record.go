package inspector

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
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
	Class  string // of the object whose code logged it, if that is known
	Object string // its id
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
	class   string
	object  string
}

func (t *tee) Enabled(context.Context, slog.Level) bool { return true }

func (t *tee) Handle(ctx context.Context, rec slog.Record) error {
	one := LogRecord{Time: rec.Time, Level: rec.Level, Class: t.class, Object: t.object}
	text := rec.Message
	if label, rest, ok := strings.Cut(text, "] "); ok && strings.HasPrefix(label, "[") && slices.Contains(t.workers, label[1:]) {
		one.Worker, text = label[1:], rest
	}
	var b strings.Builder
	b.WriteString(strings.TrimRight(text, "\n"))
	b.WriteString(t.attrs)
	rec.Attrs(func(a slog.Attr) bool {
		if id := t.add(&b, a); id != "" && one.Object == "" {
			one.Object = id
		}
		return true
	})
	one.Text = b.String()
	t.record.note(one)
	if t.next.Enabled(ctx, rec.Level) {
		return t.next.Handle(ctx, rec)
	}
	return nil
}

// add writes an attribute. It returns the id of an object that a program names itself, as it must on Cloudflare.
func (t *tee) add(b *strings.Builder, a slog.Attr) (id string) {
	if a.Equal(slog.Attr{}) {
		return ""
	}
	value := a.Value.Resolve().String()
	fmt.Fprintf(b, " %s%s=%s", t.prefix, a.Key, value)
	if objectID.MatchString(value) {
		return value
	}
	return ""
}

var objectID = regexp.MustCompile(`^[0-9a-f]{64}$`)

// WithAttrs implements slog.Handler. The host's loggers have the class and the id of the object whose code runs.
func (t *tee) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *t
	with.next = t.next.WithAttrs(attrs)
	if len(attrs) == 2 && attrs[0].Key == "class" && attrs[1].Key == "id" && t.prefix == "" {
		with.class, with.object = attrs[0].Value.String(), attrs[1].Value.String()
		return &with
	}
	var b strings.Builder
	b.WriteString(t.attrs)
	for _, a := range attrs {
		if id := t.add(&b, a); id != "" && with.object == "" {
			with.object = id
		}
	}
	with.attrs = b.String()
	return &with
}

func (t *tee) WithGroup(name string) slog.Handler {
	with := *t
	with.next, with.prefix = t.next.WithGroup(name), t.prefix+name+"."
	return &with
}
