package main

import (
	"errors"
	"fmt"
	"strings"

	"grove.place/lattice/workers"
	"grove.place/lattice/workers/r2"
)

// What R2 refuses.
func init() {
	long := strings.Repeat("k", 1025)
	many := map[string]string{}
	for i := range 100 {
		many[fmt.Sprint("key", i)] = strings.Repeat("v", 80)
	}
	group(workerCases, "r2 error", map[string]func(c *call) (any, error){
		"long keys": func(c *call) (any, error) {
			return outcomes(
				func() error { return errorOf(bucket.Head(c.ctx, long)) },
				func() error { return errorOf(bucket.Get(c.ctx, long, nil)) },
				func() error { return errorOf(c.put(long, "x")) },
				func() error { return bucket.Delete(c.ctx, long) },
				func() error { return bucket.Delete(c.ctx, "short", long) },
				func() error { return errorOf(bucket.CreateMultipartUpload(c.ctx, long, nil)) },
			), nil
		},
		"key of 1,024 bytes": func(c *call) (any, error) {
			key := c.name + strings.Repeat("ä", (1024-len(c.name))/2)
			_, err := c.put(key, "x")
			over := outcomes(func() error { return errorOf(c.put(key+"ä", "x")) })
			return []any{c.stored(key), over[0]}, err
		},
		"ranges": r2Ranges(&r2.Range{Offset: -1}, &r2.Range{Length: -1}, &r2.Range{Suffix: -1}, &r2.Range{Offset: 1, Suffix: 2}, &r2.Range{Length: 1, Suffix: 2},
			&r2.Range{Offset: 10}, &r2.Range{Offset: 11}, &r2.Range{Offset: 9, Length: 1}),
		"range from the end on": r2Ranges(&r2.Range{Offset: 10, Length: 1}),
		"etags in quotes": func(c *call) (any, error) {
			put, err := c.digits()
			if err != nil {
				return nil, err
			}
			conditions := []r2.Conditions{{ETagMatches: put.HTTPETag}, {ETagDoesNotMatch: put.HTTPETag}}
			hidden := func(f func(o *r2.Conditions) error) []any {
				return forEach(conditions, func(o r2.Conditions) (any, error) {
					err := f(&o)
					var e *workers.Error
					if errors.As(err, &e) {
						e.Message = strings.ReplaceAll(e.Message, put.ETag, "ETAG")
					}
					return nil, err
				})
			}
			return []any{
				hidden(func(o *r2.Conditions) error { return errorOf(bucket.Get(c.ctx, c.name, &r2.GetOptions{OnlyIf: o})) }),
				hidden(func(o *r2.Conditions) error {
					return errorOf(bucket.Put(c.ctx, c.name, strings.NewReader("x"), &r2.PutOptions{OnlyIf: o}))
				}),
			}, nil
		},
		"checksums that do not match": r2Refused(&r2.PutOptions{MD5: make([]byte, 16)}, &r2.PutOptions{SHA1: make([]byte, 20)}, &r2.PutOptions{SHA256: make([]byte, 32)},
			&r2.PutOptions{SHA384: make([]byte, 48)}, &r2.PutOptions{SHA512: make([]byte, 64)}),
		"checksums of another length": r2Refused(&r2.PutOptions{MD5: make([]byte, 3)}, &r2.PutOptions{SHA1: make([]byte, 3)}, &r2.PutOptions{SHA256: make([]byte, 3)},
			&r2.PutOptions{SHA384: make([]byte, 3)}, &r2.PutOptions{SHA512: make([]byte, 3)}),
		"two checksums": func(c *call) (any, error) {
			all := sumsOfHello()
			return nil, errorOf(bucket.Put(c.ctx, c.name, strings.NewReader("hello"), &r2.PutOptions{SHA1: all[1].SHA1, SHA256: all[2].SHA256}))
		},
		"metadata": r2Refused(custom("k", strings.Repeat("v", 8191)), custom("k", strings.Repeat("v", 8192)), custom("k", strings.Repeat("ä", 8191)),
			custom("k", strings.Repeat("€", 4095)), custom("k", strings.Repeat("€", 4096)), &r2.PutOptions{CustomMetadata: many}),
		"metadata of an upload": func(c *call) (any, error) {
			return nil, errorOf(bucket.CreateMultipartUpload(c.ctx, c.name, custom("k", strings.Repeat("v", 9000))))
		},
		"list limits": func(c *call) (any, error) {
			return forEach([]int{1001, 1000}, func(limit int) (any, error) {
				_, err := bucket.List(c.ctx, r2.ListOptions{Limit: limit, Prefix: "nothing here"})
				return nil, err
			}), nil
		},
		"list limit below zero": func(c *call) (any, error) {
			return nil, errorOf(bucket.List(c.ctx, r2.ListOptions{Limit: -1, Prefix: "nothing here"}))
		},
		"list includes": func(c *call) (any, error) {
			return nil, errorOf(bucket.List(c.ctx, r2.ListOptions{Include: []string{"httpMetadata", "nonsense"}}))
		},
		"part numbers": func(c *call) (any, error) {
			u, err := bucket.CreateMultipartUpload(c.ctx, c.name, nil)
			if err != nil {
				return nil, err
			}
			part := func(n int) func() error {
				return func() error { return errorOf(u.UploadPart(c.ctx, n, strings.NewReader("x"))) }
			}
			return outcomes(part(0), part(-1), part(10_001), func() error { return errorOf(u.Complete(c.ctx, []r2.Part{{ETag: "x"}})) }, part(10_000)), nil
		},
		"uploads that there are not": func(c *call) (any, error) {
			u, err := bucket.CreateMultipartUpload(c.ctx, c.name, nil)
			if err != nil {
				return nil, err
			}
			none, other := bucket.ResumeMultipartUpload(c.name, "nonsense"), bucket.ResumeMultipartUpload(c.name+" other", u.UploadID)
			return outcomes(
				func() error { return errorOf(none.UploadPart(c.ctx, 1, strings.NewReader("x"))) },
				func() error { return errorOf(none.Complete(c.ctx, []r2.Part{{PartNumber: 1, ETag: "x"}})) },
				func() error { return none.Abort(c.ctx) },
				func() error { return errorOf(other.UploadPart(c.ctx, 1, strings.NewReader("x"))) },
				func() error { return errorOf(other.Complete(c.ctx, nil)) },
				func() error { return other.Abort(c.ctx) },
			), nil
		},
		"customer's keys": func(c *call) (any, error) {
			key := make([]byte, 31)
			return outcomes(
				func() error {
					return errorOf(bucket.Put(c.ctx, c.name, strings.NewReader("x"), &r2.PutOptions{SSECKey: key}))
				},
				func() error { return errorOf(bucket.Get(c.ctx, c.name, &r2.GetOptions{SSECKey: key})) },
				func() error {
					return errorOf(bucket.CreateMultipartUpload(c.ctx, c.name, &r2.PutOptions{SSECKey: key}))
				},
			), nil
		},
		"deletes": func(c *call) (any, error) {
			_, err := c.digits()
			return forEach([][]string{nil, {"nothing"}, {"nothing", c.name}, {c.name}, {c.name}}, func(keys []string) (any, error) {
				return nil, bucket.Delete(c.ctx, keys...)
			}), err
		},
	})
}

func custom(name, value string) *r2.PutOptions {
	return &r2.PutOptions{CustomMetadata: map[string]string{name: value}}
}

// r2Refused is a case of puts with each of the options.
func r2Refused(list ...*r2.PutOptions) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		return forEach(list, func(o *r2.PutOptions) (any, error) {
			return nil, errorOf(bucket.Put(c.ctx, c.name, strings.NewReader("hello"), o))
		}), nil
	}
}
