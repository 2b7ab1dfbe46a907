//go:build js && wasm

// Command bare stores in three places that its wrangler.toml says nothing about, for github.com/syumai/workers.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/syumai/workers"
	_ "github.com/syumai/workers/cloudflare/d1"
	"github.com/syumai/workers/cloudflare/kv"
	"github.com/syumai/workers/cloudflare/r2"
)

const bucket = "FILES"

func visit(ctx context.Context) (string, error) {
	visits, err := kv.NewNamespace("VISITS")
	if err != nil {
		return "", err
	}
	text, err := visits.GetString("count", nil)
	if err != nil {
		return "", err
	}
	n, _ := strconv.Atoi(text)
	if err := visits.PutString("count", strconv.Itoa(n+1), nil); err != nil {
		return "", err
	}
	db, err := sql.Open("d1", "DB")
	if err != nil {
		return "", err
	}
	for _, text := range []string{"CREATE TABLE IF NOT EXISTS visits (n INTEGER)", "INSERT INTO visits VALUES (1)"} {
		if _, err := db.ExecContext(ctx, text); err != nil {
			return "", err
		}
	}
	var rows int
	if err := db.QueryRowContext(ctx, "SELECT sum(n) FROM visits").Scan(&rows); err != nil {
		return "", err
	}
	files, err := r2.NewBucket(bucket)
	if err != nil {
		return "", err
	}
	stored, err := files.Put("visit", io.NopCloser(strings.NewReader("x")), nil)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("visit %d, %d in the database, a file of %d bytes", n+1, rows, stored.Size), nil
}

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		text, err := visit(r.Context())
		if err != nil {
			text = err.Error()
		}
		fmt.Fprintln(w, text)
	})
	workers.Serve(nil)
}
