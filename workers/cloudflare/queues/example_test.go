package queues_test

import (
	"log"
	"time"

	"grove.place/lattice/workers/cloudflare/queues"
)

func ExampleConsume() {
	queues.Consume(func(batch *queues.MessageBatch) error {
		for _, m := range batch.Messages {
			text, err := m.StringBody()
			if err != nil {
				m.Retry(queues.WithRetryDelay(time.Minute))
				continue
			}
			log.Println(batch.Queue, text)
			m.Ack()
		}
		return nil
	})
}

func ExampleProducer_SendJSON() {
	send := func(to string) error {
		mails, err := queues.NewProducer("MAILS")
		if err != nil {
			return err
		}
		return mails.SendJSON(map[string]any{"to": to}, queues.WithDelaySeconds(10*time.Second))
	}
	_ = send
}
