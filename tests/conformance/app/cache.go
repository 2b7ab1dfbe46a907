package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"grove.place/lattice/workers/cache"
)

// cacheCase is a case with a URL of its own.
type cacheCase struct{ *call }

func (c cacheCase) url(rest string) string {
	return "https://cache.example/" + url.PathEscape(c.name) + rest
}

type pairsOf = map[string]string

var freshFor = pairsOf{"Cache-Control": "max-age=60"}

func with(headers pairsOf, more ...string) pairsOf {
	out := pairsOf{}
	for k, v := range headers {
		out[k] = v
	}
	for i := 0; i < len(more); i += 2 {
		out[more[i]] = more[i+1]
	}
	return out
}

func (c cacheCase) request(method, address string, headers pairsOf) *http.Request {
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	r := (&http.Request{Method: method, URL: u, Header: http.Header{}}).WithContext(c.ctx)
	for k, v := range headers {
		r.Header.Set(k, v)
	}
	return r
}

// toKeep is what a case puts.
type toKeep struct {
	headers, request pairsOf
	body             io.Reader // nil: "kept"
	none             bool      // no body
	status           int       // 0: 200
	rest             string
}

func (k toKeep) response() *http.Response {
	resp := &http.Response{StatusCode: 200, Header: http.Header{}, ContentLength: -1}
	if k.status != 0 {
		resp.StatusCode = k.status
	}
	for name, v := range k.headers {
		resp.Header.Set(name, v)
	}
	body := k.body
	if body == nil {
		body = strings.NewReader("kept")
	}
	if sized, ok := body.(interface{ Len() int }); ok {
		resp.ContentLength = int64(sized.Len())
	}
	resp.Body = io.NopCloser(body)
	if k.none {
		resp.Body, resp.ContentLength = nil, 0
	}
	return resp
}

func (c cacheCase) put(k toKeep) error {
	return cache.Default.Put(c.request("GET", c.url(k.rest), k.request), k.response())
}

func (c cacheCase) match(headers pairsOf, rest string) (*http.Response, error) {
	return cache.Default.Match(c.request("GET", c.url(rest), headers))
}

func shownResponse(resp *http.Response, err error) (any, error) {
	if err != nil || resp == nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	headers := object{}
	for name, values := range resp.Header {
		if name != "Date" {
			headers[strings.ToLower(name)] = strings.Join(values, ", ")
		}
	}
	return object{"status": resp.StatusCode, "headers": headers, "text": string(b)}, err
}

func (c cacheCase) shown(headers pairsOf) (any, error) {
	resp, err := c.match(headers, "")
	return shownResponse(resp, err)
}

// is reports whether there is something.
func (c cacheCase) is(rest string) (bool, error) {
	resp, err := c.match(nil, rest)
	if resp != nil {
		resp.Body.Close()
	}
	return resp != nil, err
}

func (c cacheCase) kept(k toKeep) (bool, error) {
	if err := c.put(k); err != nil {
		return false, err
	}
	return c.is(k.rest)
}

func (c cacheCase) each(all ...toKeep) (any, error) {
	out := []any{}
	for i, k := range all {
		k.rest = fmt.Sprintf("?%d", i)
		is, err := c.kept(k)
		if err != nil {
			return nil, err
		}
		out = append(out, is)
	}
	return out, nil
}

func controlled(values ...string) (all []toKeep) {
	for _, v := range values {
		all = append(all, toKeep{headers: pairsOf{"Cache-Control": v}})
	}
	return all
}

func inHTTP(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }

// putting is a case that puts something, and then looks.
func putting(k toKeep, look func(c cacheCase) (any, error)) func(c cacheCase) (any, error) {
	return func(c cacheCase) (any, error) {
		if err := c.put(k); err != nil {
			return nil, err
		}
		return look(c)
	}
}

func shownPlain(c cacheCase) (any, error) { return c.shown(nil) }

// statusOf asks with headers.
func (c cacheCase) statuses(all ...pairsOf) (any, error) {
	out := []any{}
	for _, headers := range all {
		resp, err := c.match(headers, "")
		if err != nil || resp == nil {
			return nil, err
		}
		resp.Body.Close()
		out = append(out, resp.StatusCode)
	}
	return out, nil
}

func (c cacheCase) same(want []byte) (any, error) {
	resp, err := c.match(nil, "")
	if err != nil || resp == nil {
		return nil, err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	return []any{len(got), bytes.Equal(got, want)}, err
}

func cacheTable(cases map[string]func(c cacheCase) (any, error)) {
	all := map[string]func(c *call) (any, error){}
	for name, f := range cases {
		all[name] = func(c *call) (any, error) { return f(cacheCase{c}) }
	}
	table(workerCases, all)
}

func init() {
	cacheTable(cacheCases)
	cacheTable(cachePolicyCases)
	cacheTable(cacheURLCases)
	table(objectCases, map[string]func(ctx context.Context, s *self) (any, error){
		"cache/inside": func(ctx context.Context, _ *self) (any, error) {
			c := cacheCase{&call{ctx: ctx, name: "inside"}}
			if err := c.put(toKeep{headers: freshFor, body: strings.NewReader("from inside")}); err != nil {
				return nil, err
			}
			resp, err := c.match(nil, "")
			if err != nil || resp == nil {
				return nil, err
			}
			defer resp.Body.Close()
			b, err := io.ReadAll(resp.Body)
			return string(b), err
		},
	})
}

var cacheCases = map[string]func(c cacheCase) (any, error){
	"cache/put and match": putting(toKeep{headers: with(freshFor, "Content-Type", "text/plain", "X-One", "eins")}, shownPlain),
	"cache/nothing":       shownPlain,
	"cache/replace": func(c cacheCase) (any, error) {
		return putting(toKeep{headers: freshFor}, putting(toKeep{headers: freshFor, body: strings.NewReader("other")}, shownPlain))(c)
	},
	"cache/delete": putting(toKeep{headers: freshFor}, func(c cacheCase) (any, error) {
		return all(func() (any, error) { return cache.Default.Delete(c.request("GET", c.url(""), nil)) }, func() (any, error) { return c.shown(nil) },
			func() (any, error) { return cache.Default.Delete(c.request("GET", c.url(""), nil)) })
	}),
	"cache/delete what has expired": putting(toKeep{headers: pairsOf{"Cache-Control": "max-age=1"}}, func(c cacheCase) (any, error) {
		if err := sleep(c.ctx, 1300*time.Millisecond); err != nil {
			return nil, err
		}
		return cache.Default.Delete(c.request("GET", c.url(""), nil))
	}),
	"cache/names": func(c cacheCase) (any, error) {
		one, two := cache.Open("one"), cache.Open("two")
		for text, to := range map[string]cache.Cache{"1": one, "2": two} {
			if err := to.Put(c.request("GET", c.url(""), nil), toKeep{headers: freshFor, body: strings.NewReader(text)}.response()); err != nil {
				return nil, err
			}
		}
		return all(func() (any, error) { return c.shown(nil) }, func() (any, error) { return shownResponse(cache.Open("one").Match(c.request("GET", c.url(""), nil))) },
			func() (any, error) { return shownResponse(two.Match(c.request("GET", c.url(""), nil))) })
	},
	"cache/long name": func(c cacheCase) (any, error) {
		_, err := cache.Open(strings.Repeat("n", 1024)).Match(c.request("GET", c.url(""), nil))
		return nil, err
	},
	"cache/methods": putting(toKeep{headers: freshFor}, func(c cacheCase) (any, error) {
		asked := func(method string, o ...cache.Option) func() (any, error) {
			return func() (any, error) {
				resp, err := cache.Default.Match(c.request(method, c.url(""), nil), o...)
				if resp == nil {
					return nil, err
				}
				return resp.StatusCode, resp.Body.Close()
			}
		}
		deleted := func(o ...cache.Option) func() (any, error) {
			return func() (any, error) { return cache.Default.Delete(c.request("PUT", c.url(""), nil), o...) }
		}
		return all(asked("HEAD"), asked("POST"), asked("POST", cache.IgnoreMethod), deleted(), deleted(cache.IgnoreMethod), asked("GET"))
	}),
	"cache/put for another method": func(c cacheCase) (any, error) {
		return nil, cache.Default.Put(c.request("POST", c.url(""), nil), toKeep{headers: freshFor}.response())
	},
	"cache/partial response": func(c cacheCase) (any, error) { return nil, c.put(toKeep{headers: freshFor, status: 206}) },
	"cache/vary of everything": func(c cacheCase) (any, error) {
		return nil, c.put(toKeep{headers: with(freshFor, "Vary", "Accept, *")})
	},
	"cache/vary plays no part": putting(toKeep{headers: with(freshFor, "Vary", "Accept-Language"), request: pairsOf{"Accept-Language": "de"}}, func(c cacheCase) (any, error) {
		return c.shown(pairsOf{"Accept-Language": "en"})
	}),
	"cache/not modified": func(c cacheCase) (any, error) { return c.kept(toKeep{headers: freshFor, status: 304, none: true}) },
	"cache/range": func(c cacheCase) (any, error) {
		if err := c.put(toKeep{headers: with(freshFor, "Content-Type", "text/plain"), body: strings.NewReader("0123456789")}); err != nil {
			return nil, err
		}
		out := []any{}
		for _, r := range []string{"bytes=2-4", "bytes=-3", "bytes=5-", "bytes=0-0", "bytes=8-99", "bytes=-99", "bytes=99-", "bytes=4-2", "bytes=x", "lines=1-2"} {
			one, err := c.shown(pairsOf{"Range": r})
			if err != nil {
				return nil, err
			}
			out = append(out, one)
		}
		return out, nil
	},
	"cache/conditions": putting(toKeep{headers: with(freshFor, "ETag", `"tag"`, "Last-Modified", "Tue, 01 Sep 2026 10:00:00 GMT")}, func(c cacheCase) (any, error) {
		return c.statuses(pairsOf{"If-None-Match": `"tag"`}, pairsOf{"If-None-Match": `"other", W/"tag"`}, pairsOf{"If-None-Match": `"other"`}, pairsOf{"If-None-Match": "*"},
			pairsOf{"If-Modified-Since": "Tue, 01 Sep 2026 10:00:00 GMT"}, pairsOf{"If-Modified-Since": "Tue, 01 Sep 2026 09:59:59 GMT"}, pairsOf{"If-Modified-Since": "nonsense"})
	}),
	"cache/weak tag": putting(toKeep{headers: with(freshFor, "ETag", `W/"tag"`)}, func(c cacheCase) (any, error) {
		resp, err := c.match(pairsOf{"If-None-Match": `"tag"`}, "")
		if err != nil || resp == nil {
			return nil, err
		}
		return resp.StatusCode, resp.Body.Close()
	}),
	"cache/large": func(c cacheCase) (any, error) {
		b := pattern(3_000_000)
		return putting(toKeep{headers: freshFor, body: bytes.NewReader(b)}, func(c cacheCase) (any, error) { return c.same(b) })(c)
	},
	"cache/stream of unknown length": func(c cacheCase) (any, error) {
		b := pattern(200_000)
		return putting(toKeep{headers: freshFor, body: unsized{bytes.NewReader(b)}}, func(c cacheCase) (any, error) { return c.same(b) })(c)
	},
	"cache/no content": func(c cacheCase) (any, error) { return c.kept(toKeep{headers: freshFor, none: true, status: 204}) },
	"cache/empty": putting(toKeep{headers: freshFor, body: strings.NewReader("")}, func(c cacheCase) (any, error) {
		resp, err := c.match(nil, "")
		if err != nil || resp == nil {
			return nil, err
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		return []any{resp.StatusCode, string(b)}, err
	}),
	"cache/large and refused": func(c cacheCase) (any, error) {
		refused := try(c.put(toKeep{headers: freshFor, status: 206, body: bytes.NewReader(pattern(300_000))}))
		kept, err := c.kept(toKeep{headers: pairsOf{"Cache-Control": "no-store"}, body: bytes.NewReader(pattern(300_000))})
		return []any{refused, kept}, err
	},
	"cache/headers of the connection": putting(toKeep{headers: with(freshFor, "Keep-Alive", "timeout=5", "Upgrade", "h2c", "TE", "trailers", "Proxy-Authenticate", "Basic")}, func(c cacheCase) (any, error) {
		resp, err := c.match(nil, "")
		if err != nil || resp == nil {
			return nil, err
		}
		resp.Body.Close()
		names := []string{}
		for name := range resp.Header {
			if name != "Date" {
				names = append(names, strings.ToLower(name))
			}
		}
		slices.Sort(names)
		return names, nil
	}),
	"cache/at the same time": func(c cacheCase) (any, error) {
		errs, texts := make([]error, 10), make([]any, 10)
		var wait sync.WaitGroup
		for i := range errs {
			wait.Go(func() {
				rest := fmt.Sprintf("?%d", i)
				if errs[i] = c.put(toKeep{headers: freshFor, body: strings.NewReader(fmt.Sprint(i)), rest: rest}); errs[i] != nil {
					return
				}
				resp, err := c.match(nil, rest)
				if err == nil && resp != nil {
					var b []byte
					b, err = io.ReadAll(resp.Body)
					texts[i] = string(b)
				}
				errs[i] = err
			})
		}
		wait.Wait()
		for _, err := range errs {
			if err != nil {
				return nil, err
			}
		}
		return texts, nil
	},
	"cache/in an object": func(c cacheCase) (any, error) {
		return run.Call(c.ctx, c.object(), RunParams{Name: "cache/inside"})
	},
}

var cachePolicyCases = map[string]func(c cacheCase) (any, error){
	"cache/cookies": func(c cacheCase) (any, error) {
		return putting(toKeep{headers: with(freshFor, "Set-Cookie", "a=1")}, shownPlain)(c)
	},
	"cache/private cookies": putting(toKeep{headers: pairsOf{"Cache-Control": "private=set-cookie, max-age=60", "Set-Cookie": "a=1"}}, func(c cacheCase) (any, error) {
		resp, err := c.match(nil, "")
		if err != nil || resp == nil {
			return nil, err
		}
		resp.Body.Close()
		var cookie any
		if v := resp.Header.Get("Set-Cookie"); v != "" {
			cookie = v
		}
		return []any{resp.StatusCode, cookie}, nil
	}),
	"cache/not to be stored": func(c cacheCase) (any, error) {
		return c.each(controlled("no-store, max-age=60", "private, max-age=60", "no-cache, max-age=60", "max-age=0", "max-age=-5", "max-age=x", "s-maxage=0, max-age=60", "proxy-revalidate, max-age=60")...)
	},
	"cache/to be stored": func(c cacheCase) (any, error) {
		return c.each(controlled("s-maxage=60", "s-maxage=60, max-age=0", "public, max-age=60", "max-age=60, must-revalidate", `max-age="60"`, "immutable",
			"max-age=0, stale-while-revalidate=60", "max-age=0, stale-if-error=60")...)
	},
	"cache/nothing said": func(c cacheCase) (any, error) {
		return c.each(toKeep{}, toKeep{headers: pairsOf{"Cache-Control": "public"}}, toKeep{headers: pairsOf{"Last-Modified": inHTTP(-time.Hour)}}, toKeep{headers: pairsOf{"Pragma": "no-cache", "Expires": inHTTP(time.Hour)}})
	},
	"cache/expires": func(c cacheCase) (any, error) {
		return c.each(toKeep{headers: pairsOf{"Expires": inHTTP(time.Minute)}}, toKeep{headers: pairsOf{"Expires": inHTTP(-time.Minute)}}, toKeep{headers: pairsOf{"Expires": "0"}},
			toKeep{headers: with(freshFor, "Expires", inHTTP(-time.Minute))})
	},
	"cache/age": func(c cacheCase) (any, error) {
		return c.each(toKeep{headers: with(freshFor, "Age", "59")}, toKeep{headers: with(freshFor, "Age", "60")})
	},
	"cache/age is shown": putting(toKeep{headers: with(freshFor, "Age", "7")}, shownPlain),
	"cache/authorization": func(c cacheCase) (any, error) {
		secret := pairsOf{"Authorization": "x"}
		return c.each(toKeep{headers: freshFor, request: secret}, toKeep{headers: pairsOf{"Cache-Control": "public, max-age=60"}, request: secret}, toKeep{headers: pairsOf{"Cache-Control": "s-maxage=60"}, request: secret})
	},
	"cache/statuses": func(c cacheCase) (any, error) {
		var all []toKeep
		for _, status := range []int{200, 201, 203, 301, 302, 307, 308, 400, 404, 410, 451, 500, 501, 503} {
			all = append(all, toKeep{headers: freshFor, status: status})
		}
		return c.each(all...)
	},
	"cache/statuses with nothing said": func(c cacheCase) (any, error) {
		var all []toKeep
		for _, status := range []int{200, 302, 404} {
			all = append(all, toKeep{headers: pairsOf{"Expires": ""}, status: status})
		}
		return c.each(all...)
	},
	"cache/of another status": func(c cacheCase) (any, error) {
		return putting(toKeep{headers: with(freshFor, "Location", "/there"), status: 302, body: strings.NewReader("go")}, shownPlain)(c)
	},
	"cache/expired": putting(toKeep{headers: pairsOf{"Cache-Control": "max-age=1"}}, func(c cacheCase) (any, error) {
		before, err := c.is("")
		if err != nil {
			return nil, err
		}
		if err := sleep(c.ctx, 1300*time.Millisecond); err != nil {
			return nil, err
		}
		after, err := c.is("")
		return []any{before, after}, err
	}),
}

var cacheURLCases = map[string]func(c cacheCase) (any, error){
	"cache/query": putting(toKeep{headers: freshFor, rest: "?a=1&b=2"}, func(c cacheCase) (any, error) {
		out := []any{}
		for _, rest := range []string{"?a=1&b=2", "?b=2&a=1", ""} {
			is, err := c.is(rest)
			if err != nil {
				return nil, err
			}
			out = append(out, is)
		}
		return out, nil
	}),
	"cache/scheme and host": putting(toKeep{headers: freshFor}, func(c cacheCase) (any, error) {
		out := []any{}
		for _, address := range []string{strings.Replace(c.url(""), "https", "http", 1), strings.Replace(c.url(""), "cache.example", "CACHE.example", 1)} {
			resp, err := cache.Default.Match(c.request("GET", address, nil))
			if err != nil {
				return nil, err
			}
			out = append(out, resp != nil)
		}
		return out, nil
	}),
	"cache/path of nothing": func(c cacheCase) (any, error) {
		if err := cache.Default.Put(c.request("GET", "https://root-of.cache.example", nil), toKeep{headers: freshFor}.response()); err != nil {
			return nil, err
		}
		resp, err := cache.Default.Match(c.request("GET", "https://root-of.cache.example/", nil))
		return resp != nil, err
	},
	"cache/relative URL": func(c cacheCase) (any, error) {
		_, err := cache.Default.Match(c.request("GET", "/relative", nil))
		return nil, err
	},
	"cache/other scheme": func(c cacheCase) (any, error) {
		_, err := cache.Default.Match(c.request("GET", "ftp://x.example/", nil))
		return nil, err
	},
}
