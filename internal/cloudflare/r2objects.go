package cloudflare

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// R2Object is what the API tells of an object (https://developers.cloudflare.com/api/resources/r2/subresources/buckets/subresources/objects/).
type R2Object struct {
	Key          string            `json:"key"`
	ETag         string            `json:"etag"`
	Size         int64             `json:"size"`
	Modified     Moment            `json:"last_modified"`
	StorageClass string            `json:"storage_class"`
	Encrypted    bool              `json:"ssec"` // with a key of the customer
	Custom       map[string]string `json:"custom_metadata"`
	HTTP         struct {
		ContentType        string `json:"contentType"`
		ContentLanguage    string `json:"contentLanguage"`
		ContentDisposition string `json:"contentDisposition"`
		ContentEncoding    string `json:"contentEncoding"`
		CacheControl       string `json:"cacheControl"`
		CacheExpiry        Moment `json:"cacheExpiry"`
	} `json:"http_metadata"`
}

// R2Stored is what the API tells of an object that was put.
type R2Stored struct {
	ETag         string `json:"etag"`
	Version      string `json:"version"`
	Uploaded     Moment `json:"uploaded"`
	StorageClass string `json:"storage_class"`
}

// Moment is a time in an answer; what is none is the zero Time.
type Moment struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (m *Moment) UnmarshalJSON(text []byte) error {
	m.Time, _ = time.Parse(time.RFC3339, strings.Trim(string(text), `"`))
	return nil
}

// R2Place is a bucket with the jurisdiction that it was made for, or "".
type R2Place struct{ Bucket, Jurisdiction string }

// object is the path of an object, whose key has its slashes.
func (c *Client) object(at R2Place, key string) (string, error) {
	if key == "" {
		return "", errors.New("an object without a name cannot be: write a key") // its path would be that of all objects
	}
	parts := strings.Split(key, "/")
	for i, p := range parts {
		if p == "." || p == ".." {
			return "", fmt.Errorf("the key %q has a part of dots alone, which no URL can have: use a program with the S3 API", key)
		}
		parts[i] = url.PathEscape(p)
	}
	return c.path("r2", "buckets", at.Bucket, "objects") + "/" + strings.Join(parts, "/"), nil
}

// R2Content is the content of an object as it comes. It must be closed.
type R2Content struct {
	io.ReadCloser
	ETag string // without quotes; "": the answer does not say
	Part bool   // it is the part that was asked for, rather than all
	Size int64  // of what comes; -1: the answer does not say
}

// OpenObject begins to read an object, from an offset to an end, or all of it when the end is 0. The encoding is that of its metadata: with another one it would come otherwise than it is
// stored. IsNotFound tells that it or its bucket is not there. The content can be read until ctx ends; it is not asked for again when it breaks off.
func (c *Client) OpenObject(ctx context.Context, at R2Place, key, encoding string, offset, end int64) (*R2Content, error) {
	path, err := c.object(at, key)
	if err != nil {
		return nil, err
	}
	h := within(at.Jurisdiction)
	h.Set("Accept-Encoding", "identity")
	if encoding != "" {
		h.Set("Accept-Encoding", encoding)
	}
	if end > 0 {
		h.Set("Range", fmt.Sprintf("bytes=%d-%d", offset, end-1))
	}
	res, err := c.do(context.WithValue(ctx, passed{}, true), http.MethodGet, path, nil, h, io.NewSectionReader(bytes.NewReader(nil), 0, 0))
	if err != nil {
		return nil, failed("get "+key, err)
	}
	return &R2Content{res.Body, strings.Trim(strings.TrimPrefix(res.Header.Get("ETag"), "W/"), `"`), res.StatusCode == http.StatusPartialContent, res.ContentLength}, nil
}

// PutObject stores an object with the headers that go with it.
func (c *Client) PutObject(ctx context.Context, at R2Place, key string, content *io.SectionReader, headers http.Header) (stored R2Stored, err error) {
	path, err := c.object(at, key)
	if err != nil {
		return stored, err
	}
	h := within(at.Jurisdiction)
	for name, values := range headers {
		h[name] = values
	}
	h.Set("cf-r2-data-catalog-check", "true") // what a catalog owns is left alone
	res, err := c.do(ctx, http.MethodPut, path, nil, h, content)
	if err != nil {
		return stored, failed("put "+key, err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&envelope{Result: &stored}); err != nil {
		return stored, fmt.Errorf("put %s: the answer is not JSON: %w", key, err)
	}
	return stored, nil
}

// DeleteObject deletes an object. One that is not there is no error.
func (c *Client) DeleteObject(ctx context.Context, at R2Place, key string) error {
	path, err := c.object(at, key)
	if err != nil {
		return err
	}
	h := within(at.Jurisdiction)
	h.Set("cf-r2-data-catalog-check", "true")
	_, err = c.send(ctx, http.MethodDelete, path, nil, h, nil)
	if IsNoObject(err) {
		return nil
	}
	return failed("delete "+key, err)
}

// R2List selects objects. Empty fields do not restrict.
type R2List struct {
	Prefix, StartAfter, Delimiter, Cursor string
	Limit                                 int // at most 1,000
}

// R2Page is a page of a bucket.
type R2Page struct {
	Objects  []R2Object
	Prefixes []string // up to a delimiter, of what is not among the objects
	Cursor   string   // of the next page; "" after the last
}

// Objects lists a page of a bucket, with all metadata.
func (c *Client) Objects(ctx context.Context, at R2Place, o R2List) (p R2Page, err error) {
	q := url.Values{"per_page": {strconv.Itoa(o.Limit)}}
	for name, value := range map[string]string{"prefix": o.Prefix, "start_after": o.StartAfter, "delimiter": o.Delimiter, "cursor": o.Cursor} {
		if value != "" {
			q.Set(name, value)
		}
	}
	text, err := c.send(ctx, http.MethodGet, c.path("r2", "buckets", at.Bucket, "objects"), q, within(at.Jurisdiction), nil)
	if err != nil {
		return p, failed("list the objects", err)
	}
	var answer struct {
		Result []R2Object `json:"result"`
		Info   struct {
			Cursor    string          `json:"cursor"`
			Truncated json.RawMessage `json:"is_truncated"` // true, or "true"
			Prefixes  []string        `json:"delimited"`
		} `json:"result_info"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return p, fmt.Errorf("list the objects: the answer is not JSON: %w", err)
	}
	p = R2Page{answer.Result, answer.Info.Prefixes, answer.Info.Cursor}
	if strings.Trim(string(answer.Info.Truncated), `"`) == "false" {
		p.Cursor = ""
	}
	return p, nil
}
