package main

import (
	"fmt"
	"io"
	"net/http"

	"grove.place/lattice/workers"
)

// Bodies that a handler copies on to where they go next.
func init() {
	table(httpCases, map[string]func(c *call, w http.ResponseWriter, r *http.Request){
		"http/passed on": func(c *call, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			n, err := io.Copy(w, r.Body)
			fmt.Fprintf(w, "\n%d bytes, %v", n, err == nil)
			n, err = io.Copy(w, r.Body)
			fmt.Fprintf(w, "\n%d bytes, %v", n, err == nil)
		},
		"http/passed on after a start": func(c *call, w http.ResponseWriter, r *http.Request) {
			start := make([]byte, 10)
			io.ReadFull(r.Body, start)
			fmt.Fprintf(w, "starts with %q, then\n", start)
			io.Copy(w, r.Body)
		},
		"http/passed on in part": func(c *call, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			io.Copy(w, io.LimitReader(r.Body, 100_000))
			fmt.Fprint(w, "\nand no more")
		},
		"http/passed on from a bucket": func(c *call, w http.ResponseWriter, r *http.Request) {
			o, err := bucket.Put(c.ctx, c.name, r.Body, nil)
			if err != nil {
				panic(err)
			}
			o, err = bucket.Get(c.ctx, o.Key, nil)
			if err != nil {
				panic(err)
			}
			defer o.Body.Close()
			w.Header().Set("Content-Type", "text/plain")
			io.Copy(w, o.Body)
			fmt.Fprintf(w, "\nof %d bytes", o.Size)
		},
		"http/passed on and back": func(c *call, w http.ResponseWriter, r *http.Request) {
			q, err := http.NewRequestWithContext(c.ctx, "POST", "https://service/http/passed%20on", r.Body)
			if err != nil {
				panic(err)
			}
			q.ContentLength = r.ContentLength
			q.Header.Set("Content-Type", "text/plain")
			resp, err := workers.Service("SELF").Do(q)
			if err != nil {
				panic(err)
			}
			defer resp.Body.Close()
			w.Header().Set("Content-Type", "text/plain")
			io.Copy(w, resp.Body)
		},
	})
}
