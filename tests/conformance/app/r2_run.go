package main

import (
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"time"

	"grove.place/lattice/workers/r2"
)

const (
	mega   = 1 << 20
	tenNum = "0123456789"
)

var (
	past   = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	future = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
)

// digits puts ten digits under the name of the case.
func (c *call) digits() (*r2.Object, error) { return c.put(c.name, tenNum) }

// contentOf is what a get returned.
func contentOf(o *r2.Object, err error) (any, error) {
	switch {
	case err != nil:
		return nil, err
	case o == nil:
		return "none", nil
	}
	return content(o), nil
}

func (c *call) stored(key string) any { return attempt(contentOf(bucket.Get(c.ctx, key, nil))) }

// forEach is the outcome of f for each of a list.
func forEach[T any](list []T, f func(T) (any, error)) []any {
	out := []any{}
	for _, x := range list {
		out = append(out, attempt(f(x)))
	}
	return out
}

// outcomes are how calls end that return nothing.
func outcomes(list ...func() error) []any {
	return forEach(list, func(f func() error) (any, error) { return nil, f() })
}

func errorOf[T any](_ T, err error) error { return err }

// withETag puts the ETag of the object into conditions.
func withETag(etag string, o r2.Conditions) *r2.Conditions {
	o.ETagMatches, o.ETagDoesNotMatch = strings.ReplaceAll(o.ETagMatches, "ETAG", etag), strings.ReplaceAll(o.ETagDoesNotMatch, "ETAG", etag)
	return &o
}

// r2Gets is a case of gets with each of the options: the text, and which part it is.
func r2Gets(list ...*r2.GetOptions) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		if _, err := c.digits(); err != nil {
			return nil, err
		}
		return forEach(list, func(o *r2.GetOptions) (any, error) {
			got, err := bucket.Get(c.ctx, c.name, o)
			if err != nil {
				return nil, err
			}
			part := *got.Range
			return []any{content(got), got.Size, part.Offset, part.Length}, nil
		}), nil
	}
}

func r2Ranges(list ...*r2.Range) func(c *call) (any, error) {
	var options []*r2.GetOptions
	for _, r := range list {
		options = append(options, &r2.GetOptions{Range: r})
	}
	return r2Gets(options...)
}

func r2ByHeader(list ...string) func(c *call) (any, error) {
	var options []*r2.GetOptions
	for _, r := range list {
		options = append(options, &r2.GetOptions{Header: http.Header{"Range": {r}}})
	}
	return r2Gets(options...)
}

// r2Conditions is a case of gets with conditions, in which ETAG stands for the object's.
func r2Conditions(list ...r2.Conditions) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		put, err := c.digits()
		return forEach(list, func(o r2.Conditions) (any, error) {
			return contentOf(bucket.Get(c.ctx, c.name, &r2.GetOptions{OnlyIf: withETag(put.ETag, o)}))
		}), err
	}
}

// r2Headers is a case of gets with conditions in headers, each a name and a value.
func r2Headers(list ...[]string) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		put, err := c.digits()
		return forEach(list, func(pairs []string) (any, error) {
			h := http.Header{}
			for i := 0; i < len(pairs); i += 2 {
				h.Add(pairs[i], strings.ReplaceAll(pairs[i+1], "ETAG", put.ETag))
			}
			return contentOf(bucket.Get(c.ctx, c.name, &r2.GetOptions{Header: h}))
		}), err
	}
}

type conditionalPut struct {
	key    string
	onlyIf r2.Conditions
}

// r2Puts is a case of puts with conditions: whether it was stored.
func r2Puts(list ...conditionalPut) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		first, err := c.digits()
		return forEach(list, func(p conditionalPut) (any, error) {
			key := c.name
			if p.key != "" {
				key += " " + p.key
			}
			return whether(bucket.Put(c.ctx, key, strings.NewReader(tenNum), &r2.PutOptions{OnlyIf: withETag(first.ETag, p.onlyIf)}))
		}), err
	}
}

// whether tells a put that stored from one whose condition did not hold.
func whether(_ *r2.Object, err error) (any, error) {
	if err == r2.ErrPrecondition {
		return false, nil
	}
	return err == nil, err
}

func sums(o *r2.Object) object {
	m := object{}
	for name, sum := range map[string][]byte{"md5": o.Checksums.MD5, "sha1": o.Checksums.SHA1, "sha256": o.Checksums.SHA256, "sha384": o.Checksums.SHA384, "sha512": o.Checksums.SHA512} {
		m[name] = textOrNull(hex.EncodeToString(sum))
	}
	return m
}

func textOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func httpMetadata(m r2.HTTPMetadata) object {
	o := object{"contentType": textOrNull(m.ContentType), "contentLanguage": textOrNull(m.ContentLanguage), "contentDisposition": textOrNull(m.ContentDisposition),
		"contentEncoding": textOrNull(m.ContentEncoding), "cacheControl": textOrNull(m.CacheControl), "cacheExpiry": nil}
	if !m.CacheExpiry.IsZero() {
		o["cacheExpiry"] = show(m.CacheExpiry)
	}
	return o
}

func texts(m map[string]string) object {
	o := object{}
	for k, v := range m {
		o[k] = v
	}
	return o
}

// readAll reads the content of an object.
func readAll(o *r2.Object, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer o.Body.Close()
	return io.ReadAll(o.Body)
}
