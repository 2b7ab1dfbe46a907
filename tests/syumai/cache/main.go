//go:build js && wasm

// Command cache keeps its answers in the Cache API, for github.com/syumai/workers.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare"
	"github.com/syumai/workers/cloudflare/cache"
)

func store(c *cache.Cache, url, control, body string) error {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	return c.Put(req, &http.Response{StatusCode: 200, Header: http.Header{"Cache-Control": {control}, "X-Kept": {"yes"}}, Body: io.NopCloser(bytes.NewReader([]byte(body)))})
}

func find(c *cache.Cache, url string) string {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err.Error()
	}
	res, err := c.Match(req, nil)
	if errors.Is(err, cache.ErrCacheNotFound) {
		return "not there"
	}
	if err != nil {
		return err.Error()
	}
	b, err := io.ReadAll(res.Body)
	return fmt.Sprint(res.StatusCode, " ", res.Header.Get("X-Kept"), " ", string(b), " ", err)
}

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		c, named := cache.New(), cache.New(cache.WithNamespace("pages"))
		url := "https://example.com/page" + r.URL.Query().Get("n")
		fmt.Fprintln(w, "before:", find(c, url))
		fmt.Fprintln(w, "put:", store(c, url, "max-age=60", "content"))
		fmt.Fprintln(w, "after:", find(c, url))
		fmt.Fprintln(w, "in another cache:", find(named, url))
		fmt.Fprintln(w, "not to be kept:", store(named, url, "no-store", "content"), find(named, url))
		req, _ := http.NewRequest(http.MethodGet, url, nil)
		fmt.Fprintln(w, "delete:", c.Delete(req, &cache.DeleteOptions{IgnoreMethod: true}))
		fmt.Fprintln(w, "delete again:", errors.Is(c.Delete(req, nil), cache.ErrCacheNotFound))
		fmt.Fprintln(w, "at last:", find(c, url))
	})
	// The answer's end ends the program, which must not take what is being put with it.
	http.HandleFunc("/later", func(w http.ResponseWriter, r *http.Request) {
		c, url := cache.New(), "https://example.com/later"
		if found := find(c, url); found != "not there" {
			fmt.Fprintln(w, "found:", found)
			return
		}
		fmt.Fprintln(w, "made")
		cloudflare.WaitUntil(func() {
			if err := store(c, url, "max-age=60", "content"); err != nil {
				fmt.Println(err)
			}
		})
	})
	workers.Serve(nil)
}
