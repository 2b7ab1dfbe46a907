//go:build js && wasm

// Command cron is ended by ScheduleTask, for github.com/syumai/workers. It serves requests as well, to tell what the task has noted.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare/cron"
	"github.com/syumai/workers/cloudflare/kv"
)

func main() {
	notes, err := kv.NewNamespace("NOTES")
	if err != nil {
		panic(err)
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		text, err := notes.GetString("note", nil)
		fmt.Fprintln(w, text, err)
	})
	workers.ServeNonBlock(nil)
	cron.ScheduleTask(func(ctx context.Context) error {
		e, err := cron.NewEvent(ctx)
		if err != nil {
			return err
		}
		if e.Cron == "1 1 1 1 1" {
			return errors.New("on purpose")
		}
		return notes.PutString("note", e.Cron, nil)
	})
}
