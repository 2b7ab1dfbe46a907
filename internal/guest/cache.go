package guest

import (
	"context"
	"io"
	"net/http"

	"grove.place/lattice/internal/abi"
)

// CacheMatch returns what a cache has for a request, or nil.
func CacheMatch(ctx context.Context, name string, req *http.Request, ignoreMethod bool) (*http.Response, error) {
	r, err := Invoke(ctx, abi.OpCache, cacheRequest(name, abi.CacheMatch, req, ignoreMethod).Bytes())
	if err != nil || !r.Bool() {
		return nil, err
	}
	p := r.Response()
	if r.Err() != nil {
		return nil, r.Err()
	}
	return response(ctx, req, p), nil
}

// CacheDelete removes what a cache has for a request, and reports whether it had something.
func CacheDelete(ctx context.Context, name string, req *http.Request, ignoreMethod bool) (bool, error) {
	r, err := Invoke(ctx, abi.OpCache, cacheRequest(name, abi.CacheDelete, req, ignoreMethod).Bytes())
	return err == nil && r.Bool(), err
}

// CachePut has a cache keep a response, whose body it reads.
func CachePut(ctx context.Context, name string, req *http.Request, resp *http.Response) error {
	w := cacheRequest(name, abi.CachePut, req, false)
	p := &abi.Response{Status: resp.StatusCode, Headers: abi.HeadersOf(resp.Header)}
	var stream *writeStream
	if from := resp.Body; from != nil && from != http.NoBody {
		length := resp.ContentLength
		if length == 0 {
			length = -1
		}
		var err error
		if p.Body, stream, err = outgoing(ctx, from, length); err != nil {
			return err
		}
	}
	w.Response(p)
	_, err := invokeWith(ctx, abi.OpCache, w.Bytes(), stream, orEmpty(resp.Body))
	return err
}

func orEmpty(body io.ReadCloser) io.ReadCloser {
	if body == nil {
		return http.NoBody
	}
	return body
}

// cacheRequest begins a CACHE operation. The body of the request does not matter.
func cacheRequest(name string, what byte, req *http.Request, ignoreMethod bool) *abi.Writer {
	q := &abi.Request{Method: req.Method, URL: req.URL.String(), Headers: abi.HeadersOf(req.Header)}
	if q.Method == "" {
		q.Method = http.MethodGet
	}
	w := &abi.Writer{}
	w.Str(name)
	w.U8(what)
	w.Bool(ignoreMethod)
	w.Request(q)
	return w
}
