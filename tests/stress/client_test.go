package stress

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"
)

// requestDeadline is far beyond what any answer may take: a request that reaches it hangs.
const requestDeadline = 20 * time.Second

// client sends requests to one host under stress.
type client struct {
	base string
	http *http.Client
	dump sync.Once
}

func newClient(base string) *client {
	return &client{base: base, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}}}
}

// post returns the status and body of the answer.
func (c *client) post(ctx context.Context, path string, query url.Values, body []byte, header ...string) (int, []byte, error) {
	return c.do(ctx, http.MethodPost, path, query, body, header...)
}

func (c *client) do(ctx context.Context, method, path string, query url.Values, body []byte, header ...string) (int, []byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, requestDeadline, fmt.Errorf("no answer in %v: it hangs", requestDeadline))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.base+path+"?"+query.Encode(), bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return 0, nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, fmt.Errorf("%s %s: body: %w", method, path, err)
	}
	return resp.StatusCode, got, nil
}

// ask posts and decodes an answer of status 200.
func (c *client) ask(ctx context.Context, path string, query url.Values, body []byte, out any) error {
	status, got, err := c.post(ctx, path, query, body)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("%s: status %d: %.300s", path, status, got)
	}
	if err := json.Unmarshal(got, out); err != nil {
		return fmt.Errorf("%s: answer %.100q: %w", path, got, err)
	}
	return nil
}

// stats are what the application says about its Go instance.
type stats struct {
	Goroutines  int
	Heap, Sys   uint64
	Live, Built int64
}

func (c *client) stats(t *testing.T) stats {
	t.Helper()
	var s stats
	status, got, err := c.do(t.Context(), http.MethodGet, "/stats", nil, nil)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("status %d: %s", status, got)
	}
	if err == nil {
		err = json.Unmarshal(got, &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// explain logs the goroutines of the Go instance, once in a test.
func (c *client) explain(t *testing.T) {
	c.dump.Do(func() {
		status, got, err := c.do(context.Background(), http.MethodGet, "/goroutines", nil, nil)
		t.Logf("goroutines of the instance (status %d, %v):\n%.12000s", status, err, got)
	})
}
