// Package queues sends messages to Cloudflare Queues and receives them in batches.
//
//	var mail = queues.Producer("MAIL")
//
//	err := mail.Send(ctx, Letter{To: "ada"})            // in any handler or object
//	workers.Run(workers.Worker{Queue: deliver})          // in the consumer
//	func deliver(ctx context.Context, batch *queues.Batch) error { … }
//
// A message is delivered at least once, in no certain order. Start with Producer and Batch.
//
// See https://developers.cloudflare.com/queues/.
package queues

import (
	"context"
	"fmt"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/codec"
	"grove.place/lattice/internal/guest"
)

const (
	// MaxMessage is the size in bytes of a message: of its text, its bytes, its JSON, or its V8 serialization.
	MaxMessage = 128 * 1000
	// MaxBatch is how many messages SendBatch takes; together they may have 256 KB.
	MaxBatch = 100
	// MaxDelay is the longest delay of a message.
	MaxDelay = 24 * time.Hour
)

// Queue is a queue that messages are sent to. It does no I/O by itself and may be kept in a package-level variable.
type Queue struct{ binding string }

// Producer returns the queue bound under [[queues.producers]] in wrangler.toml.
func Producer(binding string) Queue { return Queue{binding} }

// ContentType is how the body of a message is kept. It decides what a consumer gets, and what the dashboard can show.
type ContentType byte

const (
	// JSON is the default: the body is any data that JSON can hold.
	JSON ContentType = abi.QueueJSON
	// Text: the body is a string.
	Text ContentType = abi.QueueText
	// Bytes: the body is a []byte.
	Bytes ContentType = abi.QueueBytes
	// V8 keeps what JSON cannot: dates, bytes in structures, big integers. Only Workers can read it.
	V8 ContentType = abi.QueueV8
)

// Message is a message to send.
type Message struct {
	Body        any
	ContentType ContentType
	Delay       time.Duration // before it is delivered; whole seconds, at most MaxDelay. 0: as the queue is configured
}

// Send puts a message with this body into the queue, as JSON. It returns when the queue has it.
//
// See https://developers.cloudflare.com/queues/configuration/javascript-apis/#queue.
func (q Queue) Send(ctx context.Context, body any) error {
	return q.SendBatch(ctx, Message{Body: body})
}

// SendBatch puts up to MaxBatch messages into the queue: all of them or, on an error, none.
func (q Queue) SendBatch(ctx context.Context, messages ...Message) error {
	if len(messages) == 0 {
		return fmt.Errorf("queue %s: there is no message to send", q.binding)
	}
	if err := q.check(ctx); err != nil {
		return err
	}
	var w abi.Writer
	w.Str(q.binding)
	w.Uint(uint64(len(messages)))
	for i, m := range messages {
		if err := m.write(&w); err != nil {
			return fmt.Errorf("queue %s: message %d: %w", q.binding, i+1, err)
		}
	}
	w.OptF64(nil)
	if err := guest.Do(ctx, abi.OpQueueSend, w.Bytes()); err != nil {
		return fmt.Errorf("queue %s: %w", q.binding, err)
	}
	return nil
}

func (m Message) write(w *abi.Writer) error {
	w.U8(byte(m.ContentType))
	switch m.ContentType {
	case JSON, V8:
	case Text:
		if _, ok := m.Body.(string); !ok {
			return fmt.Errorf("a message of content type Text has a string for a body, not %T", m.Body)
		}
	case Bytes:
		if _, ok := m.Body.([]byte); !ok {
			return fmt.Errorf("a message of content type Bytes has a []byte for a body, not %T", m.Body)
		}
	default:
		return fmt.Errorf("unknown content type %d", m.ContentType)
	}
	if m.Delay < 0 || m.Delay > MaxDelay {
		return fmt.Errorf("a delay of %v is not between 0 and %v", m.Delay, MaxDelay)
	}
	if err := codec.Marshal(w, m.Body); err != nil {
		return err
	}
	w.OptF64(seconds(m.Delay))
	return nil
}

// seconds is a delay for the host, or nil for none.
func seconds(d time.Duration) *float64 {
	if d == 0 {
		return nil
	}
	s := float64((d + time.Second - 1) / time.Second)
	return &s
}

func (q Queue) check(ctx context.Context) error {
	env, err := guest.Env(ctx)
	if err != nil {
		return err
	}
	if env[q.binding].Kind == "queue" {
		return nil
	}
	return guest.MissingBinding(ctx, q.binding, "queue", fmt.Sprintf("[[queues.producers]]\nbinding = %q\nqueue = \"my-queue\"", q.binding))
}

// Batch is what a consumer gets: messages of one queue.
type Batch struct {
	Queue    string // its name
	Messages []*Delivery

	all   int
	delay time.Duration
}

const (
	undecided = iota
	acknowledged
	retried
)

// Delivery is a message as it is delivered.
type Delivery struct {
	ID        string
	Timestamp time.Time // when it was sent
	Attempts  int       // 1 for the first delivery

	body  abi.Value
	state int
	delay time.Duration
}

// Decode stores the body in dest, a pointer. The error says what does not fit.
func (d *Delivery) Decode(dest any) error {
	if err := codec.Assign(d.body, dest); err != nil {
		return fmt.Errorf("queue message %s: %w", d.ID, err)
	}
	return nil
}

// Body returns the body as plain Go data: nil, bool, float64 or int64, string, []byte, []any, map[string]any.
func (d *Delivery) Body() any { return codec.Natural(d.body) }

// Ack marks the message as dealt with, whatever the handler returns. What is said first counts, and what is said of a message more than what is said of
// the batch.
func (d *Delivery) Ack() {
	if d.state == undecided {
		d.state = acknowledged
	}
}

// Retry has the message delivered again, after delay or, if that is 0, after the queue's retry delay. What is said first counts. A message that has
// been retried max_retries times goes to the dead letter queue, or is dropped where there is none.
func (d *Delivery) Retry(delay time.Duration) {
	if d.state == undecided {
		d.state, d.delay = retried, delay
	}
}

// AckAll marks all messages as dealt with that nothing was said of, whatever the handler returns.
func (b *Batch) AckAll() {
	if b.all == undecided {
		b.all = acknowledged
	}
}

// RetryAll has all messages delivered again that nothing was said of, after delay or, if that is 0, after the queue's retry delay.
func (b *Batch) RetryAll(delay time.Duration) {
	if b.all == undecided {
		b.all, b.delay = retried, delay
	}
}

// Handler adapts a consumer to the runtime; package workers calls it.
func Handler(f func(ctx context.Context, batch *Batch) error) func(context.Context, string, []abi.QueueDelivery) (abi.Object, error) {
	return func(ctx context.Context, queue string, messages []abi.QueueDelivery) (abi.Object, error) {
		b := &Batch{Queue: queue}
		for _, m := range messages {
			b.Messages = append(b.Messages, &Delivery{ID: m.ID, Timestamp: time.UnixMilli(int64(m.Timestamp)).UTC(), Attempts: int(m.Attempts), body: plain(m.Body)})
		}
		logged, err := guest.Guarded(ctx, "queue", func() error { return f(ctx, b) })
		if err != nil {
			return b.failed(ctx, err, logged)
		}
		return b.outcome(), nil
	}
}

// plain is the body as the other host gives it: bytes are bytes.
func plain(body abi.Value) abi.Value {
	if b, ok := body.(abi.ArrayBuffer); ok {
		return []byte(b)
	}
	return body
}

// failed has what was not decided delivered again. A runtime that hears of an error forgets what was acknowledged, so it hears of one only when nothing was.
func (b *Batch) failed(ctx context.Context, err error, logged bool) (abi.Object, error) {
	if b.all == undecided {
		decided := false
		for _, m := range b.Messages {
			decided = decided || m.state != undecided
		}
		if !decided {
			return nil, err
		}
		b.all = retried
	}
	if !logged {
		guest.Log(ctx, abi.LogError, "queue "+b.Queue+": "+err.Error())
	}
	return b.outcome(), nil
}

// outcome says of each message what was said of it, and of all only when nothing was said of any: wrangler dev delivers messages again that were
// acknowledged before all were to be retried, which Cloudflare does not.
func (b *Batch) outcome() abi.Object {
	ack, retry, all := abi.Array{}, abi.Array{}, b.all
	for _, m := range b.Messages {
		if m.state != undecided && all == retried {
			all = undecided
		}
	}
	for _, m := range b.Messages {
		switch {
		case m.state == acknowledged:
			ack = append(ack, m.ID)
		case m.state == retried:
			retry = append(retry, abi.Array{m.ID, delayValue(m.delay)})
		case all != b.all:
			retry = append(retry, abi.Array{m.ID, delayValue(b.delay)})
		}
	}
	return abi.Object{{Name: "all", Value: int64(all)}, {Name: "delay", Value: delayValue(b.delay)}, {Name: "ack", Value: ack}, {Name: "retry", Value: retry}}
}

func delayValue(d time.Duration) abi.Value {
	if s := seconds(d); s != nil {
		return *s
	}
	return nil
}
