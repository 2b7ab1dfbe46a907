//go:build js && wasm

// Command r2 keeps images in R2, for github.com/syumai/workers.
package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare"
	"github.com/syumai/workers/cloudflare/r2"
)

type server struct{ bucket *r2.Bucket }

func (s server) put(w http.ResponseWriter, r *http.Request) {
	o, err := s.bucket.Put(key(r), r.Body, &r2.PutOptions{
		HTTPMetadata:   r2.HTTPMetadata{ContentType: r.Header.Get("Content-Type"), CacheControl: "max-age=60"},
		CustomMetadata: map[string]string{"from": "test"},
		MD5:            r.Header.Get("X-Md5"),
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	fmt.Fprintf(w, "%s %d %s %s\n", o.Key, o.Size, o.ETag, o.HTTPETag)
}

func (s server) get(w http.ResponseWriter, r *http.Request) {
	o, err := s.bucket.Get(key(r))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if o == nil {
		http.NotFound(w, r)
		return
	}
	used, err := o.BodyUsed()
	w.Header().Set("Content-Type", o.HTTPMetadata.ContentType)
	w.Header().Set("Cache-Control", o.HTTPMetadata.CacheControl)
	w.Header().Set("ETag", o.HTTPETag)
	w.Header().Set("X-From", fmt.Sprint(o.CustomMetadata["from"], " ", used, " ", err, " ", o.Uploaded.Year() > 2020))
	io.Copy(w, o.Body)
}

func (s server) head(w http.ResponseWriter, r *http.Request) {
	o, err := s.bucket.Head(key(r))
	if err != nil || o == nil {
		fmt.Fprintln(w, o == nil, err)
		return
	}
	_, err = o.BodyUsed()
	fmt.Fprintln(w, o.Key, o.Size, o.HTTPMetadata.ContentType, o.CustomMetadata, o.Body == nil, err)
}

func (s server) list(w http.ResponseWriter, r *http.Request) {
	l, err := s.bucket.List()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	for _, o := range l.Objects {
		fmt.Fprintln(w, o.Key, o.Size)
	}
	fmt.Fprintf(w, "%v %q %d\n", l.Truncated, l.Cursor, len(l.DelimitedPrefixes))
}

func (s server) delete(w http.ResponseWriter, r *http.Request) {
	if err := s.bucket.Delete(key(r)); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func key(r *http.Request) string { return strings.TrimPrefix(r.PathValue("key"), "/") }

func main() {
	bucket, err := r2.NewBucket("BUCKET")
	if err != nil {
		panic(err)
	}
	s := server{bucket}
	http.HandleFunc("PUT /images/{key...}", s.put)
	http.HandleFunc("GET /images/{key...}", s.get)
	http.HandleFunc("GET /head/{key...}", s.head)
	http.HandleFunc("GET /list", s.list)
	http.HandleFunc("DELETE /images/{key...}", s.delete)
	http.HandleFunc("GET /missing", func(w http.ResponseWriter, r *http.Request) {
		_, err := cloudflare.NewR2Bucket("NO_BUCKET")
		fmt.Fprintln(w, err)
	})
	workers.Serve(nil)
}
