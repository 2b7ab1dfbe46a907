package cloudflare

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// R2Bucket is an R2 bucket of the account (https://developers.cloudflare.com/r2/).
type R2Bucket struct {
	Name         string `json:"name"`
	Created      string `json:"creation_date,omitempty"`
	Location     string `json:"location,omitempty"`
	StorageClass string `json:"storage_class,omitempty"`
	Jurisdiction string `json:"jurisdiction,omitempty"`
}

// within is the header of requests about buckets of a jurisdiction.
func within(jurisdiction string) http.Header {
	h := http.Header{}
	if jurisdiction != "" {
		h.Set("cf-r2-jurisdiction", jurisdiction)
	}
	return h
}

// Buckets lists those of a jurisdiction, or "" for the others.
func (c *Client) Buckets(ctx context.Context, jurisdiction string) (list []R2Bucket, err error) {
	for cursor := ""; ; {
		q := url.Values{"per_page": {"1000"}}
		if cursor != "" {
			q.Set("cursor", cursor)
		}
		text, err := c.send(ctx, http.MethodGet, c.path("r2", "buckets"), q, within(jurisdiction), nil)
		if err != nil {
			return nil, failed("list the R2 buckets", err)
		}
		var page struct{ Buckets []R2Bucket }
		answer := envelope{Result: &page}
		if err := json.Unmarshal(text, &answer); err != nil {
			return nil, fmt.Errorf("list the R2 buckets: the answer is not JSON: %w", err)
		}
		list = append(list, page.Buckets...)
		if cursor = answer.Info.Cursor; cursor == "" {
			return list, nil
		}
	}
}

// bucket sends a request about a bucket, and reads what it answers into result.
func (c *Client) bucket(ctx context.Context, method, path, jurisdiction string, body, result any) error {
	h := within(jurisdiction)
	var text []byte
	if body != nil {
		h.Set("Content-Type", "application/json")
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	answer, err := c.send(ctx, method, path, nil, h, text)
	if err != nil || result == nil {
		return err
	}
	return json.Unmarshal(answer, &envelope{Result: result})
}

// CreateBucket makes a bucket. A location and a storage class that are "" are Cloudflare's to choose.
func (c *Client) CreateBucket(ctx context.Context, name, location, jurisdiction, storageClass string) (b R2Bucket, err error) {
	body := map[string]string{"name": name}
	if location != "" {
		body["locationHint"] = location
	}
	if storageClass != "" {
		body["storageClass"] = storageClass
	}
	b.Name = name
	err = c.bucket(once(ctx), http.MethodPost, c.path("r2", "buckets"), jurisdiction, body, &b)
	return b, failed("create the R2 bucket "+name, err)
}

// Bucket finds a bucket. IsNotFound tells that there is none.
func (c *Client) Bucket(ctx context.Context, name, jurisdiction string) (b R2Bucket, err error) {
	err = c.bucket(ctx, http.MethodGet, c.path("r2", "buckets", name), jurisdiction, nil, &b)
	return b, failed("look for the R2 bucket "+name, err)
}

// DeleteBucket deletes a bucket, which must be empty.
func (c *Client) DeleteBucket(ctx context.Context, name, jurisdiction string) error {
	return failed("delete the R2 bucket "+name, c.bucket(ctx, http.MethodDelete, c.path("r2", "buckets", name), jurisdiction, nil, nil))
}

// object is the path of an object, whose key has its slashes.
func (c *Client) object(bucket, key string) (string, error) {
	parts := strings.Split(key, "/")
	for i, p := range parts {
		if p == "." || p == ".." {
			return "", fmt.Errorf("the key %q has a part of dots alone, which no URL can have: use a program with the S3 API", key)
		}
		parts[i] = url.PathEscape(p)
	}
	return c.path("r2", "buckets", bucket, "objects") + "/" + strings.Join(parts, "/"), nil
}

// Object reads an object. IsNotFound tells that it or its bucket is not there.
func (c *Client) Object(ctx context.Context, bucket, jurisdiction, key string) ([]byte, error) {
	path, err := c.object(bucket, key)
	if err != nil {
		return nil, err
	}
	content, err := c.send(ctx, http.MethodGet, path, nil, within(jurisdiction), nil)
	return content, failed("get "+key, err)
}

// PutObject stores an object with the headers that go with it.
func (c *Client) PutObject(ctx context.Context, bucket, jurisdiction, key string, content []byte, headers http.Header) error {
	path, err := c.object(bucket, key)
	if err != nil {
		return err
	}
	h := within(jurisdiction)
	for name, values := range headers {
		h[name] = values
	}
	h.Set("cf-r2-data-catalog-check", "true") // what a catalog owns is left alone
	_, err = c.send(ctx, http.MethodPut, path, nil, h, content)
	return failed("put "+key, err)
}

// DeleteObject deletes an object. One that is not there is no error.
func (c *Client) DeleteObject(ctx context.Context, bucket, jurisdiction, key string) error {
	path, err := c.object(bucket, key)
	if err != nil {
		return err
	}
	h := within(jurisdiction)
	h.Set("cf-r2-data-catalog-check", "true")
	_, err = c.send(ctx, http.MethodDelete, path, nil, h, nil)
	return failed("delete "+key, err)
}
