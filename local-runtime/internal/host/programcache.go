package host

import (
	"net/http"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/js"
)

// cached decodes what all operations of the Cache API begin with: the name of a cache, a URL and the headers of the request.
func (p *program) cached(what byte, a arguments, done answerTo) *cacheCall {
	c := &cacheCall{host: p.host, what: what, request: &abi.Request{Method: http.MethodGet, URL: a.text(1), Headers: headersFrom(a.at(2))}, body: noContent}
	var err error
	if c.key, err = cacheKey(a.text(0), a.text(1)); err != nil {
		done(nil, nil, err)
		return nil
	}
	return c
}

// opCachePut is cachePut(cache, url, headers, response).
func (p *program) opCachePut(a arguments, body *js.Body, done answerTo) {
	c := p.cached(abi.CachePut, a, done)
	if c == nil {
		return
	}
	head := a.object(3)
	status, _ := head.Get("status").(int64)
	c.response, c.body = &abi.Response{Status: int(status), Headers: headersFrom(head.Get("headers"))}, contentOf(body)
	p.host.store(func() {
		_, err := c.perform()
		done(nil, nil, err)
	})
}

// opCacheMatch is cacheMatch(cache, url, headers).
func (p *program) opCacheMatch(a arguments, _ *js.Body, done answerTo) {
	c := p.cached(abi.CacheMatch, a, done)
	if c == nil {
		return
	}
	p.host.store(func() {
		found, err := c.perform()
		if err != nil || !found.found {
			done(nil, nil, err)
			return
		}
		done(responseValue(found.response), bodyFor(found.body), nil)
	})
}

// opCacheDelete is cacheDelete(cache, url, headers).
func (p *program) opCacheDelete(a arguments, _ *js.Body, done answerTo) {
	c := p.cached(abi.CacheDelete, a, done)
	if c == nil {
		return
	}
	p.host.store(func() {
		had, err := c.perform()
		done(had.found, nil, err)
	})
}
