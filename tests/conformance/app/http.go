package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"grove.place/lattice/workers"
)

func digest(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

// header shows a header as JavaScript does: values joined, null when absent.
func header(r *http.Request, name string) any {
	values, ok := r.Header[http.CanonicalHeaderKey(name)]
	if !ok {
		return nil
	}
	return strings.Join(values, ", ")
}

func code(r *http.Request) int {
	n, _ := strconv.Atoi(r.URL.Query().Get("code"))
	return n
}

// search is the query with its question mark, as url.search in JavaScript.
func search(u *url.URL) string {
	if u.RawQuery == "" {
		return ""
	}
	return "?" + u.RawQuery
}

// queryValues reads a query as JavaScript does, where a bad escape stands for itself.
func queryValues(r *http.Request, name string) []string {
	list := []string{}
	for part := range strings.SplitSeq(r.URL.RawQuery, "&") {
		key, value, _ := strings.Cut(part, "=")
		if key != name {
			continue
		}
		if plain, err := url.QueryUnescape(value); err == nil {
			value = plain
		}
		list = append(list, value)
	}
	return list
}

func init() {
	table(httpCases, map[string]func(c *call, w http.ResponseWriter, r *http.Request){
		"http/request": func(c *call, w http.ResponseWriter, r *http.Request) {
			answer(w, object{"method": r.Method, "path": r.URL.EscapedPath(), "query": search(r.URL), "host": r.Host != ""})
		},
		"http/path and query": func(c *call, w http.ResponseWriter, r *http.Request) {
			answer(w, object{"path": r.URL.EscapedPath(), "q": queryValues(r, "q"), "raw": search(r.URL)})
		},
		"http/headers": func(c *call, w http.ResponseWriter, r *http.Request) {
			answer(w, object{"one": header(r, "x-one"), "multi": header(r, "x-multi"), "missing": header(r, "x-missing") != nil,
				"empty": header(r, "x-empty"), "agent": header(r, "user-agent")})
		},
		"http/many headers": func(c *call, w http.ResponseWriter, r *http.Request) {
			n := 0
			for name := range r.Header {
				if strings.HasPrefix(name, "X-H-") {
					n++
				}
			}
			answer(w, object{"n": n, "last": header(r, "x-h-99")})
		},
		"http/large header": func(c *call, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Large", strings.Repeat("v", 8000))
			fmt.Fprint(w, len(r.Header.Get("X-Large")))
		},
		"http/cookies": func(c *call, w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Header.Get("Cookie")) },
		"http/response headers": func(c *call, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-One", "1")
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("Content-Type", "text/x-case")
			w.Header().Add("X-Multi", "a")
			w.Header().Add("X-Multi", "b")
			fmt.Fprint(w, "ok")
		},
		"http/set-cookie": func(c *call, w http.ResponseWriter, r *http.Request) {
			w.Header().Add("Set-Cookie", "a=1; Path=/; HttpOnly")
			w.Header().Add("Set-Cookie", "b=2, with comma; Secure")
			w.Header().Add("Set-Cookie", "c=3")
			fmt.Fprint(w, "cookies")
		},
		"http/status": func(c *call, w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(code(r))
			if n := code(r); n != 204 && n != 205 && n != 304 {
				fmt.Fprintf(w, "status %d", n)
			}
		},
		"http/redirect": func(c *call, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/elsewhere?a=1#b")
			w.WriteHeader(code(r))
		},
		"http/echo body": func(c *call, w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.Header().Set("X-Type", "none")
			if t := r.Header.Get("Content-Type"); t != "" {
				w.Header().Set("X-Type", t)
			}
			w.Write(body)
		},
		"http/empty body": func(c *call, w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			answer(w, object{"length": len(body), "length2": header(r, "Content-Length")})
		},
		"http/large upload": func(c *call, w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			answer(w, object{"length": len(body), "digest": digest(body)})
		},
		"http/large download": func(c *call, w http.ResponseWriter, r *http.Request) { w.Write(pattern(3_000_000)) },
		"http/inline limit": func(c *call, w http.ResponseWriter, r *http.Request) {
			n, _ := strconv.Atoi(r.URL.Query().Get("n"))
			w.Write(pattern(n))
		},
		"http/streamed response": func(c *call, w http.ResponseWriter, r *http.Request) {
			for i := range 5 {
				fmt.Fprintf(w, "chunk %d\n", i)
				w.(http.Flusher).Flush()
				time.Sleep(2 * time.Millisecond)
			}
		},
		"http/streamed echo":      func(c *call, w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) },
		"http/streamed transform": streamedTransform,
		"http/large stream": func(c *call, w http.ResponseWriter, r *http.Request) {
			for i := range 64 {
				chunk := pattern(65_536)
				for j := range 16 {
					chunk[j] = byte(i)
				}
				w.Write(chunk)
			}
		},
		"http/body not read": func(c *call, w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "not read") },
		"http/early answer": func(c *call, w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "early")
			w.(http.Flusher).Flush()
			io.Copy(io.Discard, r.Body)
		},
		"http/json": func(c *call, w http.ResponseWriter, r *http.Request) {
			var body struct{ List []int }
			err := json.NewDecoder(r.Body).Decode(&body)
			answer(w, attempt(len(body.List), err))
		},
		"http/head": func(c *call, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Head", "yes")
			fmt.Fprint(w, "a body that HEAD does not carry")
		},
		"http/uncaught error": func(*call, http.ResponseWriter, *http.Request) {
			panic(workers.NewError("Error", "uncaught in the handler"))
		},
		"http/uncaught panic": func(*call, http.ResponseWriter, *http.Request) {
			var list []int
			list[len(list)]++
		},
		"http/stream fails": func(c *call, w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "the beginning")
			w.(http.Flusher).Flush()
			time.Sleep(20 * time.Millisecond)
			panic("the stream broke")
		},
	})
}

func streamedTransform(c *call, w http.ResponseWriter, r *http.Request) {
	buf, n := make([]byte, 4096), 0
	for {
		k, err := r.Body.Read(buf)
		for i := range buf[:k] {
			buf[i] ^= 0x20
		}
		n += k
		w.Write(buf[:k])
		if err != nil {
			break
		}
	}
	fmt.Fprintf(w, "\n%d bytes", n)
}

// objectHTTP is Obj's fetch handler.
func objectHTTP(s *self, w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/echo":
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Method", r.Method)
		w.Header().Set("X-Header", r.Header.Get("X-Header"))
		w.Header().Set("X-Host", r.Host)
		w.Header().Set("X-Host-Header", r.Header.Get("Host"))
		w.WriteHeader(http.StatusCreated)
		w.Write(body)
	case "/cookies":
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		w.WriteHeader(http.StatusNoContent)
	case "/stream":
		for i := range 3 {
			fmt.Fprintf(w, "part %d;", i)
			w.(http.Flusher).Flush()
		}
	case "/digest":
		body, _ := io.ReadAll(r.Body)
		answer(w, object{"length": len(body), "digest": digest(body)})
	case "/redirect":
		w.Header().Set("Location", "https://object/echo")
		w.WriteHeader(http.StatusFound)
	case "/hang":
		s.note("hanging")
		sleep(r.Context(), 5*time.Second)
	case "/throw":
		s.kv.Put(r.Context(), "before", "kept")
		panic("thrown in fetch")
	case "/state":
		var before any
		s.kv.Get(r.Context(), "before", &before)
		answer(w, object{"before": before})
	default:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, "not found")
	}
}

// ask fetches from the object of the case.
func (c *call) ask(method, url, body string, headers http.Header) (*http.Response, string, error) {
	r, err := http.NewRequestWithContext(c.ctx, method, url, strings.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	if headers != nil {
		r.Header = headers
	}
	resp, err := c.object().Fetch(c.ctx, r)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp, string(text), err
}

func init() {
	table(workerCases, map[string]func(c *call) (any, error){
		"object fetch/echo": func(c *call) (any, error) {
			r, body, err := c.ask("PUT", "https://object/echo?x=1", "héllo", http.Header{"X-Header": {"value"}})
			if err != nil {
				return nil, err
			}
			return object{"status": r.StatusCode, "body": body, "method": r.Header.Get("X-Method"), "header": r.Header.Get("X-Header"), "host": r.Header.Get("X-Host")}, nil
		},
		"object fetch/host of another": func(c *call) (any, error) {
			r, err := http.NewRequestWithContext(c.ctx, "GET", "https://object/echo", nil)
			if err != nil {
				return nil, err
			}
			r.Host = "other.example"
			resp, _, err := fetched(func(r *http.Request) (*http.Response, error) { return c.object().Fetch(c.ctx, r) }, r)
			return []any{resp.Header.Get("X-Host"), resp.Header.Get("X-Host-Header")}, err
		},
		"object fetch/not found": func(c *call) (any, error) {
			r, body, err := c.ask("GET", "https://object/nowhere", "", nil)
			if err != nil {
				return nil, err
			}
			return object{"status": r.StatusCode, "ok": r.StatusCode/100 == 2, "body": body}, nil
		},
		"object fetch/set-cookie": func(c *call) (any, error) {
			r, body, err := c.ask("GET", "https://object/cookies", "", nil)
			if err != nil {
				return nil, err
			}
			return object{"status": r.StatusCode, "cookies": r.Header.Values("Set-Cookie"), "body": body}, nil
		},
		"object fetch/streamed response": func(c *call) (any, error) {
			_, body, err := c.ask("GET", "https://object/stream", "", nil)
			return body, err
		},
		"object fetch/large body": func(c *call) (any, error) {
			_, body, err := c.ask("POST", "https://object/digest", string(pattern(1_500_000)), nil)
			return json.RawMessage(body), err
		},
		"object fetch/redirect manual": func(c *call) (any, error) {
			r, _, err := c.ask("GET", "https://object/redirect", "", nil)
			if err != nil {
				return nil, err
			}
			return object{"status": r.StatusCode, "location": r.Header.Get("Location")}, nil
		},
		"object fetch/relative URL": func(c *call) (any, error) {
			r, _, err := c.ask("GET", "/echo", "", nil)
			return r, err
		},
		"object fetch/no handler": func(c *call) (any, error) {
			r, _ := http.NewRequestWithContext(c.ctx, "GET", "https://object/", nil)
			_, err := others().GetByName(c.name).Fetch(c.ctx, r)
			return nil, err
		},
		"object fetch/error": func(c *call) (any, error) {
			_, body, err := c.ask("GET", "https://object/throw", "", nil)
			failed := attempt(body, err)
			_, after, err := c.ask("GET", "https://object/state", "", nil)
			return object{"failed": failed, "after": json.RawMessage(after)}, err
		},
	})
}
