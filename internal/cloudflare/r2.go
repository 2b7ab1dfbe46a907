package cloudflare

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
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
