package cloudflare

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// Namespace is a KV namespace of the account (https://developers.cloudflare.com/kv/).
type Namespace struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// Namespaces lists all of them, by their titles.
func (c *Client) Namespaces(ctx context.Context) ([]Namespace, error) {
	list, err := listed[Namespace](ctx, c, c.path("storage", "kv", "namespaces"), url.Values{"order": {"title"}, "direction": {"asc"}})
	return list, failed("list the KV namespaces", err)
}

// CreateNamespace makes one.
func (c *Client) CreateNamespace(ctx context.Context, title string) (n Namespace, err error) {
	err = c.raw(once(ctx), http.MethodPost, c.path("storage", "kv", "namespaces"), nil, map[string]string{"title": title}, &n)
	return n, failed("create the KV namespace "+title, err)
}

// DeleteNamespace deletes one with all its keys.
func (c *Client) DeleteNamespace(ctx context.Context, id string) error {
	return failed("delete the KV namespace", c.raw(ctx, http.MethodDelete, c.path("storage", "kv", "namespaces", id), nil, nil, nil))
}

// Key is one of a namespace.
type Key struct {
	Name       string          `json:"name"`
	Expiration int64           `json:"expiration"` // seconds since 1970; 0 is never
	Metadata   json.RawMessage `json:"metadata"`
}

// Keys lists a page of a namespace's keys. The next begins at a cursor, which is "" after the last.
func (c *Client) Keys(ctx context.Context, namespace, prefix, cursor string) (list []Key, next string, err error) {
	q := url.Values{"limit": {"1000"}}
	if prefix != "" {
		q.Set("prefix", prefix)
	}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	text, err := c.send(ctx, http.MethodGet, c.path("storage", "kv", "namespaces", namespace, "keys"), q, nil, nil)
	if err != nil {
		return nil, "", failed("list the keys", err)
	}
	answer := envelope{Result: &list}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, "", fmt.Errorf("list the keys: the answer is not JSON: %w", err)
	}
	return list, answer.Info.Cursor, nil
}

// Value reads a value. IsNotFound tells that there is none.
func (c *Client) Value(ctx context.Context, namespace, key string) ([]byte, error) {
	text, err := c.send(ctx, http.MethodGet, c.path("storage", "kv", "namespaces", namespace, "values", key), nil, nil, nil)
	return text, failed(fmt.Sprintf("get the key %q", key), err)
}

// Metadata reads that of a key, which may be null.
func (c *Client) Metadata(ctx context.Context, namespace, key string) (v json.RawMessage, err error) {
	err = c.raw(ctx, http.MethodGet, c.path("storage", "kv", "namespaces", namespace, "metadata", key), nil, nil, &v)
	return v, failed(fmt.Sprintf("get the metadata of the key %q", key), err)
}

// PutValue stores a value. Seconds that are 0 and metadata that is nil are left out.
func (c *Client) PutValue(ctx context.Context, namespace, key string, value []byte, expiration, ttl int64, metadata json.RawMessage) error {
	q := url.Values{}
	if expiration != 0 {
		q.Set("expiration", strconv.FormatInt(expiration, 10))
	}
	if ttl != 0 {
		q.Set("expiration_ttl", strconv.FormatInt(ttl, 10))
	}
	contentType := "application/octet-stream"
	if metadata != nil {
		var err error
		if contentType, value, err = form([]Module{{Name: "value", Content: value}, {Name: "metadata", Content: metadata}}); err != nil {
			return err
		}
	}
	_, err := c.send(ctx, http.MethodPut, c.path("storage", "kv", "namespaces", namespace, "values", key), q, http.Header{"Content-Type": {contentType}}, value)
	return failed(fmt.Sprintf("put the key %q", key), err)
}

// DeleteValue deletes a key. One that is not there is no error.
func (c *Client) DeleteValue(ctx context.Context, namespace, key string) error {
	_, err := c.send(ctx, http.MethodDelete, c.path("storage", "kv", "namespaces", namespace, "values", key), nil, nil, nil)
	return failed(fmt.Sprintf("delete the key %q", key), err)
}
