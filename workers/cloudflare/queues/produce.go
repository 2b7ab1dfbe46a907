// Package queues sends and receives messages of Cloudflare Queues with the names, signatures and behaviour of github.com/syumai/workers/cloudflare/queues. It works for
// the event of the goroutine that calls it. Start with NewProducer and Consume.
//
// New code is better served by grove.place/lattice/workers/queues, whose messages are Go values.
package queues

import (
	"context"
	"time"

	"grove.place/lattice/internal/ambient"
	"grove.place/lattice/workers/cloudflare/js"
	"grove.place/lattice/workers/queues"
)

// Producer sends messages to a queue. It may be kept in a package-level variable.
type Producer struct{ queue queues.Queue }

// NewProducer returns the queue of that binding. It is an error when there is no such binding.
func NewProducer(queueName string) (*Producer, error) {
	if err := ambient.Bound(queueName); err != nil {
		return nil, err
	}
	return &Producer{queues.Producer(queueName)}, nil
}

// SendOption changes how a message is sent.
type SendOption func(*sendOptions)

type sendOptions struct{ delay time.Duration }

// WithDelaySeconds delays the delivery, by whole seconds.
func WithDelaySeconds(d time.Duration) SendOption {
	return func(o *sendOptions) { o.delay = d.Truncate(time.Second) }
}

// BatchSendOption changes how a batch is sent.
type BatchSendOption func(*batchSendOptions)

type batchSendOptions struct{ delay time.Duration }

// WithBatchDelaySeconds delays the messages of a batch that have no delay of their own, by whole seconds.
func WithBatchDelaySeconds(d time.Duration) BatchSendOption {
	return func(o *batchSendOptions) { o.delay = d.Truncate(time.Second) }
}

// MessageSendRequest is a message of a batch.
type MessageSendRequest struct{ message queues.Message }

func request(body any, t queues.ContentType, opts []SendOption) *MessageSendRequest {
	var o sendOptions
	for _, set := range opts {
		set(&o)
	}
	return &MessageSendRequest{queues.Message{Body: body, ContentType: t, Delay: o.delay}}
}

// NewTextMessageSendRequest makes a message of a string.
func NewTextMessageSendRequest(content string, opts ...SendOption) *MessageSendRequest {
	return request(content, queues.Text, opts)
}

// NewBytesMessageSendRequest makes a message of bytes; the function of the other library panics.
func NewBytesMessageSendRequest(content []byte, opts ...SendOption) *MessageSendRequest {
	return request(content, queues.Bytes, opts)
}

// NewJSONMessageSendRequest makes a message of what JSON can hold: structs too, for which the other library panics.
func NewJSONMessageSendRequest(content any, opts ...SendOption) *MessageSendRequest {
	return request(data(content), queues.JSON, opts)
}

// NewV8MessageSendRequest makes a message of any value.
func NewV8MessageSendRequest(content js.Value, opts ...SendOption) *MessageSendRequest {
	return request(content.ABI(), queues.V8, opts)
}

// data is a js.Value as the codec takes it; other values are themselves.
func data(body any) any {
	if v, ok := body.(js.Value); ok {
		return v.ABI()
	}
	return body
}

// SendText sends a string.
func (p *Producer) SendText(body string, opts ...SendOption) error {
	return p.send(NewTextMessageSendRequest(body, opts...))
}

// SendBytes sends bytes.
func (p *Producer) SendBytes(body []byte, opts ...SendOption) error {
	return p.send(NewBytesMessageSendRequest(body, opts...))
}

// SendJSON sends what JSON can hold: structs too, for which the other library panics.
func (p *Producer) SendJSON(body any, opts ...SendOption) error {
	return p.send(NewJSONMessageSendRequest(body, opts...))
}

// SendV8 sends any value.
func (p *Producer) SendV8(body js.Value, opts ...SendOption) error {
	return p.send(NewV8MessageSendRequest(body, opts...))
}

func (p *Producer) send(messages ...*MessageSendRequest) error {
	list := make([]queues.Message, len(messages))
	for i, m := range messages {
		list[i] = m.message
	}
	return ambient.Do(func(ctx context.Context) error { return p.queue.SendBatch(ctx, list...) })
}

// SendBatch sends messages: all of them or, on an error, none.
func (p *Producer) SendBatch(messages []*MessageSendRequest, opts ...BatchSendOption) error {
	var o batchSendOptions
	for _, set := range opts {
		set(&o)
	}
	delayed := make([]*MessageSendRequest, len(messages))
	for i, m := range messages {
		one := *m
		if one.message.Delay == 0 {
			one.message.Delay = o.delay
		}
		delayed[i] = &one
	}
	return p.send(delayed...)
}
