//go:build js && wasm

// Command fetch sends requests to the address in X-Origin, for github.com/syumai/workers.
package main

import (
	"fmt"
	"io"
	"net/http"
	"sort"
	"strings"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare/fetch"
)

func show(w http.ResponseWriter, res *http.Response, err error) {
	if err != nil {
		fmt.Fprintln(w, "error:", err)
		return
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	fmt.Fprintln(w, res.Status, res.Header.Get("X-Answer"), res.Header.Get("Location"), string(body), err)
}

func do(w http.ResponseWriter, r *http.Request, method, path, body string, init *fetch.RequestInit) {
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	req, err := fetch.NewRequest(r.Context(), method, r.Header.Get("X-Origin")+path, content)
	if err != nil {
		http.Error(w, err.Error(), 500)
		return
	}
	req.Header.Set("X-Ask", "please")
	res, err := fetch.NewClient().Do(req, init)
	show(w, res, err)
}

func proxy(w http.ResponseWriter, r *http.Request) {
	req, err := fetch.NewRequest(r.Context(), http.MethodGet, r.Header.Get("X-Origin")+"/large", nil)
	if err != nil {
		http.Error(w, err.Error(), 500)
		return
	}
	res, err := fetch.NewClient().Do(req, nil)
	if err != nil {
		http.Error(w, err.Error(), 500)
		return
	}
	w.WriteHeader(res.StatusCode)
	io.Copy(w, res.Body)
}

func incoming(w http.ResponseWriter, r *http.Request) {
	p, err := fetch.NewIncomingProperties(r.Context())
	if err != nil {
		fmt.Fprintln(w, "error:", err)
		return
	}
	fmt.Fprintln(w, p.Colo != "", p.HttpProtocol)
}

func headers(w http.ResponseWriter, r *http.Request) {
	var names []string
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Test") {
			names = append(names, name+"="+strings.Join(r.Header[name], "|"))
		}
	}
	sort.Strings(names)
	fmt.Fprintln(w, names, r.Host != "", r.ContentLength)
}

func main() {
	http.HandleFunc("/get", func(w http.ResponseWriter, r *http.Request) { do(w, r, "GET", "/answer", "", nil) })
	http.HandleFunc("/post", func(w http.ResponseWriter, r *http.Request) { do(w, r, "POST", "/answer", "a body", nil) })
	http.HandleFunc("/follow", func(w http.ResponseWriter, r *http.Request) {
		do(w, r, "GET", "/redirect", "", &fetch.RequestInit{Redirect: fetch.RedirectModeFollow})
	})
	http.HandleFunc("/manual", func(w http.ResponseWriter, r *http.Request) {
		do(w, r, "GET", "/redirect", "", &fetch.RequestInit{Redirect: fetch.RedirectModeManual})
	})
	http.HandleFunc("/client", func(w http.ResponseWriter, r *http.Request) {
		c := fetch.NewClient().HTTPClient(fetch.RedirectModeManual)
		res, err := c.Get(r.Header.Get("X-Origin") + "/answer")
		show(w, res, err)
	})
	http.HandleFunc("/nowhere", func(w http.ResponseWriter, r *http.Request) {
		req, _ := fetch.NewRequest(r.Context(), "GET", "ftp://example.com/", nil)
		_, err := fetch.NewClient().Do(req, nil)
		fmt.Fprintln(w, "refused:", err != nil)
	})
	http.HandleFunc("/proxy", proxy)
	http.HandleFunc("/incoming", incoming)
	http.HandleFunc("/headers", headers)
	workers.Serve(nil)
}
