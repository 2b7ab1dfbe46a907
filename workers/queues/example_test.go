package queues_test

import (
	"context"
	"time"

	"grove.place/lattice/workers"
	"grove.place/lattice/workers/queues"
)

type letter struct {
	To   string `json:"to"`
	Text string `json:"text"`
}

var mail = queues.Producer("MAIL")

func send(ctx context.Context, l letter) error { return nil }

func ExampleQueue_Send() {
	remind := func(ctx context.Context) error {
		return mail.Send(ctx, letter{To: "ada@example.com", Text: "hello"})
	}
	_ = remind
}

// Messages with a delay, and of another kind than JSON: all of them, or none.
func ExampleQueue_SendBatch() {
	plan := func(ctx context.Context, letters []letter) error {
		var messages []queues.Message
		for i, l := range letters {
			messages = append(messages, queues.Message{Body: l, Delay: time.Duration(i) * time.Minute})
		}
		messages = append(messages, queues.Message{Body: "that was all", ContentType: queues.Text})
		return mail.SendBatch(ctx, messages...) // at most queues.MaxBatch
	}
	_ = plan
}

// A consumer that says of each message what became of it.
func ExampleBatch() {
	deliver := func(ctx context.Context, batch *queues.Batch) error {
		for _, m := range batch.Messages {
			var l letter
			if err := m.Decode(&l); err != nil {
				m.Ack() // it will not get better
				continue
			}
			if err := send(ctx, l); err != nil {
				m.Retry(time.Minute)
			}
		}
		return nil // the others are acknowledged
	}
	workers.Run(workers.Worker{Queue: deliver})
}
