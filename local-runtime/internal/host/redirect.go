package host

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/stream"
)

const maxRedirects = 20

// What fetch says of redirects, as workerd does (api/http.c++).
var (
	errRedirectMode = abi.TypeErrorf("Invalid redirect value, must be one of \"follow\" or \"manual\" (\"error\" won't be implemented since it does not make sense at the edge; use \"manual\" and check the response status code).")
	errLocation     = abi.TypeErrorf("Invalid Location header; unable to follow redirect.")
	errOneTimeBody  = abi.TypeErrorf("A request with a one-time-use body (it was initialized from a stream, not a buffer) encountered a redirect requiring the body to be retransmitted. To avoid this error in the future, construct this request from a buffer-like body initializer.")
)

func newTrip(c *fetchCall) *trip {
	return &trip{method: c.request.Method, url: c.request.URL, headers: c.request.Headers, body: c.body}
}

// trip is an outbound request on its way along redirects.
type trip struct {
	method, url string
	headers     []abi.Header
	body        content
	been        []string
}

// send makes the request of the moment.
func (t *trip) send(ctx context.Context, network http.RoundTripper) (*http.Response, error) {
	req, err := t.request(ctx)
	if err != nil {
		return nil, err
	}
	resp, err := network.RoundTrip(req)
	if err == nil && resp.Body == nil {
		resp.Body = http.NoBody
	}
	return resp, err
}

func (t *trip) request(ctx context.Context) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, t.method, t.url, t.body.reader())
	if err != nil {
		return nil, err
	}
	for _, f := range t.headers {
		switch value := f.Value; {
		case strings.EqualFold(f.Name, "Host"): // the address says which host it is, as in workerd
		case strings.EqualFold(f.Name, "Accept-Encoding"):
			req.Header.Add(f.Name, withoutBrotli(value))
		default:
			req.Header.Add(f.Name, value)
		}
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "") // or Go names itself
	}
	switch {
	case t.body.source != nil:
		req.ContentLength = t.body.length
	case !t.body.none:
		req.ContentLength = int64(len(t.body.inline))
	}
	return req, nil
}

// withoutBrotli leaves out the encoding that this host cannot undo.
func withoutBrotli(accepted string) string {
	var kept []string
	for item := range strings.SplitSeq(accepted, ",") {
		name, _, _ := strings.Cut(strings.TrimSpace(item), ";")
		if !strings.EqualFold(name, "br") && !strings.EqualFold(name, "zstd") {
			kept = append(kept, strings.TrimSpace(item))
		}
	}
	if len(kept) == 0 {
		return "identity"
	}
	return strings.Join(kept, ", ")
}

// redirect prepares the next request if a response asks for one.
func (t *trip) redirect(resp *http.Response, mode byte) (again bool, failed *abi.Error) {
	to := resp.Header.Get("Location")
	if mode != 0 || to == "" || !slices.Contains([]int{301, 302, 303, 307, 308}, resp.StatusCode) {
		return false, nil
	}
	t.been = append(t.been, t.url)
	if len(t.been) > maxRedirects {
		return false, abi.TypeErrorf("Too many redirects.%s", strings.Join(t.been, ", "))
	}
	from, err := url.Parse(t.url)
	if err != nil {
		return false, errLocation
	}
	next, err := from.Parse(to)
	if err != nil || next.Host == "" || next.Scheme != "http" && next.Scheme != "https" {
		return false, errLocation
	}
	code := resp.StatusCode
	switch {
	case code == 303 && t.method != http.MethodGet && t.method != http.MethodHead, code < 303 && t.method == http.MethodPost:
		t.method, t.body = http.MethodGet, noContent
		t.drop("Content-Length")
	case t.body.source != nil:
		return false, errOneTimeBody
	}
	if next.Scheme != from.Scheme || !strings.EqualFold(next.Host, from.Host) {
		t.drop("Authorization")
	}
	t.url = next.String()
	return true, nil
}

func (t *trip) drop(name string) {
	t.headers = slices.DeleteFunc(slices.Clone(t.headers), func(f abi.Header) bool { return strings.EqualFold(f.Name, name) })
}

// lost is what workerd says of connections that are refused, reset or broken.
const lost = "Network connection lost."

// outboundError is why there is no response. Names that cannot be resolved and certificates that nobody trusts are an "internal error" in wrangler
// dev; here the error says what is wrong.
func outboundError(err error) *abi.Error {
	var own *abi.Error
	var op interface{ Temporary() bool }
	text := err.Error()
	switch {
	case errors.As(err, &own):
		return own
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &abi.Error{Name: "AbortError", Message: "The operation was aborted"}
	case strings.Contains(text, "no such host"), strings.Contains(text, "certificate"), strings.Contains(text, "tls: "):
		return abi.Errorf("%s", text)
	case errors.As(err, &op), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), strings.Contains(text, "malformed HTTP"):
		return &abi.Error{Name: "Error", Message: lost, Remote: true, Retryable: true}
	}
	return asError(err)
}

// lossy is a body whose connection may break.
type lossy struct{ io.ReadCloser }

func (l lossy) Read(p []byte) (int, error) {
	n, err := l.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, context.Canceled) {
		err = &abi.Error{Name: "Error", Message: lost, Retryable: true}
	}
	return n, err
}

// decoded is the body of a response as fetch gives it: without its Content-Encoding, if that is gzip.
func decoded(p *abi.Response, body content) content {
	i := slices.IndexFunc(p.Headers, func(f abi.Header) bool { return strings.EqualFold(f.Name, "Content-Encoding") })
	if i < 0 || !strings.EqualFold(p.Headers[i].Value, "gzip") || body.none || body.socket != nil {
		return body
	}
	source := body.source
	if source == nil {
		source = stream.Bytes(body.inline)
	}
	return content{source: stream.FromReader(&gunzip{body: stream.ToReader(source)}), length: -1}
}

// gunzip begins to read only when somebody reads it.
type gunzip struct {
	body *stream.ReadCloser
	z    *gzip.Reader
}

func (g *gunzip) Read(p []byte) (int, error) {
	if g.z == nil {
		var err error
		if g.z, err = gzip.NewReader(g.body); err != nil {
			return 0, err
		}
	}
	return g.z.Read(p)
}

func (g *gunzip) Close() error { return g.body.Close() }
