package host

import (
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/js"
	"grove.place/lattice/local-runtime/internal/storage"
)

// errNoClasses is what an object of a Worker without classes fails with.
var errNoClasses = abi.Errorf("the Worker is a program of github.com/syumai/workers, whose Durable Object classes are written in JavaScript, which the local host does not run: write the class in Go (docs/syumai.md)")

// contentOf makes the host's body of JavaScript's.
func contentOf(b *js.Body) content {
	switch {
	case b == nil:
		return noContent
	case b.Socket != nil:
		return content{none: true, socket: b.Socket.(*end)}
	case b.Source != nil:
		return content{source: b.Source, length: b.Length}
	}
	return content{inline: b.Bytes}
}

// bodyFor makes JavaScript's body of the host's.
func bodyFor(c content) *js.Body {
	switch {
	case c.none:
		return nil
	case c.source != nil:
		return &js.Body{Source: c.source, Length: c.length}
	}
	return &js.Body{Bytes: c.inline}
}

func headerList(list []abi.Header) abi.Array {
	out := abi.Array{}
	for _, f := range list {
		out = append(out, abi.Array{f.Name, f.Value})
	}
	return out
}

func headersFrom(v abi.Value) []abi.Header {
	var out []abi.Header
	list, _ := v.(abi.Array)
	for _, e := range list {
		if pair, ok := e.(abi.Array); ok && len(pair) == 2 {
			name, _ := pair[0].(string)
			value, _ := pair[1].(string)
			out = append(out, abi.Header{Name: name, Value: value})
		}
	}
	return out
}

func responseValue(p *abi.Response) abi.Object {
	return abi.Object{{Name: "status", Value: int64(p.Status)}, {Name: "statusText", Value: p.StatusText}, {Name: "headers", Value: headerList(p.Headers)}}
}

func responseFrom(v abi.Value, socket bool) (*abi.Response, error) {
	o, _ := v.(abi.Object)
	p := &abi.Response{Headers: headersFrom(o.Get("headers"))}
	status, _ := o.Get("status").(int64)
	p.Status = int(status)
	p.StatusText, _ = o.Get("statusText").(string)
	if !abi.IsStatus(uint64(p.Status)) && !(socket && p.Status == 101) {
		return nil, errStatus
	}
	if err := checkHeaders(p.Headers); err != nil {
		return nil, err
	}
	return p, nil
}

// requestValue is the head of a request as JavaScript gets it.
func requestValue(q *abi.Request) abi.Object {
	var cf abi.Value
	var given any
	if json.Unmarshal([]byte(cmp.Or(q.CF, localCF)), &given) == nil {
		cf = storage.FromJSON(given)
	}
	headers := headerList(q.Headers)
	if host, ok := hostOf(q); ok {
		headers = append(headers, abi.Array{"host", host})
	}
	return abi.Object{{Name: "method", Value: q.Method}, {Name: "url", Value: q.URL}, {Name: "headers", Value: headers}, {Name: "cf", Value: cf}}
}

// A Worker that passes a request on to its own address reaches the origin on Cloudflare. Here it reaches itself, so that calls are counted.
const (
	loopHeader = "Cdn-Loop"
	loopText   = "lattice; loops="
	maxLoops   = 16
)

var errLoop = abi.Errorf("the Worker fetched its own address %d times over: on Cloudflare such a request goes to the origin behind the Worker's route, of which the local host has none", maxLoops)

// fetchProgram gives a request to a program of its own.
func (h *Host) fetchProgram(q *abi.Request, body content, r reply) (abandon func(reason string)) {
	hops := 0
	for _, f := range q.Headers {
		if count, ok := strings.CutPrefix(f.Value, loopText); ok && strings.EqualFold(f.Name, loopHeader) {
			hops, _ = strconv.Atoi(count)
		}
	}
	if hops >= maxLoops {
		r.fail(errLoop)
		return func(string) {}
	}
	return h.begin(event{kind: "fetch", args: []abi.Value{requestValue(q)}, body: bodyFor(body), hops: hops, done: r.fetchedFor(q), number: r.event})
}

// countHop notes in a request to this machine how often the Worker called itself to get there.
func (p *program) countHop(q *abi.Request) {
	u, err := url.Parse(q.URL)
	if err != nil || u.Hostname() != "localhost" && u.Hostname() != "127.0.0.1" && u.Hostname() != "::1" && !strings.HasSuffix(u.Hostname(), ".localhost") {
		return
	}
	q.Headers = slices.DeleteFunc(q.Headers, func(f abi.Header) bool { return strings.EqualFold(f.Name, loopHeader) })
	q.Headers = append(q.Headers, abi.Header{Name: loopHeader, Value: loopText + strconv.Itoa(p.start.hops+1)})
}

// fetchedFor passes the outcome of a fetch event on.
func (r reply) fetchedFor(q *abi.Request) func(abi.Value, *js.Body, error) {
	return func(result abi.Value, b *js.Body, err error) {
		body := contentOf(b)
		var p *abi.Response
		if err == nil {
			p, err = responseFrom(result, body.socket != nil)
		}
		if err == nil && body.socket != nil && !asksForSocket(q.Headers) {
			body.socket.drop()
			err = abi.TypeErrorf("Worker tried to return a WebSocket in a response to a request which did not contain the header \"Upgrade: websocket\".")
		}
		if err != nil {
			r.fail(asError(err))
			return
		}
		r.response(p, body)
	}
}

// hostOf is the Host header that a request does not have among its headers.
func hostOf(q *abi.Request) (string, bool) {
	for _, f := range q.Headers {
		if strings.EqualFold(f.Name, "host") {
			return "", false
		}
	}
	_, rest, _ := strings.Cut(q.URL, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host, true
}

// consumeProgram gives a batch of a queue to a program of its own.
func (h *Host) consumeProgram(name string, list []abi.QueueDelivery, done func(outcome abi.Value, failed *abi.Error)) {
	messages := abi.Array{}
	for _, d := range list {
		if b, ok := d.Body.([]byte); ok {
			d.Body = abi.ArrayBuffer(b) // as workerd has messages of the content type bytes
		}
		messages = append(messages, abi.Object{{Name: "id", Value: d.ID}, {Name: "timestamp", Value: d.Timestamp}, {Name: "attempts", Value: int64(d.Attempts)}, {Name: "body", Value: d.Body}})
	}
	number, ended := h.observedEvent("queue", batchName(name, len(list)))
	h.begin(event{kind: "queue", number: number, args: []abi.Value{name, messages}, done: func(outcome abi.Value, _ *js.Body, err error) {
		ended(err)
		h.work.run(func() {
			if err != nil {
				done(nil, asError(err))
				return
			}
			done(outcome, nil)
		})
	}})
}
