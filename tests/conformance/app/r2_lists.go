package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"grove.place/lattice/workers/r2"
)

// described fills a bucket with objects that have metadata.
func (c *call) described(keys ...string) error {
	for _, key := range keys {
		_, err := bucket.Put(c.ctx, c.name+"/"+key, strings.NewReader(key), &r2.PutOptions{
			HTTPMetadata: r2.HTTPMetadata{ContentType: "text/x"}, CustomMetadata: map[string]string{"key": key}})
		if err != nil {
			return err
		}
	}
	return nil
}

// page is a page of what is under the name of the case.
func (c *call) page(o r2.ListOptions) (any, error) {
	if o.StartAfter != "" {
		o.StartAfter = c.name + "/" + o.StartAfter
	}
	return c.listed(o), nil
}

func (c *call) pages(o r2.ListOptions) (any, error) {
	o.Prefix = c.name + "/"
	out := []any{}
	for {
		l, err := bucket.List(c.ctx, o)
		if err != nil {
			return nil, err
		}
		out = append(out, []any{c.short(objectKeys(l)), c.short(l.DelimitedPrefixes)})
		if !l.Truncated {
			return out, nil
		}
		o.Cursor = l.Cursor
	}
}

func objectKeys(l r2.Listing) (keys []string) {
	for _, o := range l.Objects {
		keys = append(keys, o.Key)
	}
	return keys
}

// r2Pages is a case of lists of some objects.
func r2Pages(keys []string, list ...r2.ListOptions) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		err := c.described(keys...)
		return forEach(list, c.page), err
	}
}

func init() {
	group(workerCases, "r2 list", map[string]func(c *call) (any, error){
		"metadata": func(c *call) (any, error) {
			err := c.described("a")
			return forEach([][]string{nil, {}, {"httpMetadata"}, {"customMetadata"}, {"httpMetadata", "customMetadata"}}, func(include []string) (any, error) {
				l, err := bucket.List(c.ctx, r2.ListOptions{Prefix: c.name, Include: include})
				if err != nil || len(l.Objects) != 1 {
					return len(l.Objects), err
				}
				o := l.Objects[0]
				return []any{o.HTTPMetadata.ContentType, o.CustomMetadata["key"], o.Size, len(o.ETag)}, nil
			}), err
		},
		"pages with a delimiter": func(c *call) (any, error) {
			err := c.described("a", "d/1", "d/2", "d/3", "e/1", "f", "g/1", "g/2")
			return forEach([]int{1, 2, 3}, func(limit int) (any, error) { return c.pages(r2.ListOptions{Delimiter: "/", Limit: limit}) }), err
		},
		"start after": r2Pages([]string{"a", "b", "d/1", "d/2", "e"}, r2.ListOptions{StartAfter: "a"}, r2.ListOptions{StartAfter: "aa"}, r2.ListOptions{StartAfter: "d/1"},
			r2.ListOptions{StartAfter: "d/1", Delimiter: "/"}, r2.ListOptions{StartAfter: "d/2", Delimiter: "/"}, r2.ListOptions{StartAfter: "d/", Delimiter: "/"},
			r2.ListOptions{StartAfter: "z"}, r2.ListOptions{StartAfter: "a", Prefix: "d"}),
		"start after and a cursor": func(c *call) (any, error) {
			err := c.described("1", "2", "3", "4", "5")
			first, err2 := bucket.List(c.ctx, r2.ListOptions{Prefix: c.name + "/", Limit: 2})
			return forEach([]string{"1", "4"}, func(after string) (any, error) {
				return c.page(r2.ListOptions{Cursor: first.Cursor, StartAfter: after})
			}), errors.Join(err, err2)
		},
		"delimiters": r2Pages([]string{"a--b", "a--c", "a-b", "x", "--"}, r2.ListOptions{Delimiter: "--"}, r2.ListOptions{Delimiter: "-"}, r2.ListOptions{Delimiter: "none"},
			r2.ListOptions{Delimiter: "-", Prefix: "a"}, r2.ListOptions{Delimiter: "-", Prefix: "a-"}, r2.ListOptions{Delimiter: "x"}),
		"with metadata, shorter": func(c *call) (any, error) {
			failed := make(chan error)
			for i := range 101 {
				go func() { failed <- errorOf(c.put(fmt.Sprint(c.name, "/", i), "x")) }()
			}
			var errs []error
			for range 101 {
				errs = append(errs, <-failed)
			}
			return forEach([][]string{nil, {"httpMetadata"}}, func(include []string) (any, error) {
				l, err := bucket.List(c.ctx, r2.ListOptions{Prefix: c.name, Include: include})
				return []any{len(l.Objects), l.Truncated}, err
			}), errors.Join(errs...)
		},
		"exact limits": r2Pages([]string{"1", "2", "3"}, r2.ListOptions{Limit: 1}, r2.ListOptions{Limit: 2}, r2.ListOptions{Limit: 3}, r2.ListOptions{Limit: 4}),
		"order": func(c *call) (any, error) {
			err := c.described("b", "B", "ä", "a", "Z", "💥", "\uffee", "1", "10", "2", "a/")
			l, err2 := bucket.List(c.ctx, r2.ListOptions{Prefix: c.name + "/"})
			return c.short(objectKeys(l)), errors.Join(err, err2)
		},
		"prefixes": func(c *call) (any, error) {
			err := c.described("ab", "abc", "b", "a%", "a_", "A")
			return forEach([]string{"a", "ab", "abcd", "a%", "a_", "A", ""}, func(prefix string) (any, error) {
				l, err := bucket.List(c.ctx, r2.ListOptions{Prefix: c.name + "/" + prefix})
				return c.short(objectKeys(l)), err
			}), err
		},
		"nothing": func(c *call) (any, error) { return c.page(r2.ListOptions{}) },
	})
	group(workerCases, "r2 upload", uploadCases)
}

// uploaded begins an upload and uploads texts as its parts, from the first on.
func (c *call) uploaded(o *r2.PutOptions, list ...string) (*r2.Upload, []r2.Part, error) {
	u, err := bucket.CreateMultipartUpload(c.ctx, c.name, o)
	var parts []r2.Part
	for i, text := range list {
		if err == nil {
			var p r2.Part
			p, err = u.UploadPart(c.ctx, i+1, strings.NewReader(text))
			parts = append(parts, p)
		}
	}
	return u, parts, err
}

var uploadCases = map[string]func(c *call) (any, error){
	"order of the parts": func(c *call) (any, error) {
		u, err := bucket.CreateMultipartUpload(c.ctx, c.name, nil)
		if err != nil {
			return nil, err
		}
		one, err := u.UploadPart(c.ctx, 1, bytes.NewReader(pattern(5*mega)))
		three, err2 := u.UploadPart(c.ctx, 3, strings.NewReader("end"))
		_, turned := u.Complete(c.ctx, []r2.Part{three, one})
		o, err3 := u.Complete(c.ctx, []r2.Part{one, three})
		if err := errors.Join(err, err2, err3); err != nil {
			return nil, err
		}
		end := attempt(contentOf(bucket.Get(c.ctx, c.name, &r2.GetOptions{Range: &r2.Range{Suffix: 3}})))
		across, err := readAll(bucket.Get(c.ctx, c.name, &r2.GetOptions{Range: &r2.Range{Offset: 5*mega - 2, Length: 4}}))
		return []any{try(turned), o.Size, len(o.ETag), o.ETag[len(o.ETag)-2:], o.HTTPETag == `"`+o.ETag+`"`, sums(o), end, across}, err
	},
	"sizes of the parts": func(c *call) (any, error) {
		return forEach([][]int{{1}, {5 * mega, 1}, {5*mega - 1, 1}, {5 * mega, 5*mega + 1}, {5 * mega, 5*mega + 1, 1}, {0}, {}}, func(sizes []int) (any, error) {
			u, err := bucket.CreateMultipartUpload(c.ctx, c.name, nil)
			if err != nil {
				return nil, err
			}
			var parts []r2.Part
			for i, n := range sizes {
				p, err := u.UploadPart(c.ctx, i+1, bytes.NewReader(make([]byte, n)))
				if err != nil {
					return nil, err
				}
				parts = append(parts, p)
			}
			return nil, errorOf(u.Complete(c.ctx, parts))
		}), nil
	},
	"parts that are wrong": func(c *call) (any, error) {
		u, parts, err := c.uploaded(nil, "x")
		if err != nil {
			return nil, err
		}
		one := parts[0]
		return forEach([][]r2.Part{{{PartNumber: 1, ETag: "x"}}, {{PartNumber: 2, ETag: one.ETag}}, {one, one}, {one, {PartNumber: 2, ETag: "x"}}}, func(parts []r2.Part) (any, error) {
			return nil, errorOf(u.Complete(c.ctx, parts))
		}), nil
	},
	"part that is replaced": func(c *call) (any, error) {
		u, old, err := c.uploaded(nil, "old")
		if err != nil {
			return nil, err
		}
		one, err := u.UploadPart(c.ctx, 1, strings.NewReader("new"))
		_, refused := u.Complete(c.ctx, old)
		o, err2 := u.Complete(c.ctx, []r2.Part{one})
		if err := errors.Join(err, err2); err != nil {
			return nil, err
		}
		return []any{old[0].ETag == one.ETag, try(refused), o.Size, c.stored(c.name)}, nil
	},
	"over": func(c *call) (any, error) {
		done, parts, err := c.uploaded(nil, "x")
		if err != nil {
			return nil, err
		}
		_, err = done.Complete(c.ctx, parts)
		gone, _, err2 := c.uploaded(nil, "y")
		if err := errors.Join(err, err2); err != nil {
			return nil, err
		}
		if err := gone.Abort(c.ctx); err != nil {
			return nil, err
		}
		list := []any{}
		for _, u := range []*r2.Upload{done, gone} {
			list = append(list, outcomes(
				func() error { return errorOf(u.UploadPart(c.ctx, 2, strings.NewReader("x"))) },
				func() error { return errorOf(u.Complete(c.ctx, parts)) },
				func() error { return u.Abort(c.ctx) },
			)...)
		}
		return append(list, c.stored(c.name)), nil
	},
	"not seen before it is complete": func(c *call) (any, error) {
		_, err := c.put(c.name, "before")
		u, parts, err2 := c.uploaded(nil, "after")
		if err := errors.Join(err, err2); err != nil {
			return nil, err
		}
		before := c.stored(c.name)
		_, err = u.Complete(c.ctx, parts)
		return []any{before, c.stored(c.name)}, err
	},
	"metadata": func(c *call) (any, error) {
		u, parts, err := c.uploaded(&r2.PutOptions{HTTPMetadata: r2.HTTPMetadata{ContentType: "text/x"}, CustomMetadata: map[string]string{"a": "b"}}, "x")
		if err != nil {
			return nil, err
		}
		o, err := u.Complete(c.ctx, parts)
		if err != nil {
			return nil, err
		}
		return []any{httpMetadata(o.HTTPMetadata), texts(o.CustomMetadata), u.Key == c.name, len(u.UploadID) > 8}, nil
	},
	"two at once": func(c *call) (any, error) {
		a, one, err := c.uploaded(nil, "a")
		b, two, err2 := c.uploaded(nil, "b")
		if err := errors.Join(err, err2); err != nil {
			return nil, err
		}
		err = errors.Join(errorOf(b.Complete(c.ctx, two)), errorOf(a.Complete(c.ctx, one)))
		return []any{a.UploadID == b.UploadID, c.stored(c.name)}, err
	},
	"replaced by an object": func(c *call) (any, error) {
		u, parts, err := c.uploaded(nil, string(make([]byte, 5*mega)), "x")
		if err != nil {
			return nil, err
		}
		_, err = u.Complete(c.ctx, parts)
		_, err2 := c.put(c.name, "small")
		o, err3 := bucket.Get(c.ctx, c.name, nil)
		if err := errors.Join(err, err2, err3); err != nil {
			return nil, err
		}
		return []any{o.Size, len(o.ETag), content(o)}, nil
	},
}
