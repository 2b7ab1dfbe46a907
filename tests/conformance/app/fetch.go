package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"grove.place/lattice/workers"
)

var getenv = workers.Getenv

// upstream prepares a request to the server that the suite runs.
func upstream(ctx context.Context, method, path string, body io.Reader) *http.Request {
	r, err := http.NewRequestWithContext(ctx, method, getenv(ctx, "UPSTREAM")+path, body)
	if err != nil {
		panic(err)
	}
	return r
}

// fetched sends a request and reads the whole response.
func fetched(send func(*http.Request) (*http.Response, error), r *http.Request) (*http.Response, []byte, error) {
	resp, err := send(r)
	if err != nil {
		return &http.Response{Header: http.Header{}}, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, body, err
}

func (c *call) upstream(method, path string, body io.Reader) (*http.Response, []byte, error) {
	return fetched(workers.Fetch, upstream(c.ctx, method, path, body))
}

func (c *call) upstreamText(path string) (string, error) {
	_, body, err := c.upstream("GET", path, nil)
	return string(body), err
}

func init() {
	table(workerCases, map[string]func(c *call) (any, error){
		"env/variable": func(c *call) (any, error) {
			return []string{getenv(c.ctx, "GREETING"), getenv(c.ctx, "EMPTY"), getenv(c.ctx, "UNICODE")}, nil
		},
		"env/JSON":            func(c *call) (any, error) { return json.RawMessage(getenv(c.ctx, "SETTINGS")), nil },
		"service/this Worker": serviceEcho,
		"service/set-cookie": func(c *call) (any, error) {
			r, _, err := c.service("GET", "http/set-cookie", nil)
			return r.Header.Values("Set-Cookie"), err
		},
		"service/redirect": func(c *call) (any, error) {
			r, _, err := c.service("GET", "http/redirect?code=307", nil)
			return []any{r.StatusCode, r.Header.Get("Location")}, err
		},
		"service/large body": func(c *call) (any, error) {
			_, body, err := c.service("POST", "http/large%20upload", strings.NewReader(string(pattern(400_000))))
			return json.RawMessage(body), err
		},
		"service/uncaught error": func(c *call) (any, error) {
			_, _, err := c.service("GET", "http/uncaught%20error", nil)
			return err != nil, nil
		},
		"env/number": func(c *call) (any, error) {
			return all(variable[float64](c, "HALF"), variable[int](c, "LARGE"))
		},
		"env/truth": func(c *call) (any, error) { return workers.Variable[bool](c.ctx, "FLAG") },
		"env/list":  func(c *call) (any, error) { return workers.Variable[[]any](c.ctx, "NAMES") },
		"env/in a structure": func(c *call) (any, error) {
			v, err := workers.Variable[struct {
				Limit int
				Names []string
			}](c.ctx, "SETTINGS")
			return []any{v.Limit, v.Names}, err
		},
		"env/string by its name":          func(c *call) (any, error) { return workers.Variable[string](c.ctx, "GREETING") },
		"env/no such variable":            noVariable[string]("NOT_SET"),
		"env/binding that is no variable": noVariable[string]("KV"),
		"env/string that is no number":    noVariable[int]("GREETING"),
		"env/list that is no structure":   noVariable[map[string]int]("NAMES"),
		"env/missing": func(c *call) (any, error) {
			v, ok := workers.LookupEnv(c.ctx, "NOT_SET")
			return []any{v, ok}, nil
		},
		"fetch/get": func(c *call) (any, error) {
			r, body, err := c.upstream("GET", "/hello?q=1", nil)
			return object{"status": r.StatusCode, "text": string(body), "header": r.Header.Get("X-Upstream"), "type": r.Header.Get("Content-Type")}, err
		},
		"fetch/post": func(c *call) (any, error) {
			r := upstream(c.ctx, "POST", "/echo", strings.NewReader("a=1&b=ü"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("X-Custom", "yes")
			_, body, err := fetched(workers.Fetch, r)
			return json.RawMessage(body), err
		},
		"fetch/bytes": func(c *call) (any, error) {
			_, body, err := c.upstream("PUT", "/digest", strings.NewReader(string(pattern(300_000))))
			return json.RawMessage(body), err
		},
		"fetch/streamed upload": streamedUpload,
		"fetch/large download": func(c *call) (any, error) {
			_, body, err := c.upstream("GET", "/bytes?n=2000000", nil)
			return body, err
		},
		"fetch/status": func(c *call) (any, error) {
			r, body, err := c.upstream("GET", "/status?code=503", nil)
			return []any{r.StatusCode, r.StatusCode/100 == 2, string(body)}, err
		},
		"fetch/no content": func(c *call) (any, error) {
			r, body, err := c.upstream("GET", "/status?code=204", nil)
			return []any{r.StatusCode, string(body)}, err
		},
		"fetch/set-cookie": func(c *call) (any, error) {
			r, _, err := c.upstream("GET", "/cookies", nil)
			return r.Header.Values("Set-Cookie"), err
		},
		"fetch/redirect followed": func(c *call) (any, error) {
			r, body, err := c.upstream("GET", "/redirect?to=/hello", nil)
			return []any{r.StatusCode, string(body)}, err
		},
		"fetch/redirect not followed": func(c *call) (any, error) {
			r, _, err := fetched(workers.Transport.RoundTrip, upstream(c.ctx, "GET", "/redirect?to=/hello", nil))
			return []any{r.StatusCode, r.Header.Get("Location")}, err
		},
		"fetch/redirect loop": func(c *call) (any, error) {
			_, _, err := c.upstream("GET", "/redirect?to=/loop", nil)
			return err != nil, nil
		},
		"fetch/connection refused": func(c *call) (any, error) {
			r, _ := http.NewRequestWithContext(c.ctx, "GET", "http://127.0.0.1:1/", nil)
			_, _, err := fetched(workers.Fetch, r)
			return err != nil, nil
		},
		"fetch/user agent": func(c *call) (any, error) {
			r := upstream(c.ctx, "GET", "/echo", nil)
			r.Header.Set("User-Agent", "lattice-case")
			_, body, err := fetched(workers.Fetch, r)
			var got struct{ Agent string }
			err = errors.Join(err, json.Unmarshal(body, &got))
			return got.Agent, err
		},
		"fetch/head": func(c *call) (any, error) {
			r, body, err := c.upstream("HEAD", "/hello", nil)
			return []any{r.StatusCode, len(body), r.Header.Get("X-Upstream")}, err
		},
		"fetch/gzip": func(c *call) (any, error) { return c.upstreamText("/gzip") },
		"fetch/cancelled": func(c *call) (any, error) {
			ctx, cancel := context.WithTimeout(c.ctx, 50*time.Millisecond)
			defer cancel()
			_, _, err := fetched(workers.Fetch, upstream(ctx, "GET", "/slow", nil))
			return errors.Is(err, context.DeadlineExceeded), nil
		},
		"fetch/many at once":   manyAtOnce,
		"fetch/from an object": func(c *call) (any, error) { return run.Call(c.ctx, c.object(), RunParams{Name: "fetch/inside"}) },
	})
	objectCases["fetch/inside"] = func(ctx ctxt, s *self) (any, error) {
		_, body, err := fetched(workers.Fetch, upstream(ctx, "GET", "/hello?q=object", nil))
		if err != nil {
			return nil, err
		}
		err = s.kv.Put(ctx, "fetched", string(body))
		return s.syncGet(ctx, "fetched"), err
	}
	httpCases["fetch/proxied"] = func(c *call, w http.ResponseWriter, r *http.Request) {
		resp, err := workers.Fetch(upstream(c.ctx, "GET", "/bytes?n=200000", nil))
		if err != nil {
			panic(err)
		}
		defer resp.Body.Close()
		w.Header().Set("X-Proxied", "yes")
		w.WriteHeader(resp.StatusCode)
		io.Copy(w, resp.Body)
	}
}

// service sends a request to this Worker through its service binding.
func (c *call) service(method, path string, body io.Reader) (*http.Response, []byte, error) {
	r, err := http.NewRequestWithContext(c.ctx, method, "https://service/"+path, body)
	if err != nil {
		return nil, nil, err
	}
	r.Header.Set("Content-Type", "text/x-case")
	return fetched(workers.Service("SELF").Do, r)
}

func serviceEcho(c *call) (any, error) {
	r, body, err := c.service("POST", "http/echo%20body", strings.NewReader("through the service"))
	return object{"status": r.StatusCode, "body": string(body), "type": r.Header.Get("X-Type")}, err
}

func streamedUpload(c *call) (any, error) {
	reader, writer := io.Pipe()
	go func() {
		for range 4 {
			writer.Write(pattern(10_000))
			time.Sleep(time.Millisecond)
		}
		writer.Close()
	}()
	_, body, err := c.upstream("POST", "/digest", reader)
	return json.RawMessage(body), err
}

func manyAtOnce(c *call) (any, error) {
	texts, failures := make([]string, 20), make([]error, 20)
	var wait sync.WaitGroup
	for i := range texts {
		wait.Go(func() { texts[i], failures[i] = c.upstreamText(fmt.Sprint("/hello?q=", i)) })
	}
	wait.Wait()
	slices.Sort(texts)
	return texts, errors.Join(failures...)
}

func variable[T any](c *call, name string) func() (any, error) {
	return func() (any, error) { return workers.Variable[T](c.ctx, name) }
}

// noVariable shows the text of the error that a variable is not a T.
func noVariable[T any](name string) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		_, err := workers.Variable[T](c.ctx, name)
		return fmt.Sprint(err), nil
	}
}
