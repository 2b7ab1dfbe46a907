//go:build js && wasm

// Command batch is ended by Consume, for github.com/syumai/workers. It settles whole batches: the first time none of it, the second time all.
package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare/kv"
	"github.com/syumai/workers/cloudflare/queues"
)

func main() {
	notes, err := kv.NewNamespace("NOTES")
	if err != nil {
		panic(err)
	}
	http.HandleFunc("/notes", func(w http.ResponseWriter, r *http.Request) {
		text, err := notes.GetString("note", nil)
		fmt.Fprintln(w, text, err)
	})
	http.HandleFunc("/send", func(w http.ResponseWriter, r *http.Request) {
		p, err := queues.NewProducer("QUEUE")
		if err == nil {
			err = p.SendText("work")
		}
		fmt.Fprintln(w, err)
	})
	workers.ServeNonBlock(nil)
	queues.Consume(func(b *queues.MessageBatch) error {
		if b.Messages[0].Attempts == 1 {
			b.RetryAll(queues.WithRetryDelay(time.Second))
			return nil
		}
		b.AckAll()
		return notes.PutString("note", fmt.Sprint(len(b.Messages), " messages, attempt ", b.Messages[0].Attempts), nil)
	})
}
