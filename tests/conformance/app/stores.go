package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"sort"
	"strings"
	"time"

	"grove.place/lattice/workers/queues"
	"grove.place/lattice/workers/r2"
)

var (
	bucket = r2.Bucket("BUCKET")
	work   = queues.Producer("QUEUE")
)

func describeStored(o *r2.Object) any {
	if o == nil {
		return nil
	}
	orNull := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	age := time.Since(o.Uploaded)
	custom := object{}
	for k, v := range o.CustomMetadata {
		custom[k] = v
	}
	return object{
		"key": o.Key, "size": o.Size, "etag": o.ETag, "quoted": o.HTTPETag, "type": orNull(o.HTTPMetadata.ContentType), "custom": custom,
		"md5": orNull(hex.EncodeToString(o.Checksums.MD5)), "sha256": orNull(hex.EncodeToString(o.Checksums.SHA256)),
		"recent": age > -time.Minute && age < time.Minute, "version": len(o.Version) > 8,
	}
}

func content(o *r2.Object) string {
	if o == nil || o.Body == nil {
		return "no body"
	}
	defer o.Body.Close()
	b, err := io.ReadAll(o.Body)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func (c *call) put(key, text string) (*r2.Object, error) {
	return bucket.Put(c.ctx, key, strings.NewReader(text), nil)
}

func (c *call) fill(keys ...string) error {
	for _, key := range keys {
		if _, err := c.put(c.name+"/"+key, key); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) short(list []string) []string {
	out := []string{}
	for _, k := range list {
		out = append(out, k[len(c.name)+1:])
	}
	return out
}

func (c *call) listed(o r2.ListOptions) any {
	o.Prefix = c.name + "/" + o.Prefix
	l, err := bucket.List(c.ctx, o)
	if err != nil {
		return attempt(nil, err)
	}
	var keys []string
	for _, stored := range l.Objects {
		keys = append(keys, stored.Key)
	}
	return object{"keys": c.short(keys), "prefixes": c.short(l.DelimitedPrefixes), "truncated": l.Truncated, "more": l.Cursor != ""}
}

// withStored is a case that gets what it has put.
func withStored(key, text string, get func(c *call, put *r2.Object) (any, error)) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		put, err := c.put(key, text)
		if err != nil {
			return nil, err
		}
		return get(c, put)
	}
}

func init() {
	table(workerCases, map[string]func(c *call) (any, error){
		"r2/put": func(c *call) (any, error) {
			o, err := bucket.Put(c.ctx, "r2/put", strings.NewReader("hello"), &r2.PutOptions{
				HTTPMetadata: r2.HTTPMetadata{ContentType: "text/plain"}, CustomMetadata: map[string]string{"one": "1", "two": "zwei"}})
			return describeStored(o), err
		},
		"r2/get": func(c *call) (any, error) {
			if _, err := bucket.Put(c.ctx, "r2/get", strings.NewReader("hello ß"), &r2.PutOptions{
				HTTPMetadata: r2.HTTPMetadata{ContentType: "text/plain", CacheControl: "no-store"}}); err != nil {
				return nil, err
			}
			o, err := bucket.Get(c.ctx, "r2/get", nil)
			if err != nil {
				return nil, err
			}
			return []any{describeStored(o), content(o), o.HTTPMetadata.CacheControl}, nil
		},
		"r2/get of nothing": func(c *call) (any, error) {
			got, err := bucket.Get(c.ctx, "r2/nothing", nil)
			if err != nil {
				return nil, err
			}
			head, err := bucket.Head(c.ctx, "r2/nothing")
			return []any{describeStored(got), describeStored(head)}, err
		},
		"r2/head": withStored("r2/head", "12345", func(c *call, _ *r2.Object) (any, error) {
			o, err := bucket.Head(c.ctx, "r2/head")
			return []any{describeStored(o), o != nil && o.Body == nil}, err
		}),
		"r2/replace": withStored("r2/replace", "a", func(c *call, a *r2.Object) (any, error) {
			b, err := c.put("r2/replace", "bb")
			if err != nil {
				return nil, err
			}
			o, err := bucket.Get(c.ctx, "r2/replace", nil)
			return []any{a.Version == b.Version, content(o)}, err
		}),
		"r2/empty": withStored("r2/empty", "", func(c *call, _ *r2.Object) (any, error) {
			o, err := bucket.Get(c.ctx, "r2/empty", nil)
			if err != nil || o == nil {
				return nil, err
			}
			text := ""
			if o.Body != nil {
				text = content(o)
			}
			return []any{o.Size, text}, nil
		}),
		"r2/binary": withStored("r2/binary", "\x00\xff\x80", func(c *call, _ *r2.Object) (any, error) {
			o, err := bucket.Get(c.ctx, "r2/binary", nil)
			return []byte(content(o)), err
		}),
		"r2/large": func(c *call) (any, error) {
			b := pattern(3_000_000)
			if _, err := bucket.Put(c.ctx, "r2/large", bytes.NewReader(b), nil); err != nil {
				return nil, err
			}
			o, err := bucket.Get(c.ctx, "r2/large", nil)
			if err != nil {
				return nil, err
			}
			back := content(o)
			return []any{o.Size, len(back), back == string(b)}, nil
		},
		"r2/range": withStored("r2/range", "0123456789", func(c *call, _ *r2.Object) (any, error) {
			all := []any{}
			for _, r := range []r2.Range{{Offset: 2}, {Offset: 2, Length: 3}, {Length: 4}, {Suffix: 3}, {Suffix: 99}, {Offset: 8, Length: 99}} {
				o, err := bucket.Get(c.ctx, "r2/range", &r2.GetOptions{Range: &r})
				if err != nil {
					return nil, err
				}
				all = append(all, []any{content(o), o.Size, o.Range.Offset, o.Range.Length})
			}
			return all, nil
		}),
		"r2/range beyond the end": withStored("r2/range2", "0123", func(c *call, _ *r2.Object) (any, error) {
			o, err := bucket.Get(c.ctx, "r2/range2", &r2.GetOptions{Range: &r2.Range{Offset: 9}})
			return attempt(describeStored(o), cause(err)), nil
		}),
		"r2/conditional get": withStored("r2/condget", "x", func(c *call, put *r2.Object) (any, error) {
			all := []any{}
			for _, only := range []r2.Conditions{{ETagMatches: put.ETag}, {ETagMatches: "other"}, {ETagDoesNotMatch: put.ETag}, {ETagDoesNotMatch: "other"},
				{UploadedAfter: time.UnixMilli(0)}, {UploadedBefore: time.UnixMilli(0)}} {
				o, err := bucket.Get(c.ctx, "r2/condget", &r2.GetOptions{OnlyIf: &only})
				if err != nil {
					return nil, err
				}
				all = append(all, content(o))
			}
			return all, nil
		}),
		"r2/conditional put": withStored("r2/condput", "first", func(c *call, first *r2.Object) (any, error) {
			put := func(key string, only r2.Conditions) any {
				_, err := bucket.Put(c.ctx, key, strings.NewReader("second"), &r2.PutOptions{OnlyIf: &only})
				if errors.Is(err, r2.ErrPrecondition) {
					return false
				}
				return attempt(true, err)
			}
			all := []any{put("r2/condput", r2.Conditions{ETagMatches: "other"})}
			o, err := bucket.Get(c.ctx, "r2/condput", nil)
			if err != nil {
				return nil, err
			}
			return append(all, content(o), put("r2/condput", r2.Conditions{ETagMatches: first.ETag}), put("r2/condput new", r2.Conditions{ETagMatches: "x"}),
				put("r2/condput new", r2.Conditions{ETagDoesNotMatch: "*"})), nil
		}),
		"r2/checksum": func(c *call) (any, error) {
			sum, _ := hex.DecodeString("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
			o, err := bucket.Put(c.ctx, "r2/checksum", strings.NewReader("hello"), &r2.PutOptions{SHA256: sum})
			return describeStored(o), err
		},
		"r2/wrong checksum": func(c *call) (any, error) {
			_, failed := bucket.Put(c.ctx, "r2/wrong", strings.NewReader("hello"), &r2.PutOptions{MD5: make([]byte, 16)})
			o, err := bucket.Head(c.ctx, "r2/wrong")
			return []any{attempt(nil, cause(failed)), describeStored(o)}, err
		},
		"r2/long key": func(c *call) (any, error) {
			_, err := c.put(strings.Repeat("k", 1025), "x")
			return attempt(nil, cause(err)), nil
		},
		"r2/much metadata": func(c *call) (any, error) {
			_, err := bucket.Put(c.ctx, "r2/meta", strings.NewReader("x"), &r2.PutOptions{CustomMetadata: map[string]string{"k": strings.Repeat("v", 9000)}})
			return attempt(nil, cause(err)), nil
		},
		"r2/delete": func(c *call) (any, error) {
			if err := c.fill("a", "b", "c"); err != nil {
				return nil, err
			}
			if err := bucket.Delete(c.ctx, c.name+"/a"); err != nil {
				return nil, err
			}
			if err := bucket.Delete(c.ctx, c.name+"/b", c.name+"/none"); err != nil {
				return nil, err
			}
			return c.listed(r2.ListOptions{}), nil
		},
		"r2/list": func(c *call) (any, error) {
			if err := c.fill("b", "a", "ä", "c/1", "c/2"); err != nil {
				return nil, err
			}
			return []any{c.listed(r2.ListOptions{}), c.listed(r2.ListOptions{Limit: 2}), c.listed(r2.ListOptions{Prefix: "c/"}), c.listed(r2.ListOptions{StartAfter: c.name + "/b"})}, nil
		},
		"r2/list with a delimiter": func(c *call) (any, error) {
			if err := c.fill("a", "d/1", "d/2", "e/1", "f"); err != nil {
				return nil, err
			}
			return []any{c.listed(r2.ListOptions{Delimiter: "/"}), c.listed(r2.ListOptions{Delimiter: "/", Limit: 2}), c.listed(r2.ListOptions{Delimiter: "/", Prefix: "d/"})}, nil
		},
		"r2/list by pages": func(c *call) (any, error) {
			if err := c.fill("1", "2", "3", "4", "5"); err != nil {
				return nil, err
			}
			pages, cursor := []any{}, ""
			for {
				l, err := bucket.List(c.ctx, r2.ListOptions{Prefix: c.name + "/", Limit: 2, Cursor: cursor})
				if err != nil {
					return nil, err
				}
				var keys []string
				for _, o := range l.Objects {
					keys = append(keys, o.Key)
				}
				pages = append(pages, c.short(keys))
				if !l.Truncated {
					return pages, nil
				}
				cursor = l.Cursor
			}
		},
		"r2/multipart":        multipart,
		"r2/multipart errors": multipartErrors,

		"queue/json": consumed(1, func(c *call) error {
			return work.Send(c.ctx, c.mark(object{"text": "ß", "n": 1.5, "list": []any{1, nil}, "nested": object{"ok": true}}))
		}),
		"queue/text": consumed(1, func(c *call) error {
			return work.SendBatch(c.ctx, queues.Message{Body: c.name + "|plain", ContentType: queues.Text})
		}),
		"queue/bytes": consumed(1, func(c *call) error {
			return work.SendBatch(c.ctx, queues.Message{Body: []byte(c.name + "|bytes"), ContentType: queues.Bytes})
		}),
		"queue/v8": consumed(1, func(c *call) error {
			n, _ := new(big.Int).SetString("12345678901234567890", 10)
			return work.SendBatch(c.ctx, queues.Message{Body: c.mark(object{"at": time.UnixMilli(5000), "big": n}), ContentType: queues.V8})
		}),
		"queue/batch": consumed(3, func(c *call) error {
			return work.SendBatch(c.ctx, queues.Message{Body: c.mark(object{"n": 1})}, queues.Message{Body: c.mark(object{"n": 2})}, queues.Message{Body: c.mark(object{"n": 3})})
		}),
		"queue/mixed batch": consumed(3, func(c *call) error {
			return work.SendBatch(c.ctx, queues.Message{Body: c.mark(object{"n": 1})},
				queues.Message{Body: c.mark(object{"n": 2, "at": time.UnixMilli(5000)}), ContentType: queues.V8}, queues.Message{Body: c.name + "|text", ContentType: queues.Text})
		}),
		"queue/delayed": consumed(1, func(c *call) error {
			return work.SendBatch(c.ctx, queues.Message{Body: c.mark(object{"n": 1}), Delay: time.Second})
		}),
		"queue/delayed in a batch": consumed(2, func(c *call) error {
			return work.SendBatch(c.ctx, queues.Message{Body: c.mark(object{"n": 1})}, queues.Message{Body: c.mark(object{"n": 2}), Delay: time.Second})
		}),
		"queue/retried":        consumed(2, func(c *call) error { return work.Send(c.ctx, c.mark(object{"do": "retry once"})) }),
		"queue/handler throws": consumed(2, func(c *call) error { return work.Send(c.ctx, c.mark(object{"do": "throw once"})) }),
		"queue/dead letter":    consumed(4, func(c *call) error { return work.Send(c.ctx, c.mark(object{"do": "retry always"})) }),
		"queue/too large": func(c *call) (any, error) {
			return attempt(nil, cause(work.Send(c.ctx, strings.Repeat("x", 130_000)))), nil
		},
		"queue/too many": func(c *call) (any, error) {
			return attempt(nil, cause(work.SendBatch(c.ctx, slices.Repeat([]queues.Message{{Body: 1}}, 101)...))), nil
		},
	})
	table(objectCases, map[string]func(ctx context.Context, s *self) (any, error){
		"queue/note": func(_ context.Context, s *self) (any, error) {
			text, err := json.Marshal(s.arg)
			s.home.note(string(text))
			return nil, err
		},
		"queue/notes": func(_ context.Context, s *self) (any, error) {
			notes := []any{}
			for _, line := range s.notes() {
				var v any
				if err := json.Unmarshal([]byte(line), &v); err != nil {
					return nil, err
				}
				notes = append(notes, v)
			}
			return notes, nil
		},
	})
}

// cause strips what the SDK says of where an error happened.
func cause(err error) error {
	for err != nil {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
	return nil
}

func multipart(c *call) (any, error) {
	u, err := bucket.CreateMultipartUpload(c.ctx, "r2/multi", &r2.PutOptions{CustomMetadata: map[string]string{"by": "parts"}})
	if err != nil {
		return nil, err
	}
	const size = 5 << 20
	two, err := bucket.ResumeMultipartUpload("r2/multi", u.UploadID).UploadPart(c.ctx, 2, strings.NewReader("the end"))
	if err != nil {
		return nil, err
	}
	one, err := u.UploadPart(c.ctx, 1, bytes.NewReader(make([]byte, size)))
	if err != nil {
		return nil, err
	}
	o, err := u.Complete(c.ctx, []r2.Part{one, two})
	if err != nil {
		return nil, err
	}
	back, err := bucket.Get(c.ctx, "r2/multi", &r2.GetOptions{Range: &r2.Range{Offset: size - 2}})
	if err != nil {
		return nil, err
	}
	codes := []any{}
	for _, b := range []byte(content(back)) {
		codes = append(codes, int(b))
	}
	return []any{o.Size, o.ETag, o.CustomMetadata, codes}, nil
}

func multipartErrors(c *call) (any, error) {
	u, err := bucket.CreateMultipartUpload(c.ctx, "r2/multierr", nil)
	if err != nil {
		return nil, err
	}
	part, err := u.UploadPart(c.ctx, 1, strings.NewReader("small"))
	if err != nil {
		return nil, err
	}
	last, err := u.UploadPart(c.ctx, 2, strings.NewReader("x"))
	if err != nil {
		return nil, err
	}
	_, small := u.Complete(c.ctx, []r2.Part{part, last})
	_, unknown := u.Complete(c.ctx, []r2.Part{{PartNumber: 1, ETag: "none"}})
	if err := u.Abort(c.ctx); err != nil {
		return nil, err
	}
	_, gone := u.UploadPart(c.ctx, 3, strings.NewReader("x"))
	return []any{attempt(nil, cause(small)), attempt(nil, cause(unknown)), attempt(nil, cause(gone))}, nil
}

func (c *call) mark(fields object) object {
	fields["case"] = c.name
	return fields
}

// consumed sends, and waits until the consumer has noted that many deliveries of the case.
func consumed(count int, send func(c *call) error) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		if err := send(c); err != nil {
			return nil, err
		}
		for range 200 {
			v, err := run.Call(c.ctx, objects().GetByName("queue "+c.name), RunParams{Name: "queue/notes"})
			if err != nil {
				return nil, err
			}
			if notes, _ := v.([]any); len(notes) >= count {
				sort.Slice(notes, func(i, j int) bool { return sortKey(notes[i]) < sortKey(notes[j]) })
				return notes, nil
			}
			time.Sleep(50 * time.Millisecond)
		}
		return "never", nil
	}
}

func sortKey(v any) string {
	note, _ := v.(map[string]any)
	body, _ := note["body"].(map[string]any)
	return fmt.Sprint(note["queue"], note["attempts"], body["n"])
}

// consume notes every delivery in an object of the case, and does what the message says.
func consume(ctx context.Context, batch *queues.Batch) error {
	others, err := deliver(ctx, batch)
	if err != nil {
		return err
	}
	for _, m := range others {
		body, binary := m.Body(), false
		if raw, ok := body.([]byte); ok {
			body, binary = string(raw), true
		}
		name, what := "", ""
		switch b := body.(type) {
		case string:
			name, _, _ = strings.Cut(b, "|")
		case map[string]any:
			name, _ = b["case"].(string)
			what, _ = b["do"].(string)
			for k, v := range b {
				switch v := v.(type) {
				case time.Time:
					b[k] = v.UnixMilli()
				case *big.Int:
					b[k] = v.String()
				}
			}
		}
		note := object{"queue": batch.Queue, "attempts": m.Attempts, "body": body, "binary": binary, "id": len(m.ID) > 8}
		if _, err := run.Call(ctx, objects().GetByName("queue "+name), RunParams{Name: "queue/note", Arg: note}); err != nil {
			return err
		}
		switch {
		case batch.Queue == "dead":
			m.Ack()
		case what == "retry always" || what == "retry once" && m.Attempts == 1:
			m.Retry(0)
		case what == "throw once" && m.Attempts == 1:
			return errors.New("the consumer failed")
		default:
			m.Ack()
		}
	}
	return nil
}
