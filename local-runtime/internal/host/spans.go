package host

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"net/url"
	"strings"
	"sync"
	"time"

	"grove.place/lattice/internal/abi"
)

func (h *Host) observes() bool { return h.cfg.Observe != nil || h.cfg.Spans != nil }

// enumerate gives an event its number, and its place in a trace: that of its cause, or else of a traceparent header from outside, or else a new one.
func (h *Host) enumerate(e *Event, traceparent string) {
	e.Number, e.Worker, e.Began = h.lastEvent.Add(1), h.cfg.Script, time.Now()
	if h.cfg.Spans != nil {
		h.traces.begin(e, traceparent)
	}
}

// traces knows which trace recent events are part of.
type traces struct {
	mu     sync.Mutex
	known  map[uint64]position
	recent [1 << 13]uint64 // numbers, so that the oldest are forgotten
	next   int
}

type position struct {
	trace [16]byte
	span  [8]byte
}

func (t *traces) begin(e *Event, traceparent string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known == nil {
		t.known = map[uint64]position{}
	}
	if cause, ok := t.known[e.Cause]; ok && e.Cause != 0 {
		e.Trace, e.CauseSpan = cause.trace, cause.span
	} else if trace, span, ok := parseTraceparent(traceparent); ok {
		e.Trace, e.Remote = trace, span
	} else {
		rand.Read(e.Trace[:])
	}
	rand.Read(e.Span[:])
	delete(t.known, t.recent[t.next])
	t.recent[t.next], t.known[e.Number] = e.Number, position{e.Trace, e.Span}
	t.next = (t.next + 1) % len(t.recent)
}

// parseTraceparent reads the header of W3C Trace Context.
func parseTraceparent(s string) (trace [16]byte, span [8]byte, ok bool) {
	f := strings.Split(s, "-")
	if len(f) < 4 || len(f[0]) != 2 || f[0] == "ff" || len(f[1]) != 32 || len(f[2]) != 16 || len(f[3]) != 2 {
		return trace, span, false
	}
	_, err1 := hex.Decode(trace[:], []byte(f[1]))
	_, err2 := hex.Decode(span[:], []byte(f[2]))
	return trace, span, err1 == nil && err2 == nil && trace != [16]byte{} && binary.BigEndian.Uint64(span[:]) != 0
}

func (e *Event) traceparent() string {
	return "00-" + hex.EncodeToString(e.Trace[:]) + "-" + hex.EncodeToString(e.Span[:]) + "-01"
}

// traceOperation performs an operation as do does, and makes a span of it.
func (f *frame) traceOperation(number, id uint32, req []byte, do op) ([]byte, int32) {
	h := f.isolate.host
	name, attributes := "", Attributes(nil)
	if describe := spanned[number]; describe != nil {
		name, attributes = describe(h, abi.NewReader(req))
	}
	if name == "" {
		return do(f.isolate, f, id, abi.NewReader(req))
	}
	e := Event{Kind: "operation", Name: name, Cause: f.event}
	if len(attributes) > 0 {
		e.Attributes = &attributes
	}
	if f.object != nil {
		e.Class, e.ID = f.object.key.class, f.object.key.id
	}
	h.enumerate(&e, "")
	result, code := do(f.isolate, f, id, abi.NewReader(req))
	if result != nil || code != abi.Pending {
		h.spanEnded(e, result)
		return result, code
	}
	if f.traced == nil {
		f.traced = map[uint32]Event{}
	}
	f.traced[id] = e
	return result, code
}

// operationEnded ends the span of an operation. It is called on the loop.
func (f *frame) operationEnded(id uint32, result []byte) {
	if e, ok := f.traced[id]; ok {
		delete(f.traced, id)
		f.isolate.host.spanEnded(e, result)
	}
}

func (h *Host) spanEnded(e Event, result []byte) {
	e.Took = time.Since(e.Began)
	if len(result) > 0 && result[0] != abi.StatusOK {
		e.Failed = abi.NewReader(result[1:]).Error().Message
	}
	h.cfg.Spans(e)
}

// untraced ends the spans of operations whose end nobody hears of any more.
func (f *frame) untraced(why string) {
	for _, e := range f.traced {
		e.Took, e.Failed = time.Since(e.Began), why
		f.isolate.host.cfg.Spans(e)
	}
	f.traced = nil
}

// traceRequest begins the span of a request to the network, whose server is told of the trace.
func (h *Host) traceRequest(from *frame, t *trip, r reply) reply {
	if h.cfg.Spans == nil {
		return r
	}
	e := Event{Kind: "outbound", Name: t.method}
	if u, err := url.Parse(t.url); err == nil {
		e.Name = requestName(t.method, u.Host+u.Path)
		e.Attributes = &Attributes{{"http.request.method", t.method}, {"server.address", u.Hostname()}, {"url.scheme", u.Scheme}, {"url.path", u.Path}}
	}
	if from != nil {
		e.Cause = from.event
	}
	h.enumerate(&e, "")
	told := false
	for _, f := range t.headers {
		told = told || strings.EqualFold(f.Name, "traceparent")
	}
	if !told {
		t.headers = append(t.headers[:len(t.headers):len(t.headers)], abi.Header{Name: "traceparent", Value: e.traceparent()})
	}
	end := func(status int, failed string) {
		e.Took, e.Status, e.Failed = time.Since(e.Began), status, failed
		h.cfg.Spans(e)
	}
	inner := r
	r.response = func(p *abi.Response, body content) { end(p.Status, ""); inner.response(p, body) }
	r.fail = func(failed *abi.Error) { end(0, failed.Message); inner.fail(failed) }
	return r
}
