//go:build js && wasm

// Command handlers serves requests, a cron trigger and a queue in one program of github.com/syumai/workers. What the others got, a request
// can read in a database.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall/js"
	"time"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare"
	"github.com/syumai/workers/cloudflare/cron"
	_ "github.com/syumai/workers/cloudflare/d1"
	"github.com/syumai/workers/cloudflare/queues"
)

func note(text string) error {
	db, err := sql.Open("d1", "DB")
	if err != nil {
		return err
	}
	if _, err := db.Exec("CREATE TABLE IF NOT EXISTS notes (text TEXT)"); err != nil {
		return err
	}
	_, err = db.Exec("INSERT INTO notes VALUES (?)", text)
	return err
}

func notes(w http.ResponseWriter, r *http.Request) {
	db, err := sql.Open("d1", "DB")
	if err != nil {
		http.Error(w, err.Error(), 500)
		return
	}
	rows, err := db.Query("SELECT text FROM notes ORDER BY text")
	if err != nil {
		http.Error(w, err.Error(), 500)
		return
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		fmt.Fprintln(w, text)
	}
}

func tick(ctx context.Context) error {
	e, err := cron.NewEvent(ctx)
	if err != nil {
		return err
	}
	return note(fmt.Sprintf("cron %s at a time after 2020: %v", e.Cron, e.ScheduledTime.Year() > 2020))
}

func consume(batch *queues.MessageBatch) error {
	for _, m := range batch.Messages {
		if m.Body.Type() == js.TypeString {
			if text, _ := m.StringBody(); text == "again" && m.Attempts == 1 {
				m.Retry(queues.WithRetryDelay(time.Second))
				m.Ack() // what is said first counts
				continue
			}
		}
		text, err := describe(m)
		if err != nil {
			return err
		}
		if err := note(fmt.Sprintf("queue %s attempt %d: %s", batch.Queue, m.Attempts, text)); err != nil {
			return err
		}
		m.Ack()
	}
	return nil
}

func describe(m *queues.Message) (string, error) {
	if m.ID == "" || m.Timestamp.Year() < 2020 {
		return "", errors.New("a message lacks its id or its time")
	}
	if text, err := m.StringBody(); err == nil {
		return "text " + text, nil
	}
	if b, err := m.BytesBody(); err == nil {
		return fmt.Sprintf("bytes %x", b), nil
	}
	return describeValue(m.Body), nil
}

func send(w http.ResponseWriter, r *http.Request) {
	p, err := queues.NewProducer("QUEUE")
	if err == nil {
		err = p.SendText("hello")
	}
	if err == nil {
		err = p.SendBytes([]byte{1, 2, 255})
	}
	if err == nil {
		err = p.SendJSON(map[string]any{"list": []any{1, "two", nil}}, queues.WithDelaySeconds(time.Second))
	}
	if err == nil {
		err = p.SendV8(js.ValueOf(map[string]any{"n": 1.5}))
	}
	if err == nil {
		err = p.SendText("again")
	}
	if err == nil {
		err = p.SendBatch([]*queues.MessageSendRequest{
			queues.NewTextMessageSendRequest("one of a batch"), queues.NewJSONMessageSendRequest("two of a batch"),
			queues.NewV8MessageSendRequest(js.ValueOf("three of a batch")),
		}, queues.WithBatchDelaySeconds(time.Second))
	}
	answer(w, err)
}

func tooLarge(w http.ResponseWriter, r *http.Request) {
	p, err := queues.NewProducer("QUEUE")
	if err == nil {
		err = p.SendText(strings.Repeat("x", 200_000))
	}
	answer(w, err)
}

func missing(w http.ResponseWriter, r *http.Request) {
	_, err := queues.NewProducer("NO_QUEUE")
	answer(w, err)
}

func answer(w http.ResponseWriter, err error) {
	text := "sent"
	if err != nil {
		text = err.Error()
	}
	json.NewEncoder(w).Encode(text)
}

func main() {
	http.HandleFunc("/notes", notes)
	http.HandleFunc("/send", send)
	http.HandleFunc("/too-large", tooLarge)
	http.HandleFunc("/missing", missing)
	http.HandleFunc("/wait-until", func(w http.ResponseWriter, r *http.Request) {
		done := make(chan struct{})
		cloudflare.WaitUntil(func() {
			if err := note("waitUntil ran"); err != nil {
				fmt.Println(err)
			}
			close(done)
		})
		<-done
		cloudflare.PassThroughOnException()
		fmt.Fprintln(w, "ok")
	})
	cron.ScheduleTaskNonBlock(tick)
	queues.ConsumeNonBlock(consume)
	workers.ServeNonBlock(http.DefaultServeMux)
	workers.Ready()
	select {
	case <-workers.Done():
	case <-cron.Done():
	}
}
