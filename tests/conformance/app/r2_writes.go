package main

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"grove.place/lattice/workers/r2"
)

// sumsOfHello are options with each checksum of "hello", one at a time.
func sumsOfHello() []*r2.PutOptions {
	text := []byte("hello")
	a, b, c, d, e := md5.Sum(text), sha1.Sum(text), sha256.Sum256(text), sha512.Sum384(text), sha512.Sum512(text)
	return []*r2.PutOptions{{MD5: a[:]}, {SHA1: b[:]}, {SHA256: c[:]}, {SHA384: d[:]}, {SHA512: e[:]}}
}

// What Put stores.
func init() {
	group(workerCases, "r2 put", map[string]func(c *call) (any, error){
		"conditions": r2Puts(conditionalPut{"", r2.Conditions{ETagMatches: "x"}}, conditionalPut{"", r2.Conditions{ETagMatches: "ETAG"}},
			conditionalPut{"", r2.Conditions{ETagDoesNotMatch: "ETAG"}}, conditionalPut{"", r2.Conditions{ETagDoesNotMatch: "*"}},
			conditionalPut{"", r2.Conditions{ETagMatches: "*"}}, conditionalPut{"new", r2.Conditions{ETagMatches: "*"}}, conditionalPut{"new", r2.Conditions{UploadedAfter: past}},
			conditionalPut{"new", r2.Conditions{UploadedBefore: past}}, conditionalPut{"new", r2.Conditions{ETagDoesNotMatch: "*"}},
			conditionalPut{"new", r2.Conditions{ETagDoesNotMatch: "*"}}),
		"conditions on time": r2Puts(conditionalPut{"", r2.Conditions{UploadedBefore: past}}, conditionalPut{"", r2.Conditions{UploadedBefore: future}},
			conditionalPut{"", r2.Conditions{UploadedAfter: future}}, conditionalPut{"", r2.Conditions{UploadedAfter: past}}),
		"conditions of a header": func(c *call) (any, error) {
			put, err := c.digits()
			if err != nil {
				return nil, err
			}
			return forEach([][2]string{{"If-Match", `"x"`}, {"If-Match", put.HTTPETag}, {"If-None-Match", "*"}, {"If-None-Match", `"x"`}}, func(h [2]string) (any, error) {
				return whether(bucket.Put(c.ctx, c.name, strings.NewReader(tenNum), &r2.PutOptions{Header: http.Header{h[0]: {h[1]}}}))
			}), nil
		},
		"each checksum": func(c *call) (any, error) {
			return forEach(sumsOfHello(), func(o *r2.PutOptions) (any, error) {
				put, err := bucket.Put(c.ctx, c.name, strings.NewReader("hello"), o)
				if err != nil {
					return nil, err
				}
				head, err := bucket.Head(c.ctx, c.name)
				return []any{sums(put), sums(head)}, err
			}), nil
		},
		"HTTP metadata": func(c *call) (any, error) {
			put, err := bucket.Put(c.ctx, c.name, strings.NewReader("x"), &r2.PutOptions{HTTPMetadata: r2.HTTPMetadata{ContentType: "text/x", ContentLanguage: "de",
				ContentDisposition: `attachment; filename="ä"`, ContentEncoding: "gzip", CacheControl: "no-store", CacheExpiry: time.UnixMilli(1_800_000_000_000)}})
			head, err2 := bucket.Head(c.ctx, c.name)
			if err := errors.Join(err, err2); err != nil {
				return nil, err
			}
			h := http.Header{}
			head.HTTPMetadata.WriteTo(h)
			return []any{httpMetadata(put.HTTPMetadata), httpMetadata(head.HTTPMetadata), h.Get("Content-Type"), h.Get("Content-Language"), h.Get("Content-Encoding"),
				h.Get("Cache-Control"), h.Get("Expires")}, nil
		},
		"HTTP metadata of headers": func(c *call) (any, error) {
			h := http.Header{"Content-Type": {"text/y"}, "Cache-Control": {"max-age=3"}, "Content-Language": {"fr"}, "Content-Encoding": {"br"}, "Content-Disposition": {"inline"},
				"Expires": {"Thu, 01 Jan 2026 00:00:00 GMT"}, "X-Other": {"no"}}
			_, err := bucket.Put(c.ctx, c.name, strings.NewReader("x"), &r2.PutOptions{HTTPMetadata: r2.HTTPMetadataOf(h)})
			head, err2 := bucket.Head(c.ctx, c.name)
			if err := errors.Join(err, err2); err != nil {
				return nil, err
			}
			return httpMetadata(head.HTTPMetadata), nil
		},
		"metadata that is replaced": func(c *call) (any, error) {
			_, err := bucket.Put(c.ctx, c.name, strings.NewReader("x"), &r2.PutOptions{HTTPMetadata: r2.HTTPMetadata{ContentType: "text/x"}, CustomMetadata: map[string]string{"a": "1"}})
			_, err2 := c.put(c.name, "y")
			head, err3 := bucket.Head(c.ctx, c.name)
			if err := errors.Join(err, err2, err3); err != nil {
				return nil, err
			}
			return []any{httpMetadata(head.HTTPMetadata), texts(head.CustomMetadata)}, nil
		},
		"custom metadata": func(c *call) (any, error) {
			_, err := bucket.Put(c.ctx, c.name, strings.NewReader("x"), &r2.PutOptions{CustomMetadata: map[string]string{"ü": "ß💥", "empty": "", "A": "upper", "a": "lower"}})
			head, err2 := bucket.Head(c.ctx, c.name)
			if err := errors.Join(err, err2); err != nil {
				return nil, err
			}
			return texts(head.CustomMetadata), nil
		},
		"names": func(c *call) (any, error) {
			return forEach([]string{"a b", "ü💥", "a/../b", "?q=1#x", "%2F", "/slash", "trailing/", "\u0001", "'\"`"}, func(name string) (any, error) {
				o, err := c.put(c.name+"/"+name, name)
				if err != nil {
					return nil, err
				}
				return []any{o.Key[len(c.name)+1:], c.stored(c.name + "/" + name)}, nil
			}), nil
		},
		"storage class": func(c *call) (any, error) {
			put, err := c.put(c.name, "x")
			head, err2 := bucket.Head(c.ctx, c.name)
			if err := errors.Join(err, err2); err != nil {
				return nil, err
			}
			return []any{put.StorageClass, head.StorageClass}, nil
		},
		"stream of known length": func(c *call) (any, error) {
			chunk := pattern(100_000)
			o, err := bucket.Put(c.ctx, c.name, r2.Sized(io.MultiReader(bytes.NewReader(chunk), bytes.NewReader(chunk), bytes.NewReader(chunk)), 300_000), nil)
			if err != nil {
				return nil, err
			}
			back, err := readAll(bucket.Get(c.ctx, c.name, nil))
			return []any{o.Size, back}, err
		},
		"stream of another length": func(c *call) (any, error) {
			return forEach([][2]int{{10, 9}, {10, 11}, {100_000, 99_999}, {100_000, 100_001}}, func(n [2]int) (any, error) {
				_, refused := bucket.Put(c.ctx, c.name, r2.Sized(bytes.NewReader(pattern(n[0])), int64(n[1])), nil)
				head, err := bucket.Head(c.ctx, c.name)
				return []any{refused != nil, describeStored(head)}, err
			}), nil
		},
		"copy": func(c *call) (any, error) {
			_, err := bucket.Put(c.ctx, c.name, bytes.NewReader(pattern(200_000)), nil)
			o, err2 := bucket.Get(c.ctx, c.name, nil)
			if err := errors.Join(err, err2); err != nil {
				return nil, err
			}
			defer o.Body.Close()
			if _, streams := o.Body.(interface{ Len() int }); !streams {
				return "the content goes through memory", nil
			}
			copied, err := bucket.Put(c.ctx, c.name+" copy", o.Body, nil)
			if err != nil {
				return nil, err
			}
			back, err := readAll(bucket.Get(c.ctx, c.name+" copy", nil))
			return []any{copied.Size, back}, err
		},
		"body of a request": func(c *call) (any, error) {
			if c.r.ContentLength == 0 {
				return "no body", nil
			}
			o, err := bucket.Put(c.ctx, c.name, c.r.Body, nil)
			if err != nil {
				return nil, err
			}
			back, err := readAll(bucket.Get(c.ctx, c.name, nil))
			return []any{o.Size, back}, err
		},
		"many megabytes": func(c *call) (any, error) {
			chunk := bytes.NewReader(pattern(mega))
			again := io.MultiReader(slices.Repeat([]io.Reader{&rewound{chunk}}, 16)...)
			o, err := bucket.Put(c.ctx, c.name, r2.Sized(again, 16*mega), nil)
			if err != nil {
				return nil, err
			}
			back, err := bucket.Get(c.ctx, c.name, nil)
			if err != nil {
				return nil, err
			}
			defer back.Body.Close()
			n, err := io.Copy(io.Discard, back.Body)
			return []any{o.Size, n}, errors.Join(err, bucket.Delete(c.ctx, c.name))
		},
		"read while it is replaced": func(c *call) (any, error) {
			_, err := bucket.Put(c.ctx, c.name, bytes.NewReader(pattern(400_000)), nil)
			o, err2 := bucket.Get(c.ctx, c.name, nil)
			_, err3 := c.put(c.name, "short")
			if err := errors.Join(err, err2, err3); err != nil {
				return nil, err
			}
			return readAll(o, nil)
		},
		"at once": func(c *call) (any, error) {
			failed := make(chan error)
			for i := range 20 {
				go func() { failed <- errorOf(c.put(fmt.Sprint(c.name, "/", i), fmt.Sprint(i))) }()
			}
			list := []any{}
			for range 20 {
				if err := <-failed; err != nil {
					return nil, err
				}
			}
			for i := range 20 {
				list = append(list, c.stored(fmt.Sprint(c.name, "/", i)))
			}
			return list, nil
		},
	})
}

// rewound is a reader that begins anew after its end.
type rewound struct{ *bytes.Reader }

func (r *rewound) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err == io.EOF {
		r.Seek(0, io.SeekStart)
	}
	return n, err
}
