// A Worker that consumes a queue and files what it gets in a bucket.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"grove.place/lattice/workers"
	"grove.place/lattice/workers/queues"
	"grove.place/lattice/workers/r2"
)

var files = r2.Bucket("FILES")

func main() {
	workers.Run(workers.Worker{
		Fetch: http.HandlerFunc(serve),
		Queue: file,
	})
}

// serve puts the request's body, and reads it again; a body to /unread it leaves.
func serve(w http.ResponseWriter, req *http.Request) {
	if strings.HasPrefix(req.URL.Path, "/unread/") {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	o, err := files.Put(req.Context(), req.URL.Path[1:], req.Body, nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	got, err := files.Get(req.Context(), o.Key, nil)
	if err != nil || got == nil {
		http.Error(w, fmt.Sprint("the object is not there: ", err), http.StatusInternalServerError)
		return
	}
	defer got.Body.Close()
	io.Copy(w, got.Body)
}

// file stores each message under the time at which it came, and fails where it says so.
func file(ctx context.Context, batch *queues.Batch) error {
	for _, m := range batch.Messages {
		var text string
		if err := m.Decode(&text); err != nil {
			return err
		}
		switch {
		case text == "sleep":
			time.Sleep(time.Minute)
		case batch.Queue != "dead" && strings.HasPrefix(text, "bad"):
			return errors.New("it is bad")
		}
		key := fmt.Sprintf("%s/%s %d", batch.Queue, text, m.Attempts)
		if _, err := files.Put(ctx, key, strings.NewReader(time.Now().UTC().Format(time.TimeOnly)), nil); err != nil {
			return err
		}
	}
	return nil
}
