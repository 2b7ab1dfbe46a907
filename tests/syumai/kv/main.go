//go:build js && wasm

// Command kv counts and keeps text in KV, for github.com/syumai/workers.
package main

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare"
	"github.com/syumai/workers/cloudflare/kv"
)

type server struct{ ns *kv.Namespace }

func (s server) count(w http.ResponseWriter, r *http.Request) {
	text, err := s.ns.GetString("count", nil)
	if err != nil {
		http.Error(w, err.Error(), 500)
		return
	}
	n, _ := strconv.Atoi(text) // "<null>" when there is none
	if err := s.ns.PutString("count", strconv.Itoa(n+1), nil); err != nil {
		http.Error(w, err.Error(), 500)
		return
	}
	fmt.Fprintln(w, n+1)
}

func (s server) put(w http.ResponseWriter, r *http.Request) {
	var o *kv.PutOptions
	if ttl, err := strconv.Atoi(r.URL.Query().Get("ttl")); err == nil {
		o = &kv.PutOptions{ExpirationTTL: ttl}
	}
	if err := s.ns.PutReader(r.PathValue("key"), r.Body, o); err != nil {
		http.Error(w, err.Error(), 400)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s server) get(w http.ResponseWriter, r *http.Request) {
	body, err := s.ns.GetReader(r.PathValue("key"), &kv.GetOptions{CacheTTL: 60})
	if err != nil {
		http.Error(w, err.Error(), 500)
		return
	}
	io.Copy(w, body)
}

func (s server) delete(w http.ResponseWriter, r *http.Request) {
	if err := s.ns.Delete(r.PathValue("key")); err != nil {
		http.Error(w, err.Error(), 500)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s server) list(w http.ResponseWriter, r *http.Request) {
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	o := &kv.ListOptions{Prefix: r.URL.Query().Get("prefix"), Limit: limit}
	l, err := s.ns.List(o)
	if err != nil {
		http.Error(w, err.Error(), 500)
		return
	}
	show := func(keys []*kv.ListKey) {
		for _, k := range keys {
			fmt.Fprintln(w, k.Name, k.Expiration > 0)
		}
	}
	show(l.Keys)
	fmt.Fprintln(w, l.ListComplete, l.Cursor != "")
	if !l.ListComplete {
		o.Cursor = l.Cursor
		if l, err = s.ns.List(o); err == nil {
			show(l.Keys)
		}
	}
}

func main() {
	ns, err := kv.NewNamespace("COUNTERS")
	if err != nil {
		panic(err)
	}
	s := server{ns}
	http.HandleFunc("/count", s.count)
	http.HandleFunc("PUT /keys/{key...}", s.put)
	http.HandleFunc("GET /keys/{key...}", s.get)
	http.HandleFunc("DELETE /keys/{key...}", s.delete)
	http.HandleFunc("/list", s.list)
	http.HandleFunc("/missing", func(w http.ResponseWriter, r *http.Request) {
		_, err := cloudflare.NewKVNamespace("NO_KV")
		fmt.Fprintln(w, err)
		text, _ := ns.GetString("not there", nil)
		fmt.Fprintln(w, strings.TrimSpace(text))
	})
	workers.Serve(nil)
}
