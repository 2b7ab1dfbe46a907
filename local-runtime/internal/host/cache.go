package host

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/storage"
)

// caches are all caches, of all names, in one store that is made when it is first used. A response is kept as an object whose metadata are
// its head, under a key that the name of the cache and the URL make.
type caches struct {
	mu    sync.Mutex
	store *storage.Bucket
}

// cacheCall is a decoded CACHE operation.
type cacheCall struct {
	host         *Host
	key          string
	what         byte
	ignoreMethod bool
	request      *abi.Request
	response     *abi.Response // of a put
	body         content
}

// cacheAnswer is its result.
type cacheAnswer struct {
	found    bool
	response *abi.Response // of a match that found
	body     content
}

// cacheNames are the methods.
var cacheNames = [...]string{abi.CacheMatch: "match", abi.CachePut: "put", abi.CacheDelete: "delete"}

// maxCacheName is where names of caches end (workerd api/cache.c++).
const maxCacheName = 1024

func (h *Host) cacheStore() (*storage.Bucket, error) {
	h.caches.mu.Lock()
	defer h.caches.mu.Unlock()
	if h.caches.store != nil {
		return h.caches.store, nil
	}
	b, err := storage.OpenBucket(filepath.Join(h.cfg.Dir, "cache"), h.random.read)
	if err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	if err := h.sweepCache(b); err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	h.caches.store = b
	return b, nil
}

// sweepCache removes what expired while nobody looked.
func (h *Host) sweepCache(b *storage.Bucket) error {
	for after := ""; ; {
		l, err := b.List(storage.ListOptions{StartAfter: after, Limit: 1000})
		if err != nil {
			return err
		}
		var gone []string
		for _, o := range l.Objects {
			if head, _ := o.HTTPMetadata.(abi.Object); numberOf(head.Get("expires")) <= float64(h.cfg.Clock.Now().UnixMilli()) {
				gone = append(gone, o.Key)
			}
		}
		if err := b.Delete(gone); err != nil || l.Next == "" {
			return err
		}
		after = l.Next
	}
}

func (c *caches) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.store == nil {
		return nil
	}
	return c.store.Close()
}

// cacheKey is where a response is kept.
func cacheKey(name, text string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "":
		return "", abi.TypeErrorf("Invalid URL: %s", text)
	case u.Scheme != "http" && u.Scheme != "https":
		refused := abi.TypeErrorf("Fetch API cannot load: %s", text)
		refused.Remote = true // as of the service that workerd asks
		return "", refused
	}
	if u.Path == "" {
		u.Path = "/"
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	sum := sha256.Sum256([]byte(name + "\x00" + u.String()))
	return hex.EncodeToString(sum[:]), nil
}

// cache decodes a CACHE operation of a party whose streams these are, and returns what performs it.
func (h *Host) cache(r *abi.Reader, from *streams, done func(what byte, a cacheAnswer, err error)) (perform func(), err error) {
	name := r.Str()
	c := &cacheCall{host: h, what: r.U8(), ignoreMethod: r.Bool(), request: r.Request()}
	if c.what == abi.CachePut && r.Err() == nil {
		c.response = r.Response()
	}
	if err := r.End(); err != nil {
		return nil, err
	}
	if len(name) >= maxCacheName {
		return nil, abi.TypeErrorf("Cache name is too long.")
	}
	if c.key, err = cacheKey(name, c.request.URL); err != nil {
		return nil, err
	}
	if bad := checkHeaders(c.request.Headers); bad != nil {
		return nil, bad
	}
	if c.what == abi.CachePut {
		if err := c.checkPut(); err != nil {
			return nil, err
		}
		c.body = from.accept(c.response.Body)
	}
	struck := h.faults.meet(target{kind: CacheCalls, method: cacheNames[min(int(c.what), len(cacheNames)-1)], keys: []string{c.request.URL}})
	finish := func() {
		var a cacheAnswer
		var err error
		if !struck.miss {
			a, err = c.perform()
		}
		done(c.what, a, err)
	}
	fail := func(err error) { done(c.what, cacheAnswer{}, err) }
	return h.suffering(struck, &c.body, h.storingOf(&c.body, finish, fail), fail), nil
}

// checkPut refuses what workerd refuses (api/cache.c++).
func (c *cacheCall) checkPut() error {
	switch p := c.response; {
	case !abi.IsStatus(uint64(p.Status)):
		return errStatus
	case c.request.Method != http.MethodGet:
		return abi.TypeErrorf("Cannot cache response to non-GET request.")
	case p.Status == http.StatusPartialContent:
		return abi.TypeErrorf("Cannot cache response to a range request (206 Partial Content).")
	case strings.Contains(strings.Join(headerOf(p.Headers).Values("Vary"), ","), "*"):
		return abi.TypeErrorf("Cannot cache response with 'Vary: *' header.")
	default:
		if err := checkHeaders(p.Headers); err != nil {
			return err
		}
	}
	return nil
}

func headerOf(list []abi.Header) http.Header {
	h := http.Header{}
	for _, f := range list {
		h.Add(f.Name, f.Value)
	}
	return h
}

func (c *cacheCall) perform() (cacheAnswer, error) {
	store, err := c.host.cacheStore()
	if err != nil {
		return cacheAnswer{}, err
	}
	switch {
	case c.what == abi.CachePut:
		return cacheAnswer{}, c.put(store)
	case c.request.Method != http.MethodGet && !c.ignoreMethod:
		return cacheAnswer{}, nil
	case c.what == abi.CacheDelete:
		o, err := store.Head(c.key)
		if err != nil || o == nil {
			return cacheAnswer{}, err
		}
		return cacheAnswer{found: c.fresh(o)}, store.Delete([]string{c.key})
	}
	return c.match(store)
}

func (c *cacheCall) fresh(o *storage.Stored) bool {
	head, _ := o.HTTPMetadata.(abi.Object)
	return numberOf(head.Get("expires")) > float64(c.host.cfg.Clock.Now().UnixMilli())
}

func (c *cacheCall) put(store *storage.Bucket) error {
	now := c.host.cfg.Clock.Now()
	p := policyOf(headerOf(c.request.Headers), c.response.Status, headerOf(c.response.Headers), now)
	if !p.storable {
		return nil
	}
	head := abi.Array{}
	for _, f := range p.headers {
		head = append(head, abi.Array{f.Name, f.Value})
	}
	if length := c.body.known(); length >= 0 && headerOf(p.headers).Get("Content-Length") == "" {
		head = append(head, abi.Array{"Content-Length", strconv.FormatInt(length, 10)})
	}
	meta := abi.Object{{Name: "url", Value: c.request.URL}, {Name: "status", Value: int64(c.response.Status)}, {Name: "headers", Value: head},
		{Name: "expires", Value: float64(now.Add(p.lifetime).UnixMilli())}}
	var body io.Reader = bytes.NewReader(nil)
	if r := c.body.reader(); r != nil {
		body = r
	}
	_, err := store.Put(c.key, body, storage.PutOptions{HTTP: meta, Custom: abi.Object{}, Now: abi.DateOf(now)})
	return err
}

// known is the length of the content, or -1.
func (c content) known() int64 {
	switch {
	case c.none:
		return -1
	case c.source == nil:
		return int64(len(c.inline))
	}
	return c.length
}

func (c *cacheCall) match(store *storage.Bucket) (cacheAnswer, error) {
	request := headerOf(c.request.Headers)
	a := cacheAnswer{body: noContent}
	var length int64
	o, body, err := store.Get(c.key, func(o *storage.Stored) (int64, int64, bool, error) {
		if a.found = c.fresh(o); !a.found {
			return 0, 0, false, nil
		}
		var offset int64
		a.response, offset, length = describeKept(o, request)
		return offset, length, length > 0, nil
	})
	switch {
	case err != nil || o == nil:
		return cacheAnswer{}, err
	case !a.found:
		return cacheAnswer{}, store.Delete([]string{c.key})
	case body != nil:
		a.body, err = c.host.bodyOf(body, length)
	}
	return a, err
}

// describeKept is the head of the response to a request for what is kept, and the part of the content that goes with it.
func describeKept(o *storage.Stored, request http.Header) (p *abi.Response, offset, length int64) {
	head, _ := o.HTTPMetadata.(abi.Object)
	status, _ := head.Get("status").(int64)
	p = &abi.Response{Status: int(status)}
	list, _ := head.Get("headers").(abi.Array)
	for _, v := range list {
		f, _ := v.(abi.Array)
		if len(f) == 2 {
			p.Headers = append(p.Headers, abi.Header{Name: blobText(f[0]), Value: blobText(f[1])})
		}
	}
	hit := abi.Header{Name: "CF-Cache-Status", Value: "HIT"}
	offset, length, part, ok := partOf(request.Get("Range"), o.Size)
	if !ok {
		return &abi.Response{Status: http.StatusRequestedRangeNotSatisfiable, Headers: []abi.Header{{Name: "Content-Range", Value: fmt.Sprintf("bytes */%d", o.Size)}, hit}}, 0, 0
	}
	p.Headers = append(p.Headers, hit)
	if notModified(request, headerOf(p.Headers)) {
		p.Status = http.StatusNotModified
		return p, 0, 0
	}
	if part {
		p.Status = http.StatusPartialContent
		p.Headers = append(withoutLength(p.Headers), abi.Header{Name: "Content-Range", Value: fmt.Sprintf("bytes %d-%d/%d", offset, offset+length-1, o.Size)},
			abi.Header{Name: "Content-Length", Value: fmt.Sprint(length)})
	}
	return p, offset, length
}

func withoutLength(list []abi.Header) (out []abi.Header) {
	for _, f := range list {
		if !strings.EqualFold(f.Name, "Content-Length") {
			out = append(out, f)
		}
	}
	return out
}

func opCache(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
	perform, err := s.host.cache(abi.NewReader(bytes.Clone(r.Rest())), s.streams, func(what byte, a cacheAnswer, err error) {
		f.answer(id, a.body, err, a.write(what))
	})
	return s.send(f, perform, err)
}

func (n *native) cache(r *abi.Reader, done func([]byte)) []byte {
	perform, err := n.host.cache(r, n.streams, func(what byte, a cacheAnswer, err error) {
		n.answer(done, a.body, err, a.write(what))
	})
	if err != nil {
		return failure(err)
	}
	perform()
	return nil
}

// write is the result of the operation.
func (a cacheAnswer) write(what byte) func(w *abi.Writer, body abi.Body) {
	return func(w *abi.Writer, body abi.Body) {
		if what == abi.CachePut {
			return
		}
		w.Bool(a.found)
		if what == abi.CacheMatch && a.found {
			p := *a.response
			p.Body = body
			w.Response(&p)
		}
	}
}
