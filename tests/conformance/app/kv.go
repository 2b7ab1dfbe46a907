package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"grove.place/lattice/workers"
	"grove.place/lattice/workers/kv"
)

var (
	space  = kv.Namespace("KV")
	space2 = kv.Namespace("KV2")
)

// kvCase is a case with keys of its own.
type kvCase struct{ *call }

func (c kvCase) key(k string) string { return c.name + "/" + k }

func (c kvCase) fill(keys ...string) error {
	for _, k := range keys {
		if err := space.Put(c.ctx, c.key(k), k, nil); err != nil {
			return err
		}
	}
	return nil
}

func (c kvCase) put(k string, value any, o *kv.PutOptions) error {
	return space.Put(c.ctx, c.key(k), value, o)
}

// text is the value of a key as text, or nil.
func (c kvCase) text(k string) (any, error) { return textOf(c.ctx, space, c.key(k)) }

func textOf(ctx context.Context, n kv.NamespaceBinding, key string) (any, error) {
	var s string
	found, err := n.Get(ctx, key, &s, nil)
	if !found {
		return nil, err
	}
	return s, err
}

func (c kvCase) short(keys []kv.Key) []string {
	out := []string{}
	for _, k := range keys {
		out = append(out, k.Name[len(c.name)+1:])
	}
	return out
}

func (c kvCase) listed(o kv.ListOptions) (any, error) {
	o.Prefix = c.key(o.Prefix)
	l, err := space.List(c.ctx, o)
	return object{"keys": c.short(l.Keys), "complete": l.Complete, "more": l.Cursor != ""}, err
}

func (c kvCase) lists(options ...kv.ListOptions) (any, error) {
	out := []any{}
	for _, o := range options {
		l, err := c.listed(o)
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

// refusals are the errors of calls that must fail.
func refusals(errs ...error) (any, error) {
	out := []any{}
	for _, err := range errs {
		out = append(out, try(err))
	}
	return out, nil
}

func (c kvCase) get(key string) error {
	_, err := textOf(c.ctx, space, key)
	return err
}

// kvTable adds cases that put something, and then look.
func kvTable(cases map[string]func(c kvCase) (any, error)) {
	all := map[string]func(c *call) (any, error){}
	for name, f := range cases {
		all[name] = func(c *call) (any, error) { return f(kvCase{c}) }
	}
	table(workerCases, all)
}

// stored is a case that stores one value and reads it.
func stored(value any, o *kv.PutOptions, read func(c kvCase) (any, error)) func(c kvCase) (any, error) {
	return func(c kvCase) (any, error) {
		if err := c.put("k", value, o); err != nil {
			return nil, err
		}
		return read(c)
	}
}

func readText(c kvCase) (any, error) { return c.text("k") }

func readJSON(c kvCase) (any, error) {
	var v any
	_, err := space.Get(c.ctx, c.key("k"), &v, nil)
	return v, err
}

func readBytes(c kvCase) (any, error) {
	var b []byte
	_, err := space.Get(c.ctx, c.key("k"), &b, nil)
	return b, err
}

func readStream(c kvCase) ([]byte, error) {
	var body io.ReadCloser
	found, err := space.Get(c.ctx, c.key("k"), &body, nil)
	if err != nil || !found {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(body)
}

func readWithMetadata(c kvCase) (any, error) {
	var value string
	var metadata any
	_, err := space.GetWithMetadata(c.ctx, c.key("k"), &value, &metadata, nil)
	return []any{value, metadata}, err
}

// unsized hides how much a reader has.
type unsized struct{ io.Reader }

func sameAs(want, got []byte) any { return []any{len(got), bytes.Equal(got, want)} }

const valueLimit = 25 << 20

func init() {
	kvTable(map[string]func(c kvCase) (any, error){
		"workers kv/text":         stored("hello ß 💥", nil, readText),
		"workers kv/empty value":  stored("", nil, readText),
		"workers kv/json":         stored(object{"text": "<ß>", "n": 1.5, "list": []any{1, nil}, "nested": object{"ok": true}}, nil, readJSON),
		"workers kv/json as text": stored(object{"a": "<&>"}, nil, readText),
		"workers kv/bytes":        stored([]byte{0, 255, 128}, nil, readBytes),
		"workers kv/stream in": func(c kvCase) (any, error) {
			return stored(unsized{strings.NewReader("of unknown length")}, nil, readText)(c)
		},
		"workers kv/empty stream": func(c kvCase) (any, error) {
			return stored(unsized{strings.NewReader("")}, nil, readText)(c)
		},
		"workers kv/stream out": stored("streamed", nil, func(c kvCase) (any, error) {
			b, err := readStream(c)
			return string(b), err
		}),
		"workers kv/nothing": func(c kvCase) (any, error) {
			v, err := c.text("k")
			return []any{v, nil}, err
		},
		"workers kv/large": stored(pattern(3_000_000), nil, func(c kvCase) (any, error) {
			var b []byte
			_, err := space.Get(c.ctx, c.key("k"), &b, nil)
			return sameAs(pattern(3_000_000), b), err
		}),
		"workers kv/large stream": func(c kvCase) (any, error) {
			b := pattern(3_000_000)
			return stored(unsized{bytes.NewReader(b)}, nil, func(c kvCase) (any, error) {
				back, err := readStream(c)
				return sameAs(b, back), err
			})(c)
		},
		"workers kv/replace": stored("a", &kv.PutOptions{Metadata: 1, ExpirationTTL: 10 * time.Minute}, func(c kvCase) (any, error) {
			if err := c.put("k", "b", nil); err != nil {
				return nil, err
			}
			var value string
			var metadata any
			if _, err := space.GetWithMetadata(c.ctx, c.key("k"), &value, &metadata, nil); err != nil {
				return nil, err
			}
			l, err := space.List(c.ctx, kv.ListOptions{Prefix: c.key("k")})
			return []any{value, metadata, len(l.Keys) == 1 && l.Keys[0].Expiration.IsZero()}, err
		}),
		"workers kv/delete": func(c kvCase) (any, error) {
			if err := c.fill("a"); err != nil {
				return nil, err
			}
			for range 2 {
				if err := space.Delete(c.ctx, c.key("a")); err != nil {
					return nil, err
				}
			}
			return c.text("a")
		},
		"workers kv/namespaces are apart": stored("one", nil, func(c kvCase) (any, error) {
			if err := space2.Put(c.ctx, c.key("k"), "two", nil); err != nil {
				return nil, err
			}
			return all(func() (any, error) { return c.text("k") }, func() (any, error) { return textOf(c.ctx, space2, c.key("k")) })
		}),
		"workers kv/strange keys": func(c kvCase) (any, error) {
			keys := []string{"a/b?c=d#e", "ü 💥", "%2F", " ", "a\nb", "..a", "https://x/"}
			if err := c.fill(keys...); err != nil {
				return nil, err
			}
			values := []any{}
			for _, k := range keys {
				v, err := c.text(k)
				if err != nil {
					return nil, err
				}
				values = append(values, v)
			}
			l, err := space.List(c.ctx, kv.ListOptions{Prefix: c.key("")})
			return []any{values, c.short(l.Keys)}, err
		},
		"workers kv/cache ttl": stored("k", nil, func(c kvCase) (any, error) {
			var s string
			_, err := space.Get(c.ctx, c.key("k"), &s, &kv.GetOptions{CacheTTL: time.Minute})
			return s, err
		}),
		"workers kv/cache ttl too small": func(c kvCase) (any, error) {
			var s string
			_, err := space.Get(c.ctx, c.key("k"), &s, &kv.GetOptions{CacheTTL: 29 * time.Second})
			return nil, err
		},
		"workers kv/at the same time": func(c kvCase) (any, error) {
			errs, values := make([]error, 20), make([]any, 20)
			var wait sync.WaitGroup
			for i := range errs {
				wait.Go(func() {
					if errs[i] = c.put(fmt.Sprint(i), fmt.Sprint(i), nil); errs[i] == nil {
						values[i], errs[i] = c.text(fmt.Sprint(i))
					}
				})
			}
			wait.Wait()
			for _, err := range errs {
				if err != nil {
					return nil, err
				}
			}
			return values, nil
		},
		"workers kv/in an object": func(c kvCase) (any, error) {
			return run.Call(c.ctx, c.object(), RunParams{Name: "workers kv/from inside"})
		},
	})
	kvTable(kvMetadataCases)
	kvTable(kvLimitCases)
	kvTable(kvListCases)
	kvTable(kvManyCases)
	table(objectCases, map[string]func(ctx context.Context, s *self) (any, error){
		"workers kv/from inside": func(ctx context.Context, _ *self) (any, error) {
			if err := space.Put(ctx, "from inside", "v", &kv.PutOptions{Metadata: object{"by": "object"}}); err != nil {
				return nil, err
			}
			var value string
			var metadata any
			_, err := space.GetWithMetadata(ctx, "from inside", &value, &metadata, nil)
			return []any{value, metadata}, err
		},
	})
}

var kvMetadataCases = map[string]func(c kvCase) (any, error){
	"workers kv/metadata": stored("v", &kv.PutOptions{Metadata: object{"text": "ascii", "n": 1.5, "list": []any{true, nil}, "nested": object{"a": 1}}}, readWithMetadata),
	"workers kv/metadata beyond ASCII": stored("v", &kv.PutOptions{Metadata: object{"t": "ß💥"}}, func(c kvCase) (any, error) {
		var value string
		var metadata, listed any
		if _, err := space.GetWithMetadata(c.ctx, c.key("k"), &value, &metadata, nil); err != nil {
			return nil, err
		}
		l, err := space.List(c.ctx, kv.ListOptions{Prefix: c.key("k")})
		if err != nil || len(l.Keys) != 1 {
			return nil, err
		}
		return []any{metadata, &listed}, l.Keys[0].DecodeMetadata(&listed)
	}),
	"workers kv/metadata of kinds": func(c kvCase) (any, error) {
		out := []any{}
		for _, m := range []any{"text", 7, true, []int{1, 2}} {
			if err := c.put("k", "v", &kv.PutOptions{Metadata: m}); err != nil {
				return nil, err
			}
			var value string
			var metadata any
			if _, err := space.GetWithMetadata(c.ctx, c.key("k"), &value, &metadata, nil); err != nil {
				return nil, err
			}
			out = append(out, metadata)
		}
		return out, nil
	},
	"workers kv/metadata beside a stream": func(c kvCase) (any, error) {
		return stored(unsized{strings.NewReader("v")}, &kv.PutOptions{Metadata: object{"a": 1}}, func(c kvCase) (any, error) {
			var body io.ReadCloser
			var metadata struct{ A int }
			if _, err := space.GetWithMetadata(c.ctx, c.key("k"), &body, &metadata, nil); err != nil {
				return nil, err
			}
			defer body.Close()
			b, err := io.ReadAll(body)
			return []any{string(b), object{"a": metadata.A}}, err
		})(c)
	},
	"workers kv/metadata too large": func(c kvCase) (any, error) {
		return nil, c.put("k", "v", &kv.PutOptions{Metadata: strings.Repeat("m", 1023)})
	},
	"workers kv/metadata of 1024 bytes": stored("v", &kv.PutOptions{Metadata: strings.Repeat("m", 1022)}, func(c kvCase) (any, error) {
		var value, metadata string
		_, err := space.GetWithMetadata(c.ctx, c.key("k"), &value, &metadata, nil)
		return len(metadata), err
	}),
}

var kvLimitCases = map[string]func(c kvCase) (any, error){
	"workers kv/empty key": func(c kvCase) (any, error) {
		return refusals(c.get(""), space.Put(c.ctx, "", "v", nil), space.Delete(c.ctx, ""))
	},
	"workers kv/dots": func(c kvCase) (any, error) {
		return refusals(c.get("."), space.Put(c.ctx, "..", "v", nil), space.Delete(c.ctx, "."))
	},
	"workers kv/long key": func(c kvCase) (any, error) {
		long, wide := strings.Repeat("k", 513), strings.Repeat("ß", 257)
		return refusals(c.get(long), space.Put(c.ctx, wide, "v", nil), space.Delete(c.ctx, long))
	},
	"workers kv/key of 512 bytes": func(c kvCase) (any, error) {
		key := strings.Repeat("ß", 256)
		if err := space.Put(c.ctx, key, "v", nil); err != nil {
			return nil, err
		}
		v, err := textOf(c.ctx, space, key)
		if err != nil {
			return nil, err
		}
		return v, space.Delete(c.ctx, key)
	},
	"workers kv/value too large": func(c kvCase) (any, error) {
		return nil, c.put("k", make([]byte, valueLimit+1), nil)
	},
	"workers kv/value of 25 MiB": func(c kvCase) (any, error) {
		if err := c.put("k", make([]byte, valueLimit), nil); err != nil {
			return nil, err
		}
		var body io.ReadCloser
		if _, err := space.Get(c.ctx, c.key("k"), &body, nil); err != nil {
			return nil, err
		}
		defer body.Close()
		n, err := io.Copy(io.Discard, body)
		if err != nil {
			return nil, err
		}
		return n, space.Delete(c.ctx, c.key("k"))
	},
	"workers kv/expiration": func(c kvCase) (any, error) {
		at := time.Now().Truncate(time.Second).Add(time.Hour)
		if err := c.put("at", "v", &kv.PutOptions{Expiration: at}); err != nil {
			return nil, err
		}
		if err := c.put("ttl", "v", &kv.PutOptions{ExpirationTTL: time.Hour}); err != nil {
			return nil, err
		}
		l, err := space.List(c.ctx, kv.ListOptions{Prefix: c.key("")})
		if err != nil || len(l.Keys) != 2 {
			return l, err
		}
		v, err := c.text("at")
		return []any{l.Keys[0].Expiration.Equal(at), l.Keys[1].Expiration.Sub(at).Abs() < 20*time.Second, v}, err
	},
	"workers kv/ttl too small": func(c kvCase) (any, error) {
		ttl := func(d time.Duration) any { return try(c.put("k", "v", &kv.PutOptions{ExpirationTTL: d})) }
		out := []any{ttl(59 * time.Second), ttl(-time.Second)}
		v, err := c.text("k")
		return append(out, v), err
	},
	"workers kv/expiration in the past": func(c kvCase) (any, error) {
		return nil, c.put("k", "v", &kv.PutOptions{Expiration: time.Unix(1000, 0)})
	},
	"workers kv/expiration too soon": func(c kvCase) (any, error) {
		err := c.put("k", "v", &kv.PutOptions{Expiration: time.Now().Add(30 * time.Second)})
		thrown, ok := cause(err).(*workers.Error)
		if !ok {
			return nil, err
		}
		return regexp.MustCompile(`\d{6,}`).ReplaceAllString(thrown.Message, "T"), nil
	},
	"workers kv/ttl counts before expiration": stored("v", &kv.PutOptions{Expiration: time.Unix(5, 0), ExpirationTTL: time.Minute}, readText),
}

var kvListCases = map[string]func(c kvCase) (any, error){
	"workers kv list/order": func(c kvCase) (any, error) {
		if err := c.fill("b", "a", "ä", "B", "10", "9", "💥", "\uffff"); err != nil {
			return nil, err
		}
		return c.listed(kv.ListOptions{})
	},
	"workers kv/expiration beyond 32 bits": func(c kvCase) (any, error) {
		return refusals(c.put("k", "v", &kv.PutOptions{Expiration: time.Unix(4102444800, 0)}), c.put("k", "v", &kv.PutOptions{ExpirationTTL: 1 << 31 * time.Second}))
	},
	"workers kv list/nothing": func(c kvCase) (any, error) { return c.listed(kv.ListOptions{}) },
	"workers kv list/prefix": func(c kvCase) (any, error) {
		if err := c.fill("a", "a/1", "a/2", "b", "A/3", "%"); err != nil {
			return nil, err
		}
		return c.lists(kv.ListOptions{Prefix: "a/"}, kv.ListOptions{Prefix: "%"}, kv.ListOptions{Prefix: "none"})
	},
	"workers kv list/limit": func(c kvCase) (any, error) {
		if err := c.fill("1", "2", "3"); err != nil {
			return nil, err
		}
		return c.lists(kv.ListOptions{Limit: 2}, kv.ListOptions{Limit: 3}, kv.ListOptions{Limit: 1000})
	},
	"workers kv list/by pages": func(c kvCase) (any, error) {
		if err := c.fill("1", "2", "3", "4", "ü"); err != nil {
			return nil, err
		}
		pages := []any{}
		for o := (kv.ListOptions{Prefix: c.key(""), Limit: 2}); ; {
			l, err := space.List(c.ctx, o)
			if err != nil {
				return nil, err
			}
			pages = append(pages, c.short(l.Keys))
			if l.Complete {
				return pages, nil
			}
			o.Cursor = l.Cursor
		}
	},
	"workers kv list/changes between pages": func(c kvCase) (any, error) {
		if err := c.fill("1", "2", "3", "4"); err != nil {
			return nil, err
		}
		first, err := space.List(c.ctx, kv.ListOptions{Prefix: c.key(""), Limit: 2})
		if err != nil {
			return nil, err
		}
		for _, k := range []string{"2", "3"} {
			if err := space.Delete(c.ctx, c.key(k)); err != nil {
				return nil, err
			}
		}
		if err := c.fill("1a", "5"); err != nil {
			return nil, err
		}
		l, err := space.List(c.ctx, kv.ListOptions{Prefix: c.key(""), Cursor: first.Cursor})
		return c.short(l.Keys), err
	},
	"workers kv list/metadata": func(c kvCase) (any, error) {
		if err := c.put("a", "v", &kv.PutOptions{Metadata: object{"a": []int{1}}}); err != nil {
			return nil, err
		}
		if err := c.put("b", "v", nil); err != nil {
			return nil, err
		}
		l, err := space.List(c.ctx, kv.ListOptions{Prefix: c.key("")})
		out := []any{}
		for _, k := range l.Keys {
			var m any
			if err := k.DecodeMetadata(&m); err != nil {
				return nil, err
			}
			out = append(out, m)
		}
		return out, err
	},
	"workers kv list/as JSON": func(c kvCase) (any, error) {
		if err := c.put("a", "v", &kv.PutOptions{Metadata: object{"a": "<"}, Expiration: time.Unix(2000000000, 0)}); err != nil {
			return nil, err
		}
		if err := c.put("b", "v", nil); err != nil {
			return nil, err
		}
		var texts []string
		for _, o := range []kv.ListOptions{{Prefix: c.key("")}, {Prefix: c.key(""), Limit: 1}, {Prefix: c.key("none")}} {
			l, err := space.List(c.ctx, o)
			if err != nil {
				return nil, err
			}
			if l.Cursor != "" {
				l.Cursor = "…"
			}
			text, err := asJSON(l)
			if err != nil {
				return nil, err
			}
			texts = append(texts, text)
		}
		return texts, nil
	},
	"workers kv list/limit too large": func(c kvCase) (any, error) {
		_, err := space.List(c.ctx, kv.ListOptions{Limit: 1001})
		return nil, err
	},
	"workers kv list/negative limit": func(c kvCase) (any, error) {
		if err := c.fill("1", "2"); err != nil {
			return nil, err
		}
		return c.listed(kv.ListOptions{Limit: -1})
	},
	"workers kv list/long prefix": func(c kvCase) (any, error) {
		_, err := space.List(c.ctx, kv.ListOptions{Prefix: strings.Repeat("p", 513)})
		return nil, err
	},
	"workers kv list/walk over 1001 keys": func(c kvCase) (any, error) {
		for i := range 1001 {
			if err := c.put(fmt.Sprint(i), "", nil); err != nil {
				return nil, err
			}
		}
		n := 0
		for _, err := range space.All(c.ctx, c.key("")) {
			if err != nil {
				return nil, err
			}
			n++
		}
		return []any{n, (n + 999) / 1000}, nil
	},
}

// many reads keys, and returns those that have a value, in order.
func (c kvCase) many(keys ...string) ([]string, map[string]kv.Entry, error) {
	found, err := space.GetMany(c.ctx, keys, nil)
	var there []string
	for k := range found {
		there = append(there, k)
	}
	slices.Sort(there)
	return there, found, err
}

func keysOf(n int, key func(i int) string) (keys []string) {
	for i := range n {
		keys = append(keys, key(i))
	}
	return keys
}

func (c kvCase) manyRefused(keys ...string) error {
	_, _, err := c.many(keys...)
	return err
}

var kvManyCases = map[string]func(c kvCase) (any, error){
	"workers kv many/text": func(c kvCase) (any, error) {
		if err := c.fill("a", "b"); err != nil {
			return nil, err
		}
		keys, found, err := c.many(c.key("a"), c.key("none"), c.key("b"))
		out := []any{}
		for _, k := range keys {
			out = append(out, []any{k, found[k].Value})
		}
		return out, err
	},
	"workers kv many/metadata": func(c kvCase) (any, error) {
		if err := c.put("a", "1", &kv.PutOptions{Metadata: object{"a": 1}}); err != nil {
			return nil, err
		}
		if err := c.put("b", "2", nil); err != nil {
			return nil, err
		}
		keys, found, err := c.many(c.key("a"), c.key("b"), c.key("none"))
		out := []any{}
		for _, k := range keys {
			out = append(out, []any{k, found[k].Value, found[k].Metadata})
		}
		return out, err
	},
	"workers kv many/json": func(c kvCase) (any, error) {
		if err := c.put("a", object{"n": 1}, nil); err != nil {
			return nil, err
		}
		_, found, err := c.many(c.key("a"))
		if err != nil {
			return nil, err
		}
		var v any
		return &v, found[c.key("a")].Decode(&v)
	},
	"workers kv many/numbers for keys": func(c kvCase) (any, error) {
		for k, v := range map[string]string{"12345": "v", "a12345": "w"} {
			if err := space.Put(c.ctx, k, v, nil); err != nil {
				return nil, err
			}
		}
		_, found, err := c.many("12345", "a12345")
		return []any{found["12345"].Value, found["a12345"].Value}, err
	},
	"workers kv many/none": func(c kvCase) (any, error) { return nil, c.manyRefused() },
	"workers kv many/too many": func(c kvCase) (any, error) {
		return nil, c.manyRefused(keysOf(101, func(i int) string { return fmt.Sprint("k", i) })...)
	},
	"workers kv many/100 keys": func(c kvCase) (any, error) {
		if err := c.fill("7"); err != nil {
			return nil, err
		}
		_, found, err := c.many(keysOf(100, func(i int) string { return c.key(fmt.Sprint(i)) })...)
		return found[c.key("7")].Value, err
	},
	"workers kv many/bad key": func(c kvCase) (any, error) {
		return refusals(c.manyRefused("a", ""), c.manyRefused("."), c.manyRefused(strings.Repeat("k", 513)))
	},
}

func init() {
	kvTable(map[string]func(c kvCase) (any, error){
		"workers kv list/bad cursor": func(c kvCase) (any, error) {
			if err := c.put("1", "v", nil); err != nil {
				return nil, err
			}
			_, err := space.List(c.ctx, kv.ListOptions{Prefix: c.key(""), Cursor: "%%%"})
			return try(err), nil
		},
		"workers kv list/cursor of a key that is gone": func(c kvCase) (any, error) {
			for _, k := range []string{"1", "2", "3"} {
				if err := c.put(k, k, nil); err != nil {
					return nil, err
				}
			}
			l, err := space.List(c.ctx, kv.ListOptions{Prefix: c.key(""), Limit: 1})
			if err == nil {
				err = space.Delete(c.ctx, c.key("1"))
			}
			if err != nil {
				return nil, err
			}
			return c.listed(kv.ListOptions{Cursor: l.Cursor})
		},
		"workers kv/cache ttl of 30 seconds": stored("k", nil, func(c kvCase) (any, error) {
			var v string
			_, err := space.Get(c.ctx, c.key("k"), &v, &kv.GetOptions{CacheTTL: 30 * time.Second})
			return v, err
		}),
		"workers kv many/cache ttl too small": func(c kvCase) (any, error) {
			_, err := space.GetMany(c.ctx, []string{c.key("k")}, &kv.GetOptions{CacheTTL: 29 * time.Second})
			return try(err), nil
		},
		"workers kv/text that is no JSON": stored("{no", nil, func(c kvCase) (any, error) {
			if v, err := readJSON(c); err == nil {
				return v, nil
			}
			return "refused", nil
		}),
		"workers kv/nothing in each way": func(c kvCase) (any, error) {
			var text string
			var value any
			var raw []byte
			var stream io.ReadCloser
			out := []any{}
			for _, dest := range []any{&text, &value, &raw, &stream} {
				found, err := space.Get(c.ctx, c.key("k"), dest, nil)
				if err != nil || found || text != "" || stream != nil {
					return found, err
				}
				out = append(out, nil)
			}
			return out, nil
		},
	})
}
