package local

import (
	"fmt"
	"math"
	"strings"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/codec"
	"grove.place/lattice/local-runtime/internal/clock"
	"grove.place/lattice/local-runtime/internal/host"
	"grove.place/lattice/local-runtime/internal/storage"
)

// Event is something that ran in a Worker or in one of its objects; Options.Observe hears of it when it has ended:
//
//	Number, Cause uint64        // within the session; Cause is the Number of the event that called it, or 0 when it came from outside
//	Worker        string
//	Kind          string        // request, fetch, rpc, alarm, scheduled, queue, message, close or error
//	Name          string        // method and path, method, cron expression or queue
//	Class, ID     string        // of the object that it ran in; empty: it ran in the Worker
//	Object        string        // name of the object, if that is known
//	Began         time.Time
//	Took          time.Duration
//	Status        int           // of a response
//	Failed        string        // why it failed; empty: it did not
//
// Options.Spans hears of events of the kinds operation and outbound besides, which Observe does not, and whose Attributes say more.
//
// A host with Options.Spans sets Trace, Span, CauseSpan and Remote as well: identifiers of OpenTelemetry, the last of the caller outside of the session.
type Event = host.Event

// Alarm is an alarm that will go off:
//
//	Class, ID, Name string    // of the object; the name if it is known
//	At              time.Time
//	Retries         int       // failed runs so far
//	Running         bool      // its handler runs
type Alarm = host.AlarmInfo

// Isolate describes one of the isolates that a host runs:
//
//	Index   int
//	Started bool  // its Go instance runs
//	Memory  int64 // bytes of it
//	Objects int   // in memory
//	Events  int   // that have not ended
//	Busy    bool  // it has been running for a while without waiting for anything
type Isolate = host.IsolateInfo

// Queue describes a queue that the Worker binds or consumes:
//
//	Name      string
//	Consumer  string   // name of the Worker that consumes it; empty: none that runs here
//	Letters   string   // its dead letter queue
//	LettersOf []string // the queues whose dead letters come here
//	Messages  int      // that are in it
type Queue = host.QueueInfo

// AdjustableClock runs with the machine's clock until it is frozen or moved: the clock of a development server.
//
//	Now() time.Time
//	Advance(d time.Duration)                        // moves it forward, timers and alarms firing on the way
//	Freeze()
//	Resume()                                        // lets it go on from where it stands
//	Reset()                                         // back to the machine's time
//	Frozen() (frozen bool, ahead time.Duration)     // ahead is how far it is before the machine's
//
// AfterFunc and OnAdvance are for the host.
type AdjustableClock = clock.Adjustable

// NewAdjustableClock returns a clock that runs with the machine's.
func NewAdjustableClock() *AdjustableClock { return clock.NewAdjustable() }

// Name returns the name of the Worker.
func (h *Host) Name() string { return h.current().Name() }

// Classes lists the Worker's Durable Object classes.
func (h *Host) Classes() []string { return h.current().Classes() }

// Alarms lists the alarms of all objects, the next first.
func (h *Host) Alarms() []Alarm { return h.current().Alarms() }

// Isolates describes the isolates of the Worker, with their memory.
func (h *Host) Isolates() []Isolate { return h.current().Isolates() }

// Queues lists the queues that the Worker binds or consumes, by name.
func (h *Host) Queues() ([]Queue, error) { return h.current().Queues() }

// Message is a message of a queue.
type Message struct {
	ID       string
	Body     any // as Entry.Value
	Sent     time.Time
	Attempts int       // deliveries that failed
	Visible  time.Time // before this it is not delivered
}

// Peek returns the first messages of a queue in the order in which they are delivered, and leaves them there.
func (h *Host) Peek(queue string, limit int) (list []Message, err error) {
	messages, err := h.current().Peek(queue, limit)
	for _, m := range messages {
		list = append(list, Message{m.ID, codec.Natural(m.Body), milliseconds(m.Timestamp), m.Attempts, milliseconds(m.Visible)})
	}
	return list, err
}

func milliseconds(ms float64) time.Time { return time.UnixMilli(int64(ms)).UTC() }

// RetryMessage has a message delivered anew, at once: a dead letter goes back to the queue that it comes from, and any other no longer waits for its delay.
// It returns the queue that the message is in then.
func (h *Host) RetryMessage(queue, id string) (to string, err error) {
	return h.current().RetryMessage(queue, id)
}

// DropMessage removes a message from a queue.
func (h *Host) DropMessage(queue, id string) error { return h.current().DropMessage(queue, id) }

// Delete removes an object with all that it has stored, its alarm and its facets. What runs in it fails and its WebSockets are disconnected. It reports
// false when there was nothing to remove.
func (h *Host) Delete(class, object string) (bool, error) { return h.current().Delete(class, object) }

// SendSocket sends a text through a hibernating WebSocket, which Socket.Number names: to the object as its client would, or to the client as the object would.
func (h *Host) SendSocket(class, object string, number uint64, toObject bool, text string) error {
	return h.current().SendSocket(class, object, number, toObject, text)
}

// CloseSocket closes a hibernating WebSocket for both, its object and its client.
func (h *Host) CloseSocket(class, object string, number uint64, code int, reason string) error {
	return h.current().CloseSocket(class, object, number, code, reason)
}

// OpenSocket is a WebSocket that is open in the Worker or in one of its objects, in whichever way it was accepted: a Socket, and
//
//	Ref       string // names it for SendOpen and CloseOpen
//	Class, ID string // of the object; empty: the Worker's
//	Name      string // of the object, if that is known
//	Ordinary  bool   // it does not hibernate: one of Accept, or one that the program has opened
type OpenSocket = host.OpenSocket

// OpenSockets lists the open WebSockets of the Worker and of its objects.
func (h *Host) OpenSockets() []OpenSocket { return h.current().OpenSockets() }

// SendOpen sends a text through a WebSocket, which OpenSocket.Ref names: to the Worker or object that has it as the other end would, or to the other end.
func (h *Host) SendOpen(ref string, toOwner bool, text string) error {
	return h.current().SendOpen(ref, toOwner, text)
}

// CloseOpen closes a WebSocket for both ends.
func (h *Host) CloseOpen(ref string, code int, reason string) error {
	return h.current().CloseOpen(ref, code, reason)
}

// Store describes a D1 database, KV namespace or R2 bucket that the Worker binds:
//
//	Kind    string // d1, kv or r2
//	Binding string
//	Name    string // id of the database or namespace, name of the bucket
//	Remote  bool   // it is not kept here
type Store = host.StoreInfo

// Stores lists the D1 databases, KV namespaces and R2 buckets that the Worker binds. Their descriptors reach them through Context.
func (h *Host) Stores() []Store { return h.current().Stores() }

// ExecuteDatabase runs SQL in the D1 database of a binding and commits it. At most 1000 rows come back.
func (h *Host) ExecuteDatabase(binding, query string) (Result, error) {
	w, err := h.current().ExecuteDatabase(binding, query)
	return Result{w.Columns, naturalRows(w.Rows), w.Read, w.Written}, err
}

// ErrReadOnly is the error of Storage's methods for a statement that writes. Host.Execute runs it.
var ErrReadOnly error = storage.ErrSnapshot

// Result is what a statement gave.
type Result struct {
	Columns     []string `json:"columns"`
	Rows        [][]any  `json:"rows"` // as in Storage.Query
	RowsRead    uint64   `json:"rowsRead"`
	RowsWritten uint64   `json:"rowsWritten"`
}

// Execute runs SQL in what an object has stored and commits it, whether the object is in memory or not: an object in memory is not told, so evict it when it
// keeps what it has read. At most 1000 rows come back.
func (h *Host) Execute(class, object, query string) (Result, error) {
	w, err := h.current().Execute(class, object, query)
	return Result{w.Columns, naturalRows(w.Rows), w.Read, w.Written}, err
}

// longestRead is how long a statement of Read may take.
const longestRead = 10 * time.Second

// Read runs SQL that reads, and returns at most so many rows; SQL that writes fails with ErrReadOnly, and what takes longer than ten seconds is stopped.
func (s *Storage) Read(query string, limit int) (r Result, err error) {
	err = s.with(func(store *storage.DB) error {
		columns, page, err := store.ExecWithin(longestRead, query, limit)
		r = Result{columns, naturalRows(page.Rows), page.RowsRead, page.RowsWritten}
		return err
	})
	return r, err
}

func naturalRows(rows [][]abi.Value) [][]any {
	list := make([][]any, len(rows))
	for i, row := range rows {
		list[i] = make([]any, len(row))
		for j, v := range row {
			list[i][j] = codec.Natural(v)
		}
	}
	return list
}

// Table is a table of an object or a database, or a view.
type Table struct {
	Name string `json:"name"`
	Rows int    `json:"rows"`           // of a table
	View bool   `json:"view,omitempty"` // whose rows are not counted
}

// Tables lists the tables and views that the object has made, by name, with the number of the tables' rows.
func (s *Storage) Tables() (list []Table, err error) {
	err = s.with(func(store *storage.DB) error {
		_, page, err := store.Exec("SELECT name, type = 'view' FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' ORDER BY name", nil, math.MaxInt)
		if err != nil {
			return err
		}
		for _, row := range page.Rows {
			name, _ := row[0].(string)
			if row[1] == int64(1) {
				list = append(list, Table{Name: name, View: true})
				continue
			}
			_, count, err := store.Exec("SELECT count(*) FROM "+quoted(name), nil, 1)
			if err != nil {
				return fmt.Errorf("table %s: %w", name, err)
			}
			n, _ := count.Rows[0][0].(int64)
			list = append(list, Table{Name: name, Rows: int(n)})
		}
		return nil
	})
	return list, err
}

// quoted is a name as SQL has it.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Rows returns rows of a table, in the order in which they are stored.
func (s *Storage) Rows(table string, offset, limit int) (r Result, err error) {
	err = s.with(func(store *storage.DB) error {
		columns, page, err := store.Exec("SELECT * FROM "+quoted(table)+" LIMIT ? OFFSET ?", []abi.Value{int64(limit), int64(offset)}, limit)
		r = Result{Columns: columns, Rows: naturalRows(page.Rows)}
		return err
	})
	return r, err
}

// Page returns entries from a key on, "" for the first, and the key after them, "" when there is none.
func (s *Storage) Page(from string, limit int) (list []Entry, next string, err error) {
	err = s.with(func(store *storage.DB) error {
		most := float64(limit + 1)
		o := abi.ListOptions{Limit: &most}
		if from != "" {
			o.Start = &from
		}
		fields, err := store.List(o)
		for i, f := range fields {
			if i == limit {
				next = f.Name
				break
			}
			list = append(list, Entry{f.Name, codec.Natural(f.Value)})
		}
		return err
	})
	return list, next, err
}

// Exists reports whether an object is in memory or has stored something.
func (h *Host) Exists(class, object string) (bool, error) {
	_, found, err := h.Object(class, object)
	return found, err
}

// Attachment is what the socket's object has attached to it, or nil.
func Attachment(s Socket) any { return codec.Natural(s.Attachment) }
