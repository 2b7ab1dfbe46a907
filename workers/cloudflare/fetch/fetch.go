// Package fetch sends requests with the names, signatures and behaviour of github.com/syumai/workers/cloudflare/fetch. It works for the event of the request's context,
// or of the goroutine that calls it. Start with NewClient.
//
// New code is better served by workers.Fetch and workers.Service.
package fetch

import (
	"context"
	"errors"
	"io"
	"net/http"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/ambient"
	"grove.place/lattice/internal/guest"
	"grove.place/lattice/workers/cloudflare/js"
)

// RedirectMode says what becomes of redirects.
type RedirectMode string

// The modes. They are variables, as in the other library.
var (
	RedirectModeFollow RedirectMode = "follow"
	RedirectModeError  RedirectMode = "error"
	RedirectModeManual RedirectMode = "manual"
)

// IsValid reports whether mode is one of the three.
func (mode RedirectMode) IsValid() bool {
	return mode == RedirectModeFollow || mode == RedirectModeError || mode == RedirectModeManual
}

func (mode RedirectMode) String() string { return string(mode) }

func (mode RedirectMode) code() byte {
	switch mode {
	case RedirectModeManual:
		return guest.RedirectManual
	case RedirectModeError:
		return guest.RedirectError
	}
	return guest.RedirectFollow
}

// RequestInit are the options of a request.
type RequestInit struct {
	CF       *RequestInitCF
	Redirect RedirectMode // an invalid one, such as the zero value, is RedirectModeFollow
}

// RequestInitCF has no fields, as in the other library.
type RequestInitCF struct{}

// ToJS returns the options as an object.
func (init *RequestInit) ToJS() js.Value {
	if init == nil {
		return js.Undefined()
	}
	o := map[string]any{}
	if init.Redirect.IsValid() {
		o["redirect"] = init.Redirect.String()
	}
	return js.ValueOf(o)
}

// Request is a request.
type Request struct{ *http.Request }

// NewRequest returns a request; its URL must be absolute.
func NewRequest(ctx context.Context, method string, url string, body io.Reader) (*Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return nil, err
	}
	return &Request{req}, nil
}

// Client sends requests to the network, or to another Worker.
type Client struct {
	target abi.Target
	broken error
}

// ClientOption says where NewClient sends requests.
type ClientOption func(*Client)

// WithBinding sends requests to the service that cloudflare.GetBinding returned. On workerd the function of the other library calls it in a way that
// the runtime refuses ("Illegal invocation"); here it works.
func WithBinding(bind js.Value) ClientOption {
	return func(c *Client) {
		name, ok := bind.Binding()
		if !ok {
			c.broken = errors.New("fetch function not found")
			return
		}
		c.target = abi.Target{Kind: abi.TargetService, Service: name}
	}
}

// NewClient returns a client.
func NewClient(opts ...ClientOption) *Client {
	c := &Client{}
	for _, set := range opts {
		set(c)
	}
	return c
}

// Do sends a request. A response of any status is no error.
func (c *Client) Do(req *Request, init *RequestInit) (*http.Response, error) {
	mode := RedirectModeFollow
	if init != nil {
		mode = init.Redirect
	}
	return c.send(req.Request, mode)
}

func (c *Client) send(req *http.Request, mode RedirectMode) (*http.Response, error) {
	if c.broken != nil {
		return nil, c.broken
	}
	ctx, err := ambient.Within(req.Context())
	if err != nil {
		return nil, err
	}
	res, err := guest.Fetch(ctx, c.target, req, mode.code())
	return res, ambient.Rejected(err)
}

// HTTPClient returns an http.Client. It links Go's own HTTP and TLS client into the module, which Do does not.
func (c *Client) HTTPClient(redirect RedirectMode) *http.Client {
	return &http.Client{Transport: transport{c, redirect}}
}

type transport struct {
	client   *Client
	redirect RedirectMode
}

func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	return t.client.send(req, t.redirect)
}
