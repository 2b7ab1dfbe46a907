package cloudflare

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// envelope is what the API puts around an answer.
type envelope struct {
	Result any `json:"result"`
	Info   struct {
		Cursor string `json:"cursor"`
		Pages  int    `json:"total_pages"`
	} `json:"result_info"`
}

// send sends a body as it is, and returns the answer as it is. It is for contents, which cloudflare-go would read as JSON, and for stores, whose service
// packages would be linked for a few requests.
func (c *Client) send(ctx context.Context, method, path string, query url.Values, header http.Header, body []byte) ([]byte, error) {
	res, err := c.do(ctx, method, path, query, header, io.NewSectionReader(bytes.NewReader(body), 0, int64(len(body))))
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(res.Body)
}

// do sends a body, which may be read several times, and returns the answer to be read.
func (c *Client) do(ctx context.Context, method, path string, query url.Values, header http.Header, body *io.SectionReader) (*http.Response, error) {
	target := c.base.String() + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, nil)
	if err != nil {
		return nil, err
	}
	if body.Size() > 0 {
		req.GetBody = func() (io.ReadCloser, error) {
			return io.NopCloser(io.NewSectionReader(body, 0, body.Size())), nil
		}
		req.Body, _ = req.GetBody()
		req.ContentLength = body.Size()
	}
	for name, values := range header {
		req.Header[name] = values
	}
	return c.http.Do(req)
}

// once is a context for what must not be carried out twice.
func once(ctx context.Context) context.Context { return context.WithValue(ctx, noRetry{}, true) }

// listed asks for a list, page by page.
func listed[T any](ctx context.Context, c *Client, path string, query url.Values) (list []T, err error) {
	for page := 1; ; page++ {
		q := url.Values{"per_page": {"100"}, "page": {strconv.Itoa(page)}}
		for name, values := range query {
			q[name] = values
		}
		text, err := c.send(ctx, http.MethodGet, path, q, nil, nil)
		if err != nil {
			return nil, err
		}
		var some []T
		answer := envelope{Result: &some}
		if err := json.Unmarshal(text, &answer); err != nil {
			return nil, fmt.Errorf("the answer to GET %s is not JSON: %w", path, err)
		}
		list = append(list, some...)
		if len(some) == 0 || page >= answer.Info.Pages {
			return list, nil
		}
	}
}

// signed sends a request to an address that the API gave, which needs no token and must not see it.
func (c *Client) signed(ctx context.Context, method, address string, body []byte) ([]byte, http.Header, error) {
	at, err := url.Parse(address)
	if err != nil || at.Scheme != "https" && !loopback(at.Hostname()) {
		return nil, nil, fmt.Errorf("the API names an address that is not encrypted")
	}
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, nil, fmt.Errorf("the API names an address that is none")
	}
	res, err := c.bare.Do(req)
	if err != nil {
		return nil, nil, &connectionError{at.Host, bareError(err)}
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %d: run the command again", at.Host, res.StatusCode)
	}
	return text, res.Header, err
}

// bareError is an error without the address, whose signature is as good as a password.
func bareError(err error) error {
	if e, ok := err.(*url.Error); ok {
		return e.Err
	}
	return err
}
