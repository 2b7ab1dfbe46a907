package host

import (
	"bufio"
	"net"
	"net/http"
	"strconv"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/js"
)

// Event is something that ran in a Worker or in one of its objects, and has ended.
type Event struct {
	Number uint64 // within the session
	Cause  uint64 // Number of the event that called it; 0: it came from outside
	Worker string
	Kind   string // request, fetch, rpc, alarm, scheduled, queue, message, close or error
	Name   string // method and path, method, cron or queue
	Class  string // of the object that it ran in; "": it ran in the Worker
	ID     string
	Object string // name of the object, if that is known
	Began  time.Time
	Took   time.Duration
	Status int    // of a response
	Failed string // why it failed; "": it did not

	// Of a host with Spans: what the event is part of, its number there, and that of the caller outside of the session, which is zero if there was none.
	Trace        [16]byte
	Span, Remote [8]byte
	CauseSpan    [8]byte // of Cause
	Attributes   *Attributes
}

// observed returns r, so that its outcome is an Event as well. A host that nobody observes returns it as it is.
func (h *Host) observed(e Event, r reply) reply {
	if !h.observes() {
		return r
	}
	e.Cause = r.cause
	h.enumerate(&e, "")
	r.event = e.Number
	inner := r
	end := func(status int, failed *abi.Error) { h.ended(e, status, failed) }
	r.value = func(v payload) {
		end(0, nil)
		if inner.value != nil {
			inner.value(v)
		}
	}
	if inner.response != nil {
		r.response = func(p *abi.Response, body content) { end(p.Status, nil); inner.response(p, body) }
	}
	if inner.thrown != nil {
		r.thrown = func(failed *abi.Error) { end(0, failed); inner.thrown(failed) }
	}
	r.fail = func(failed *abi.Error) {
		end(0, failed)
		if inner.fail != nil {
			inner.fail(failed)
		}
	}
	return r
}

func (h *Host) ended(e Event, status int, failed *abi.Error) {
	e.Took, e.Status = time.Since(e.Began), status
	if failed != nil {
		e.Failed = failed.Message
	}
	if h.cfg.Observe != nil {
		h.cfg.Observe(e)
	}
	if h.cfg.Spans != nil {
		h.cfg.Spans(e)
	}
}

// eventKinds are the kinds of what objects and Workers are started for.
var eventKinds = map[byte]string{
	abi.StartFetch: "fetch", abi.StartRPC: "rpc", abi.StartAlarm: "alarm", abi.StartScheduled: "scheduled", abi.StartQueue: "queue",
	abi.StartSocketMessage: "message", abi.StartSocketClose: "close", abi.StartSocketError: "error",
}

// observedIn is observed for an event of an object.
func (o *object) observedIn(kind byte, r reply) reply {
	h := o.isolate.host
	if !h.observes() {
		return r
	}
	e := Event{Kind: eventKinds[kind], Name: r.what, Class: o.key.class, ID: o.key.id}
	if o.name != nil {
		e.Object = *o.name
	}
	return h.observed(e, r)
}

// observed is observed for an event of an object whose class is JavaScript.
func (o *scripted) observed(cause uint64, kind, what string, done func(abi.Value, *js.Body, error)) func(abi.Value, *js.Body, error) {
	h := o.host
	if !h.observes() {
		return done
	}
	e := Event{Cause: cause, Kind: kind, Name: what, Class: o.key.class, ID: o.key.id}
	h.enumerate(&e, "")
	if o.name != nil {
		e.Object = *o.name
	}
	return func(v abi.Value, b *js.Body, err error) {
		var failed *abi.Error
		if err != nil {
			failed = asError(err)
		}
		h.ended(e, 0, failed)
		done(v, b, err)
	}
}

// observedEvent is observed for an event that a program of its own runs for: it returns the Number of the Event, and what ends it.
func (h *Host) observedEvent(kind, name string) (number uint64, ended func(error)) {
	if !h.observes() {
		return 0, func(error) {}
	}
	e := Event{Kind: kind, Name: name}
	h.enumerate(&e, "")
	return e.Number, func(err error) {
		var failed *abi.Error
		if err != nil {
			failed = asError(err)
		}
		h.ended(e, 0, failed)
	}
}

// observeRequest begins the event of a request at the front door, with a writer that notes its status. The returned function ends it.
func (h *Host) observeRequest(w http.ResponseWriter, req *http.Request) (http.ResponseWriter, uint64, func()) {
	if !h.observes() {
		return w, 0, func() {}
	}
	e := Event{Kind: "request", Name: requestName(req.Method, req.URL.Path)}
	h.enumerate(&e, req.Header.Get("Traceparent"))
	noted := &notedStatus{ResponseWriter: w}
	return noted, e.Number, func() {
		var failed *abi.Error
		if noted.status == 0 && req.Context().Err() != nil {
			failed = abi.Errorf("%s", errDisconnected)
		}
		h.ended(e, noted.status, failed)
	}
}

// maxEventName is how much of a path an Event has.
const maxEventName = 200

// requestName names a request without its query, which carries codes and tokens.
func requestName(method, path string) string {
	if len(path) > maxEventName {
		path = path[:maxEventName] + "…"
	}
	return method + " " + path
}

// notedStatus notes the status of a response.
type notedStatus struct {
	http.ResponseWriter
	status int
}

func (n *notedStatus) WriteHeader(status int) {
	if n.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		n.status = status
	}
	n.ResponseWriter.WriteHeader(status)
}

func (n *notedStatus) Write(p []byte) (int, error) {
	if n.status == 0 {
		n.status = http.StatusOK
	}
	return n.ResponseWriter.Write(p)
}

// Hijack hands the connection over, for WebSockets.
func (n *notedStatus) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	n.status = http.StatusSwitchingProtocols
	return http.NewResponseController(n.ResponseWriter).Hijack()
}

// Unwrap is for http.ResponseController.
func (n *notedStatus) Unwrap() http.ResponseWriter { return n.ResponseWriter }

func scheduledName(cron string) string {
	if cron == "" {
		return "without a cron"
	}
	return cron
}

func batchName(queue string, messages int) string { return queue + " × " + strconv.Itoa(messages) }
