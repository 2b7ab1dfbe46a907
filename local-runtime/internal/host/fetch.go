package host

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
)

// fetchCall is a decoded FETCH operation.
type fetchCall struct {
	target   abi.Target
	link     *link // of an object
	request  abi.Request
	inner    *inner     // of TargetFacet
	entry    entrypoint // of TargetService and TargetExport; zero: the assets
	body     content
	redirect byte
	ctx      context.Context // ends when nobody waits for the response; nil: the frame's
}

// decodeFetch checks a FETCH of a party.
func (p *peer) decodeFetch(h *Host, r *abi.Reader, from *scope) (*fetchCall, error) {
	c := &fetchCall{target: r.Target()}
	c.request = *r.Request()
	c.redirect = r.U8()
	if err := r.End(); err != nil {
		return nil, err
	}
	switch u, err := url.Parse(c.request.URL); {
	case err != nil || u.Host == "":
		return nil, abi.TypeErrorf("Invalid URL: %s", c.request.URL)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, abi.TypeErrorf("Fetch API cannot load: %s", c.request.URL)
	case c.redirect > 1:
		return nil, errRedirectMode
	case c.request.Body.Mode != abi.BodyNone && (c.request.Method == http.MethodGet || c.request.Method == http.MethodHead):
		return nil, abi.TypeErrorf("Request with a GET or HEAD method cannot have a body.")
	}
	if err := checkHeaders(c.request.Headers); err != nil {
		return nil, err
	}
	switch c.target.Kind {
	case abi.TargetNetwork:
	case abi.TargetObject:
		var failed *abi.Error
		if c.link, failed = p.link(c.target.Stub, from); failed != nil {
			return nil, failed
		}
	case abi.TargetFacet:
		var failed *abi.Error
		if c.inner, failed = from.facet(c.target.Facet); failed != nil {
			return nil, failed
		}
	case abi.TargetService, abi.TargetExport:
		if c.target.Kind == abi.TargetService && h.isAssets(c.target.Service) {
			break
		}
		var err error
		if c.entry, err = h.service(c.target); err != nil {
			return nil, err
		}
	default:
		return nil, abi.Errorf("this host cannot fetch from a target of kind %d", c.target.Kind)
	}
	c.body = p.streams.accept(c.request.Body)
	return c, nil
}

var (
	errHeaderName  = abi.TypeErrorf("Invalid header name.")
	errHeaderValue = abi.TypeErrorf("Invalid header value.")
)

// checkHeaders refuses what workerd refuses (api/http.c++).
func checkHeaders(list []abi.Header) *abi.Error {
	for _, f := range list {
		if !isToken(f.Name) {
			return errHeaderName
		}
		if strings.ContainsAny(f.Value, "\x00\r\n") {
			return errHeaderValue
		}
	}
	return nil
}

// joined has one field for each name, as the Web's Headers have; only Set-Cookie stays several.
func joined(list []abi.Header) []abi.Header {
	at := func(name string, list []abi.Header) int {
		return slices.IndexFunc(list, func(f abi.Header) bool { return strings.EqualFold(f.Name, name) })
	}
	out, copied := list, false
	for i, f := range list {
		first := at(f.Name, list[:i])
		if first < 0 || strings.EqualFold(f.Name, "Set-Cookie") {
			if copied {
				out = append(out, f)
			}
			continue
		}
		if !copied {
			out, copied = slices.Clone(list[:i]), true
		}
		out[at(f.Name, out)].Value += ", " + f.Value
	}
	return out
}

// isToken reports whether name is a token of RFC 9110, section 5.6.2.
func isToken(name string) bool {
	for i := range len(name) {
		c := name[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return name != ""
}

// errStatus refuses a response as workerd does (api/http.c++).
var errStatus = &abi.Error{Name: "RangeError", Message: "Responses may only be constructed with status codes in the range 200 to 599, inclusive."}

// unboundService has the lines to add, in the words of build/shim/namespace.mjs.
func unboundService(binding string) error {
	if binding == "ASSETS" {
		return abi.TypeErrorf("there is no assets binding \"ASSETS\": add to wrangler.toml:\n[assets]\ndirectory = \"public\"\nbinding = \"ASSETS\"\nor to wrangler.jsonc:\n\"assets\": { \"directory\": \"public\", \"binding\": \"ASSETS\" }")
	}
	return abi.TypeErrorf("there is no service binding %[1]q: add to wrangler.toml:\n[[services]]\nbinding = %[1]q\nservice = \"its-worker\"\nor to wrangler.jsonc:\n\"services\": [{ \"binding\": %[1]q, \"service\": \"its-worker\" }]", binding)
}

func opFetch(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
	c, err := s.decodeFetch(s.host, r, f.scope)
	if err != nil {
		return failure(err), 0
	}
	if c.request.Body.Mode == abi.BodyStream {
		f.writes = noteStream(f.writes, c.request.Body.Stream)
	}
	if c.target.Kind == abi.TargetNetwork {
		var cancel context.CancelFunc
		c.ctx, cancel = context.WithCancel(f.ctx)
		s.fetches.Store(id, cancel)
	}
	f.begin()
	s.outputs.Add(f.object, func() {
		s.host.fetch(f, c, reply{
			cause: f.event,
			response: func(p *abi.Response, body content) {
				s.fetches.Delete(id)
				f.completeIn(replies(c.target.Stub.Serial), id, s.encodeResponse(f, p, body))
			},
			fail: func(e *abi.Error) {
				s.fetches.Delete(id)
				f.completeIn(replies(c.target.Stub.Serial), id, isolate.Failure(e))
			},
		})
	}, nil)
	return nil, abi.Pending
}

// opAbandon ends a request to the network whose response nobody waits for.
func opAbandon(s *Isolate, _ *frame, _ uint32, r *abi.Reader) ([]byte, int32) {
	id := r.U32()
	if err := r.End(); err != nil {
		return failure(err), 0
	}
	if cancel, ok := s.fetches.LoadAndDelete(id); ok {
		cancel.(context.CancelFunc)()
	}
	return isolate.Success(nil), 0
}

// encodeResponse makes the result of a FETCH, whose body frame f will read. Any goroutine may call it.
func (s *Isolate) encodeResponse(f *frame, p *abi.Response, body content) []byte {
	out := *p
	out.Headers = joined(p.Headers)
	var stream uint64
	out.Body, stream = s.streams.offer(body)
	if stream != 0 {
		s.post(func() { f.owns(stream) })
	}
	if body.socket != nil {
		out.Socket = s.sockets.reserve()
		s.post(func() { f.adopt(out.Socket, body.socket) })
	}
	return isolate.Success(func(w *abi.Writer) { w.Response(&out) })
}

// owns notes a stream that the guest reads in f, and cancels it if f is over already.
func (f *frame) owns(stream uint64) {
	to := f.live()
	if to == nil {
		f.isolate.streams.cancel(stream, abi.Errorf("the event that this body is for is over"))
		return
	}
	to.reads = append(to.reads, stream)
}

// name is the name of an Event that the call causes.
func (c *fetchCall) name() string {
	u, err := url.Parse(c.request.URL)
	if err != nil {
		return c.request.Method
	}
	return requestName(c.request.Method, u.Path)
}

// fetch sends a request where it goes; from is nil natively. The reply may come on any goroutine.
func (h *Host) fetch(from *frame, c *fetchCall, r reply) {
	answered := r.response
	r.response = func(p *abi.Response, body content) { answered(p, decoded(p, body)) }
	fail := r.fail
	r.what = c.name()
	if c.target.Kind != abi.TargetNetwork {
		r.thrown = func(e *abi.Error) { fail(remote(e)) }
		r.fail = func(e *abi.Error) {
			remote := *e
			remote.Remote = true
			fail(&remote)
		}
	}
	switch c.target.Kind {
	case abi.TargetObject, abi.TargetFacet:
		if c.inner != nil {
			c.inner.fetch(c, r)
			return
		}
		fetchObject(c, r, fail)
	case abi.TargetService, abi.TargetExport:
		if c.entry.script == "" {
			h.work.run(func() { h.fetchAssets(&c.request, r) })
			return
		}
		c.entry.fetch(&c.request, c.body, r, fail)
	default:
		h.network(from, c, r)
	}
}

// fetchObject sends a request to an object; fail is for what is no failure of it.
func fetchObject(c *fetchCall, r reply, fail func(*abi.Error)) {
	l := c.link
	l.reach(func(to *Host) {
		if to.runsPrograms() {
			to.fetchScripted(l.key, l.name, &c.request, c.body, r)
			return
		}
		s := to.isolateOf(l.key)
		if !s.deliver(l.in, func() {
			if e := l.open(s); e != nil {
				fail(e)
				return
			}
			s.startFetch(l.key, l.name, &c.request, c.body, r)
		}) {
			fail(errClosed)
		}
	}, r.unavailable, fail)
}

func (s *Isolate) startFetch(k key, name *string, q *abi.Request, body content, r reply) {
	s.start(k, name, abi.StartFetch, func(f *frame, w *abi.Writer) { s.writeRequest(f, w, q, body) }, r)
}

func (s *Isolate) writeRequest(f *frame, w *abi.Writer, q *abi.Request, body content) {
	out := *q
	out.Headers = joined(q.Headers)
	var stream uint64
	out.Body, stream = s.streams.offer(body)
	if stream != 0 {
		f.reads = append(f.reads, stream)
	}
	f.upgrade = asksForSocket(q.Headers)
	w.Request(&out)
}

// opRespond is the outcome of a fetch frame.
func opRespond(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
	end := r.Bool()
	p := r.Response()
	if err := r.End(); err != nil {
		return failure(err), 0
	}
	switch {
	case f.kind != abi.StartFetch:
		return failure(abi.Errorf("RESPOND in an event that is not a fetch")), 0
	case f.answered:
		return failure(abi.Errorf("the event was answered before")), 0
	case p.Socket != 0 && p.Status != 101:
		return failure(&abi.Error{Name: "RangeError", Message: "Responses with a WebSocket must have status code 101."}), 0
	case p.Socket == 0 && !abi.IsStatus(uint64(p.Status)):
		return failure(errStatus), 0
	}
	if err := checkHeaders(p.Headers); err != nil {
		return failure(err), 0
	}
	if p.Socket != 0 {
		return s.respondSocket(f, p, end), 0
	}
	f.answered = true
	body := s.streams.accept(p.Body)
	if p.Body.Mode == abi.BodyStream {
		f.writes = noteStream(f.writes, p.Body.Stream)
	}
	s.outputs.Add(f.object, func() { f.reply.response(p, body) }, f.refuse)
	if end {
		f.end()
	}
	return isolate.Success(nil), 0
}
