package queues

import (
	"context"
	"fmt"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/ambient"
	"grove.place/lattice/internal/guest"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/cloudflare/js"
	"grove.place/lattice/workers/queues"
)

// Consumer receives a batch. When it returns an error, messages that it has not acknowledged are delivered again.
type Consumer func(batch *MessageBatch) error

func init() { ambient.MayExport(false, true) }

// Consume exports the consumer, and never returns.
func Consume(f Consumer) {
	ConsumeNonBlock(f)
	workers.Ready()
	<-workers.Done()
}

// ConsumeNonBlock is Consume for a main that exports other handlers as well, and calls workers.Serve or workers.Ready then.
func ConsumeNonBlock(f Consumer) {
	guest.Exports().Queue = func(ctx context.Context, name string, messages []abi.QueueDelivery) (abi.Object, error) {
		return queues.Handler(func(_ context.Context, b *queues.Batch) error {
			batch := &MessageBatch{Queue: b.Queue, batch: b}
			for i, d := range b.Messages {
				batch.Messages = append(batch.Messages, &Message{
					ID: d.ID, Timestamp: d.Timestamp, Attempts: d.Attempts, Body: js.FromABI(messages[i].Body), delivery: d,
				})
			}
			return f(batch)
		})(ctx, name, messages)
	}
}

// MessageBatch is messages of one queue.
type MessageBatch struct {
	Queue    string // its name
	Messages []*Message

	batch *queues.Batch
}

// RetryOption changes how a message is delivered again.
type RetryOption func(*retryOptions)

type retryOptions struct{ delay time.Duration }

// WithRetryDelay delays the next delivery, by whole seconds.
func WithRetryDelay(d time.Duration) RetryOption {
	return func(o *retryOptions) { o.delay = d.Truncate(time.Second) }
}

func delayOf(opts []RetryOption) time.Duration {
	var o retryOptions
	for _, set := range opts {
		set(&o)
	}
	return o.delay
}

// AckAll marks all messages as dealt with, whatever the consumer returns.
func (b *MessageBatch) AckAll() { b.batch.AckAll() }

// RetryAll has all messages delivered again.
func (b *MessageBatch) RetryAll(opts ...RetryOption) { b.batch.RetryAll(delayOf(opts)) }

// Message is a message as it is delivered.
type Message struct {
	ID        string
	Timestamp time.Time // when it was sent
	Body      js.Value
	Attempts  int // 1 for the first delivery

	delivery *queues.Delivery
}

// Ack marks the message as dealt with, whatever the consumer returns.
func (m *Message) Ack() { m.delivery.Ack() }

// Retry has the message delivered again.
func (m *Message) Retry(opts ...RetryOption) { m.delivery.Retry(delayOf(opts)) }

// StringBody returns the body of a message that is a string.
func (m *Message) StringBody() (string, error) {
	if m.Body.Type() != js.TypeString {
		return "", fmt.Errorf("message body is not a string: %v", m.Body)
	}
	return m.Body.String(), nil
}

// BytesBody returns the body of a message that is bytes. They arrive as an ArrayBuffer, which the function of the other library refuses.
func (m *Message) BytesBody() ([]byte, error) {
	b, ok := m.Body.Bytes()
	if !ok {
		return nil, fmt.Errorf("message body is not a byte array: %v", m.Body)
	}
	return b, nil
}
