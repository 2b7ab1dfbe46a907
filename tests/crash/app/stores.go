package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"grove.place/lattice/workers/kv"
	"grove.place/lattice/workers/queues"
	"grove.place/lattice/workers/r2"
)

var (
	letters = queues.Producer("LETTERS")
	bucket  = r2.Bucket("BUCKET")
	values  = kv.Namespace("VALUES")
)

// content is what is stored for n: some of it in one piece, some as a stream of many.
func content(n int64) string {
	return strings.Repeat(fmt.Sprintf("%016x", n), []int{1, 300, 7_000, 20_000}[n%4])
}

// store puts n into the bucket and the namespace under a key of its own, and then under one that it shares with others.
func store(ctx context.Context, n int64) error {
	for _, key := range []string{fmt.Sprintf("own-%d", n), fmt.Sprintf("shared-%d", n%3)} {
		if _, err := bucket.Put(ctx, key, strings.NewReader(content(n)), nil); err != nil {
			return err
		}
		if err := values.Put(ctx, key, content(n), nil); err != nil {
			return err
		}
	}
	return nil
}

// stored lists the keys of the bucket, and after "kv " those of the namespace, with the number that is stored under each, or what is wrong with it.
func stored(ctx context.Context) (map[string]string, error) {
	found := map[string]string{}
	for key, err := range values.All(ctx, "") {
		if err != nil {
			return nil, err
		}
		var text string
		_, err = values.Get(ctx, key.Name, &text, nil)
		found["kv "+key.Name] = described(text, err)
	}
	var o r2.ListOptions
	for more := true; more; {
		page, err := bucket.List(ctx, o)
		if err != nil {
			return nil, err
		}
		for _, object := range page.Objects {
			got, err := bucket.Get(ctx, object.Key, nil)
			if err != nil || got == nil {
				found[object.Key] = fmt.Sprintf("is listed and not there: %v", err)
				continue
			}
			text, err := io.ReadAll(got.Body)
			got.Body.Close()
			found[object.Key] = described(string(text), err)
		}
		o.Cursor, more = page.Cursor, page.Truncated
	}
	return found, nil
}

func described(text string, err error) string {
	n, bad := strconv.ParseInt(text[:min(16, len(text))], 16, 64)
	if err != nil || bad != nil || text != content(n) {
		return fmt.Sprintf("is not whole: %d bytes, %v", len(text), err)
	}
	return strconv.FormatInt(n, 10)
}

// deliver notes each letter in an object.
func deliver(ctx context.Context, batch *queues.Batch) error {
	for _, m := range batch.Messages {
		var n int64
		if err := m.Decode(&n); err != nil {
			return err
		}
		if _, err := put.Call(ctx, namespace.GetByName("letters"), n); err != nil {
			return err
		}
	}
	return nil
}

// serveStores adds the routes of the queue and the bucket.
func serveStores(mux *http.ServeMux) {
	ops := map[string]func(context.Context, int64) error{
		"send":  func(ctx context.Context, n int64) error { return letters.Send(ctx, n) },
		"store": store,
	}
	mux.HandleFunc("POST /stores/{op}/{n}", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.ParseInt(r.PathValue("n"), 10, 64)
		op := ops[r.PathValue("op")]
		if err != nil || op == nil {
			http.NotFound(w, r)
			return
		}
		reply(w, n, op(r.Context(), n))
	})
	mux.HandleFunc("GET /stores", func(w http.ResponseWriter, r *http.Request) {
		found, err := stored(r.Context())
		reply(w, found, err)
	})
}
