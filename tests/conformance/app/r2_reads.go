package main

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"grove.place/lattice/workers/r2"
)

func rangeOf(o *r2.Object) any {
	return object{"offset": o.Range.Offset, "length": o.Range.Length, "suffix": nil}
}

// What Get and Head return.
func init() {
	group(workerCases, "r2 get", map[string]func(c *call) (any, error){
		"ranges": r2Ranges(&r2.Range{}, &r2.Range{Offset: 9}, &r2.Range{Length: 1}, &r2.Range{Offset: 3, Length: 100}, &r2.Range{Suffix: 1}, &r2.Range{Suffix: 10},
			&r2.Range{Suffix: 11}, nil),
		"Range header": r2ByHeader("bytes=0-3", "bytes=-2", "bytes=7-", "bytes=5-99", "bytes=3-3"),
		"Range header that cannot be": r2ByHeader("bytes=10-", "bytes=5-3", "bytes=-0", "bytes=-99", "bytes=0-1,3-4", "items=0-1", "nonsense", "bytes=",
			"bytes=a-b"),
		"whole and its parts": func(c *call) (any, error) {
			_, err := c.digits()
			o, err2 := bucket.Get(c.ctx, c.name, nil)
			h, err3 := bucket.Head(c.ctx, c.name)
			no, err4 := bucket.Get(c.ctx, c.name, &r2.GetOptions{OnlyIf: &r2.Conditions{ETagMatches: "x"}})
			if err := errors.Join(err, err2, err3, err4); err != nil {
				return nil, err
			}
			return []any{rangeOf(o), rangeOf(h), rangeOf(no)}, o.Body.Close()
		},
		"range of an empty object": func(c *call) (any, error) {
			_, err := c.put(c.name, "")
			o, err2 := bucket.Get(c.ctx, c.name, nil)
			if err := errors.Join(err, err2); err != nil {
				return nil, err
			}
			list := []any{o.Size, content(o)}
			for _, r := range []r2.Range{{}, {Suffix: 5}} {
				list = append(list, attempt(contentOf(bucket.Get(c.ctx, c.name, &r2.GetOptions{Range: &r}))))
			}
			return list, nil
		},
		"conditions": r2Conditions(r2.Conditions{ETagMatches: "ETAG"}, r2.Conditions{ETagMatches: "*"}, r2.Conditions{ETagMatches: "x"},
			r2.Conditions{ETagDoesNotMatch: "ETAG"}, r2.Conditions{ETagDoesNotMatch: "*"}, r2.Conditions{ETagDoesNotMatch: "x"},
			r2.Conditions{ETagMatches: "ETAG", ETagDoesNotMatch: "ETAG"}, r2.Conditions{ETagMatches: "ETAG", ETagDoesNotMatch: "x"}),
		"conditions on time": r2Conditions(r2.Conditions{UploadedAfter: past}, r2.Conditions{UploadedAfter: future}, r2.Conditions{UploadedBefore: past},
			r2.Conditions{UploadedBefore: future}, r2.Conditions{UploadedAfter: past, UploadedBefore: future}, r2.Conditions{UploadedAfter: future, ETagDoesNotMatch: "x"},
			r2.Conditions{UploadedBefore: past, ETagMatches: "ETAG"}, r2.Conditions{UploadedAfter: future, ETagMatches: "ETAG"},
			r2.Conditions{UploadedBefore: past, ETagDoesNotMatch: "x"}),
		"conditions in whole seconds": func(c *call) (any, error) {
			put, err := c.digits()
			if err != nil {
				return nil, err
			}
			second := put.Uploaded.Truncate(time.Second)
			return forEach([]r2.Conditions{
				{UploadedAfter: second, SecondsGranularity: true}, {UploadedBefore: second.Add(time.Second), SecondsGranularity: true},
				{UploadedBefore: second.Add(999 * time.Millisecond), SecondsGranularity: true}, {UploadedAfter: second.Add(-time.Millisecond), SecondsGranularity: true},
				{UploadedAfter: put.Uploaded}, {UploadedBefore: put.Uploaded},
			}, func(o r2.Conditions) (any, error) {
				return contentOf(bucket.Get(c.ctx, c.name, &r2.GetOptions{OnlyIf: &o}))
			}), nil
		},
		"If-Match": r2Headers([]string{"If-Match", `"ETAG"`}, []string{"If-Match", `"x", "ETAG"`}, []string{"If-Match", "*"}, []string{"If-Match", `"x"`},
			[]string{"If-Match", `W/"ETAG"`}, []string{"If-Match", "ETAG"}),
		"If-None-Match": r2Headers([]string{"If-None-Match", `"ETAG"`}, []string{"If-None-Match", `W/"ETAG"`}, []string{"If-None-Match", `"a", "b"`},
			[]string{"If-None-Match", "*"}, []string{"If-None-Match", `"a", W/"ETAG"`}),
		"If-Modified-Since": r2Headers([]string{"If-Modified-Since", past.Format(http.TimeFormat)}, []string{"If-Modified-Since", future.Format(http.TimeFormat)},
			[]string{"If-Unmodified-Since", past.Format(http.TimeFormat)}, []string{"If-Unmodified-Since", future.Format(http.TimeFormat)},
			[]string{"If-Modified-Since", future.Format(http.TimeFormat), "If-None-Match", `"x"`}, nil, []string{"If-Modified-Since", "nonsense"},
			[]string{"If-Unmodified-Since", "nonsense"}),
		"headers that are not lists of etags": r2Headers([]string{"If-Match", `"a" "b"`}, []string{"If-Match", `"open`}, []string{"If-None-Match", `W"a"`},
			[]string{"If-None-Match", `"a" *`}, []string{"If-Match", ""}, []string{"If-Match", ","}, []string{"If-None-Match", "abc"}, []string{"If-None-Match", `"a", b`},
			[]string{"If-Match", `b, "ETAG"`}, []string{"If-Match", `W/"a"x, "ETAG"`}, []string{"If-Match", `"ETAG" x`}, []string{"If-Match", `W, "ETAG"`},
			[]string{"If-Match", `""`}),
		"condition that does not hold": func(c *call) (any, error) {
			_, err := bucket.Put(c.ctx, c.name, strings.NewReader(tenNum), &r2.PutOptions{HTTPMetadata: r2.HTTPMetadata{ContentType: "text/x"}, CustomMetadata: map[string]string{"a": "b"}})
			o, err2 := bucket.Get(c.ctx, c.name, &r2.GetOptions{OnlyIf: &r2.Conditions{ETagMatches: "x"}})
			if err := errors.Join(err, err2); err != nil {
				return nil, err
			}
			return []any{o.Body == nil, o.Key, o.Size, httpMetadata(o.HTTPMetadata), texts(o.CustomMetadata), o.HTTPETag == `"`+o.ETag+`"`}, nil
		},
		"condition and range": func(c *call) (any, error) {
			put, err := c.digits()
			return forEach([]string{put.ETag, "x"}, func(etag string) (any, error) {
				return contentOf(bucket.Get(c.ctx, c.name, &r2.GetOptions{OnlyIf: &r2.Conditions{ETagMatches: etag}, Range: &r2.Range{Offset: 8}}))
			}), err
		},
		"condition on nothing": func(c *call) (any, error) {
			a, err := bucket.Get(c.ctx, c.name, &r2.GetOptions{OnlyIf: &r2.Conditions{ETagMatches: "x"}})
			b, err2 := bucket.Get(c.ctx, c.name, &r2.GetOptions{Range: &r2.Range{Offset: 99}})
			return []any{a, b}, errors.Join(err, err2)
		},
		"forms": func(c *call) (any, error) {
			put, err := c.digits()
			o, err2 := bucket.Get(c.ctx, c.name, nil)
			if err := errors.Join(err, err2); err != nil {
				return nil, err
			}
			defer o.Body.Close()
			isHex := len(o.Version) == 32 && strings.Trim(o.Version, "0123456789abcdef") == ""
			return []any{isHex, o.Version == put.Version, o.ETag, o.HTTPETag, o.Uploaded.Equal(put.Uploaded), sums(o), sums(put)}, nil
		},
	})
}
