package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"grove.place/lattice/workers"
	"grove.place/lattice/workers/fetch"
)

// outgoing is a request of a case: what it has beyond a GET.
type outgoing struct {
	method string
	body   io.Reader
	header http.Header
	o      fetch.Options
}

func (c *call) send(path string, s outgoing) (*http.Response, []byte, error) {
	r := upstream(c.ctx, s.method, path, s.body)
	for name, values := range s.header {
		r.Header[name] = values
	}
	return fetched(func(r *http.Request) (*http.Response, error) { return fetch.Do(r, s.o) }, r)
}

// arrives is a case whose request the server describes.
func arrives(path string, s func() outgoing) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		r, body, err := c.send(path, s())
		return []any{r.StatusCode, json.RawMessage(body)}, err
	}
}

// fails is a case whose request fails.
func fails(path string, s func() outgoing) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		r, body, err := c.send(path, s())
		return attempt([]any{r.StatusCode, len(body)}, cause(err)), nil
	}
}

// strays is a case whose request goes somewhere else than to the server.
func strays(address func(c *call) string) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		r, err := http.NewRequestWithContext(c.ctx, "GET", address(c), nil)
		if err != nil {
			return nil, err
		}
		_, _, err = fetched(workers.Fetch, r)
		return attempt(nil, cause(err)), nil
	}
}

// failed says only whether a case has failed.
func failed(f func(c *call) (any, error)) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		v, err := f(c)
		result, _ := v.(object)
		return result["error"] != nil, err
	}
}

func expect(ok bool) error {
	if !ok {
		return errors.New("not as it should be")
	}
	return nil
}

func asItIs() outgoing { return outgoing{} }

func posted(method string) func() outgoing {
	return func() outgoing {
		return outgoing{method: method, body: strings.NewReader("the body"), header: http.Header{"X-A": {"1"}, "Content-Type": {"text/x-case"}, "Authorization": {"secret"}, "Cookie": {"a=1"}}}
	}
}

func inChunks(chunks ...string) func() outgoing {
	return func() outgoing {
		var all []io.Reader
		for _, s := range chunks {
			all = append(all, strings.NewReader(s))
		}
		return outgoing{method: "POST", body: io.MultiReader(all...)}
	}
}

// statusLine is a case about a status line.
func statusLine(status string) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		r, body, err := c.send("/told?status="+url.QueryEscape(status), outgoing{})
		_, text, _ := strings.Cut(r.Status, " ")
		return []any{r.StatusCode, text, r.Header.Get("X-Told"), len(body)}, err
	}
}

// givenUp is what came of a request that was given up, and whether the server has heard of it.
func givenUp(ctx context.Context, name string, stop func(query string) any) (any, error) {
	query := "name=" + url.QueryEscape(name)
	failed := stop(query)
	_, body, err := fetched(workers.Fetch, upstream(ctx, "GET", "/left?"+query, nil))
	return []any{failed, string(body)}, err
}

// abandoned gives up a request before its response.
func abandoned(ctx context.Context) func(query string) any {
	return func(query string) any {
		ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
		_, _, err := fetched(workers.Fetch, upstream(ctx, "GET", "/drip?"+query, nil))
		return errors.Is(err, context.DeadlineExceeded)
	}
}

func init() {
	for _, code := range []int{301, 302, 303, 307, 308} {
		workerCases[fmt.Sprintf("outbound/redirect %d of a POST", code)] = arrives(fmt.Sprintf("/hop?n=1&code=%d", code), posted("POST"))
	}
	for _, code := range []int{301, 303, 308} {
		workerCases[fmt.Sprintf("outbound/redirect %d of a PUT", code)] = arrives(fmt.Sprintf("/hop?n=1&code=%d", code), posted("PUT"))
	}
	table(workerCases, map[string]func(c *call) (any, error){
		"outbound/redirect of a HEAD": func(c *call) (any, error) {
			r, body, err := c.send("/hop?n=2&code=303", outgoing{method: "HEAD"})
			return []any{r.StatusCode, len(body)}, err
		},
		"outbound/redirect to another host": arrives("/elsewhere", func() outgoing {
			return outgoing{header: http.Header{"Authorization": {"secret"}, "Cookie": {"a=1"}, "X-A": {"1"}}}
		}),
		"outbound/20 redirects": arrives("/hop?n=20&code=302", asItIs),
		"outbound/21 redirects": fails("/hop?n=21&code=302", asItIs),
		"outbound/redirect is returned": func(c *call) (any, error) {
			s := posted("POST")()
			s.o.Redirect = fetch.Manual
			r, _, err := c.send("/hop?n=1&code=307", s)
			return []any{r.StatusCode, r.Header.Get("Location")}, err
		},
		"outbound/redirect without a location": func(c *call) (any, error) {
			r, _, err := c.send("/nowhere", outgoing{})
			return r.StatusCode, err
		},
		"outbound/redirect to nonsense":     fails("/badly", asItIs),
		"outbound/redirect 307 of a stream": fails("/hop?n=1&code=307", inChunks("a", "b")),
		"outbound/redirect 303 of a stream": arrives("/hop?n=1&code=303", inChunks("a", "b")),
		"outbound/length that is known":     arrives("/seen", func() outgoing { return outgoing{method: "POST", body: strings.NewReader("12345")} }),
		"outbound/length that is unknown":   arrives("/seen", inChunks("123", "45")),
		"outbound/length that is promised": func(c *call) (any, error) {
			_, body, err := c.send("/seen", outgoing{method: "POST", body: bytes.NewReader(bytes.Repeat([]byte("a"), 70_000))})
			var got struct {
				Length  int64
				Chunked bool
				Body    string
			}
			err = errors.Join(err, json.Unmarshal(body, &got))
			return []any{200, got.Length, got.Chunked, len(got.Body)}, err
		},
		"outbound/empty POST":         arrives("/seen", func() outgoing { return outgoing{method: "POST"} }),
		"outbound/empty GET":          arrives("/seen", asItIs),
		"outbound/DELETE with a body": arrives("/seen", func() outgoing { return outgoing{method: "DELETE", body: strings.NewReader("x")} }),
		"outbound/GET with a body":    fails("/seen", func() outgoing { return outgoing{method: "GET", body: strings.NewReader("x")} }),
		"outbound/method of its own":  arrives("/seen", func() outgoing { return outgoing{method: "PURGE"} }),
		"outbound/cf": arrives("/seen", func() outgoing {
			return outgoing{o: fetch.Options{CF: &fetch.CF{CacheEverything: true, CacheTTL: 5 * time.Second, CacheTTLByStatus: map[string]int{"200-299": 10}, ResolveOverride: "other.example"}}}
		}),
		"outbound/fields of the response": func(c *call) (any, error) {
			r, _, err := c.send("/fields", outgoing{})
			return []any{r.Header.Get("X-Many"), r.Header.Values("Set-Cookie"), len(r.Header.Get("X-Long")), r.Header.Get("X-Empty")}, err
		},
		"outbound/fields of the request": arrives("/seen", func() outgoing {
			return outgoing{header: http.Header{"X-B": {"1", "2"}, "X-Empty": {""}, "Accept": {"text/x-case"}}}
		}),
		"outbound/host of another": func(c *call) (any, error) {
			r := upstream(c.ctx, "GET", "/host", nil)
			r.Host = "other.example"
			_, body, err := fetched(workers.Fetch, r)
			return string(body) == r.URL.Host, err
		},
		"outbound/accept encoding": arrives("/seen", func() outgoing { return outgoing{header: http.Header{"Accept-Encoding": {"identity"}}} }),
		"outbound/compressed": func(c *call) (any, error) {
			r, body, err := c.send("/gzip", outgoing{})
			return string(body), errors.Join(err, expect(r.Uncompressed && r.Header.Get("Content-Encoding") == ""))
		},
		"outbound/no body of a 204":           statusLine("204 No Content"),
		"outbound/no body of a 304":           statusLine("304 Not Modified"),
		"outbound/text of a status":           statusLine("299 Quite Well"),
		"outbound/status that is unknown":     statusLine("599 Odd"),
		"outbound/early answer":               earlyAnswer,
		"outbound/refused":                    strays(func(*call) string { return "http://127.0.0.1:1/" }),
		"outbound/no such host":               failed(strays(func(*call) string { return "http://no-such-host.invalid/" })),
		"outbound/connection is reset":        fails("/reset", asItIs),
		"outbound/body is cut":                fails("/cut", asItIs),
		"outbound/answer is no HTTP":          fails("/nonsense", asItIs),
		"outbound/relative URL":               strays(func(*call) string { return "/path" }),
		"outbound/scheme that is none":        strays(func(*call) string { return "ftp://example.com/" }),
		"outbound/TLS with a bad certificate": failed(strays(func(c *call) string { return "https://" + getenv(c.ctx, "BAD_TLS") + "/" })),
		"outbound/TLS where there is none": func(c *call) (any, error) {
			r, err := http.NewRequestWithContext(c.ctx, "GET", strings.Replace(getenv(c.ctx, "UPSTREAM"), "http:", "https:", 1)+"/hello", nil)
			if err != nil {
				return nil, err
			}
			_, _, err = fetched(workers.Fetch, r)
			return err != nil, nil
		},
		"outbound/aborted before": func(c *call) (any, error) {
			ctx, cancel := context.WithCancel(c.ctx)
			cancel()
			_, _, err := fetched(workers.Fetch, upstream(ctx, "GET", "/hello", nil))
			return errors.Is(err, context.Canceled), nil
		},
		"outbound/aborted before the response": func(c *call) (any, error) { return givenUp(c.ctx, c.name, abandoned(c.ctx)) },
		"outbound/aborted in the body": func(c *call) (any, error) {
			return givenUp(c.ctx, c.name, func(query string) any {
				ctx, cancel := context.WithCancel(c.ctx)
				defer cancel()
				resp, err := workers.Fetch(upstream(ctx, "GET", "/drip?head&"+query, nil))
				if err != nil {
					return err
				}
				defer resp.Body.Close()
				_, first := resp.Body.Read(make([]byte, 1))
				cancel()
				_, err = io.Copy(io.Discard, resp.Body)
				return first == nil && errors.Is(err, context.Canceled)
			})
		},
		"outbound/body is closed": func(c *call) (any, error) {
			return givenUp(c.ctx, c.name, func(query string) any {
				resp, err := workers.Fetch(upstream(c.ctx, "GET", "/drip?head&"+query, nil))
				if err != nil {
					return err
				}
				_, first := resp.Body.Read(make([]byte, 1))
				return first == nil && resp.Body.Close() == nil
			})
		},
		"outbound/100 in a row": func(c *call) (any, error) {
			n := 0
			for i := range 100 {
				text, err := c.upstreamText(fmt.Sprint("/hello?q=", i))
				if err != nil {
					return nil, err
				}
				n += len(text)
			}
			return n, nil
		},
		"outbound/in an object, aborted": func(c *call) (any, error) {
			return run.Call(c.ctx, c.object(), RunParams{Name: "outbound/inside", Arg: object{"name": c.name}})
		},
	})
	objectCases["outbound/inside"] = func(ctx ctxt, s *self) (any, error) {
		name, _ := s.arg["name"].(string)
		return givenUp(ctx, name, abandoned(ctx))
	}
}

// earlyAnswer writes a request's body while it reads the response's.
func earlyAnswer(c *call) (any, error) {
	reader, writer := io.Pipe()
	resp, err := workers.Fetch(upstream(c.ctx, "POST", "/echo-back", reader))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	got := []string{}
	for _, text := range []string{"one", "two"} {
		if _, err := io.WriteString(writer, text); err != nil {
			return nil, err
		}
		b, err := readN(resp.Body, len(text))
		if err != nil {
			return nil, err
		}
		got = append(got, string(b))
	}
	writer.Close()
	rest, err := io.ReadAll(resp.Body)
	return []any{resp.Header.Get("X-Early"), got, len(rest) == 0}, err
}
