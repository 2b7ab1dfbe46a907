package abi

import "math"

// Header is one header field. A repeated field is repeated Headers.
type Header struct{ Name, Value string }

// HeadersOf lists the fields of an http.Header.
func HeadersOf(h map[string][]string) []Header {
	list := make([]Header, 0, len(h))
	for name, values := range h {
		for _, v := range values {
			list = append(list, Header{name, v})
		}
	}
	return list
}

// Body is the body of a Request or Response.
type Body struct {
	Mode   byte   // BodyNone, BodyInline or BodyStream
	Inline []byte // of BodyInline
	Stream uint64 // of BodyStream
	Length int64  // of BodyStream; -1 when unknown
}

// Request is the head of an HTTP request, and its Body.
type Request struct {
	Method, URL string
	Headers     []Header
	Body        Body
	CF          string // JSON, or empty
}

// Response is the head of an HTTP response, and its Body.
type Response struct {
	Status     int
	StatusText string
	Headers    []Header
	Body       Body
	Socket     uint64 // the WebSocket of a response with status 101; 0: none
}

// Stub names the object a call goes to. Calls with one Serial go through one stub, in order.
type Stub struct {
	Binding string
	Named   bool
	Ref     string // a name when Named, otherwise 64 hexadecimal digits
	Serial  uint64
	Options *StubOptions // nil: none
}

// StubOptions is how a stub is got.
type StubOptions struct {
	Jurisdiction, LocationHint, RoutingMode string
	MaxRetries, Timeout                     *float64 // Timeout in ms
}

// Facet names a facet of the object: its class, the id it is given, and its props.
type Facet struct {
	Name, Class string
	ID          *string // nil: the object's own
	Props       Value
}

// Target is what FETCH and RPC go to.
type Target struct {
	Kind    byte
	Service string // of TargetService: the binding
	Stub    Stub   // of TargetObject
	Held    uint64 // of TargetHeld
	Facet   Facet  // of TargetFacet; of TargetExport class (the entrypoint) and props only
}

// RPC is an RPC operation, but for the arguments that follow it.
type RPC struct {
	Target Target
	Path   []string // the last element is the method; empty: the target is called itself
	Mode   byte     // RPCCall or RPCGet
	Keep   uint64   // the number under which the promise is kept for pipelining; 0: not
}

// QueueMessage is a message on its way into a queue.
type QueueMessage struct {
	ContentType byte // QueueJSON, QueueText, QueueBytes or QueueV8
	Body        Value
	Delay       *float64 // seconds
}

// QueueDelivery is a message as a consumer gets it.
type QueueDelivery struct {
	ID        string
	Timestamp float64 // ms
	Attempts  uint64
	Body      Value
}

// SocketEvent is what a WebSocket received.
type SocketEvent struct {
	Kind     byte   // SocketText, SocketBinary, SocketClosed or SocketFailed
	Data     []byte // of a message; aliases the message it was read from
	Code     int    // of SocketClosed
	Reason   string
	WasClean bool
	Failure  *Error // of SocketFailed
}

// ListOptions selects keys; nil means absent.
type ListOptions struct {
	Start, StartAfter, End, Prefix *string
	Reverse                        bool
	Limit                          *float64
}

// Page is a run of rows of a SQL cursor.
type Page struct {
	Cursor                uint64 // 0 when the cursor is finished
	RowsRead, RowsWritten uint64
	Rows                  [][]Value
}

func (w *Writer) headers(h []Header) {
	w.Uint(uint64(len(h)))
	for _, f := range h {
		w.Str(f.Name)
		w.Str(f.Value)
	}
}

func (r *Reader) headers() []Header {
	n := r.Count()
	h := make([]Header, 0, room(n))
	for ; n > 0 && r.err == nil; n-- {
		h = append(h, Header{r.Str(), r.Str()})
	}
	return h
}

// Body appends a Body.
func (w *Writer) Body(b Body) {
	w.U8(b.Mode)
	switch b.Mode {
	case BodyInline:
		w.Blob(b.Inline)
	case BodyStream:
		w.Uint(b.Stream)
		w.F64(float64(b.Length))
	}
}

// Body reads a Body; Inline aliases the message.
func (r *Reader) Body() Body {
	b := Body{Mode: r.U8(), Length: -1}
	switch b.Mode {
	case BodyNone:
	case BodyInline:
		b.Inline = r.Blob()
	case BodyStream:
		b.Stream = r.Uint()
		b.Length = r.length()
	default:
		r.Fail("unknown body mode %d", b.Mode)
	}
	return b
}

// length reads the length of a stream: a count of bytes that a number holds exactly, or -1.
func (r *Reader) length() int64 {
	v := r.F64()
	if !(v >= -1 && v <= MaxSafeInt && v == math.Trunc(v)) {
		r.Fail("body length is %v", v)
		return -1
	}
	return int64(v)
}

// Request appends a Request.
func (w *Writer) Request(q *Request) {
	w.Str(q.Method)
	w.Str(q.URL)
	w.headers(q.Headers)
	w.Body(q.Body)
	w.Str(q.CF)
}

// Request reads a Request.
func (r *Reader) Request() *Request {
	return &Request{Method: r.Str(), URL: r.Str(), Headers: r.headers(), Body: r.Body(), CF: r.Str()}
}

// Response appends a Response.
func (w *Writer) Response(p *Response) {
	w.Uint(uint64(p.Status))
	w.Str(p.StatusText)
	w.headers(p.Headers)
	w.Body(p.Body)
	w.Uint(p.Socket)
}

// Response reads a Response.
func (r *Reader) Response() *Response {
	return &Response{Status: int(r.Uint()), StatusText: r.Str(), Headers: r.headers(), Body: r.Body(), Socket: r.Uint()}
}

// Stub appends a Stub.
func (w *Writer) Stub(s Stub) {
	w.Str(s.Binding)
	w.Bool(s.Named)
	w.Str(s.Ref)
	w.Uint(s.Serial)
	w.Bool(s.Options != nil)
	if o := s.Options; o != nil {
		w.Str(o.Jurisdiction)
		w.Str(o.LocationHint)
		w.Str(o.RoutingMode)
		w.OptF64(o.MaxRetries)
		w.OptF64(o.Timeout)
	}
}

// Stub reads a Stub.
func (r *Reader) Stub() Stub {
	s := Stub{Binding: r.Str(), Named: r.Bool(), Ref: r.Str(), Serial: r.Uint()}
	if r.Bool() {
		s.Options = &StubOptions{r.Str(), r.Str(), r.Str(), r.OptF64(), r.OptF64()}
	}
	return s
}

// Facet appends a Facet.
func (w *Writer) Facet(f Facet) {
	w.Str(f.Name)
	w.Str(f.Class)
	w.OptStr(f.ID)
	w.Value(f.Props)
}

// Facet reads a Facet.
func (r *Reader) Facet() Facet {
	return Facet{r.Str(), r.Str(), r.OptStr(), r.Value()}
}

// Target appends a Target.
func (w *Writer) Target(t Target) {
	w.U8(t.Kind)
	switch t.Kind {
	case TargetService:
		w.Str(t.Service)
	case TargetObject:
		w.Stub(t.Stub)
	case TargetHeld:
		w.Uint(t.Held)
	case TargetFacet:
		w.Facet(t.Facet)
	case TargetExport:
		w.Str(t.Facet.Class)
		w.Value(t.Facet.Props)
	}
}

// Target reads a Target.
func (r *Reader) Target() Target {
	t := Target{Kind: r.U8()}
	switch t.Kind {
	case TargetNetwork:
	case TargetService:
		t.Service = r.Str()
	case TargetObject:
		t.Stub = r.Stub()
	case TargetHeld:
		t.Held = r.Uint()
	case TargetFacet:
		t.Facet = r.Facet()
	case TargetExport:
		t.Facet.Class, t.Facet.Props = r.Str(), r.Value()
	default:
		r.Fail("unknown kind of target %d", t.Kind)
	}
	return t
}

// RPC appends an RPC; the list of arguments follows it.
func (w *Writer) RPC(c RPC) {
	w.Target(c.Target)
	w.Strs(c.Path)
	w.U8(c.Mode)
	w.Uint(c.Keep)
}

// RPC reads an RPC; the list of arguments follows it.
func (r *Reader) RPC() RPC {
	c := RPC{r.Target(), r.Strs(), r.U8(), r.Uint()}
	if c.Mode > RPCGet {
		r.Fail("unknown mode of RPC %d", c.Mode)
	}
	return c
}

// QueueMessages appends messages and the delay of all of them.
func (w *Writer) QueueMessages(list []QueueMessage, delay *float64) {
	w.Uint(uint64(len(list)))
	for _, m := range list {
		w.U8(m.ContentType)
		w.Value(m.Body)
		w.OptF64(m.Delay)
	}
	w.OptF64(delay)
}

// QueueMessages reads messages and the delay of all of them.
func (r *Reader) QueueMessages() ([]QueueMessage, *float64) {
	n := r.Count()
	list := make([]QueueMessage, 0, room(n))
	for ; n > 0 && r.err == nil; n-- {
		m := QueueMessage{r.U8(), r.Value(), r.OptF64()}
		if m.ContentType > QueueV8 {
			r.Fail("unknown content type of a message %d", m.ContentType)
		}
		list = append(list, m)
	}
	return list, r.OptF64()
}

// QueueDeliveries appends messages for a consumer.
func (w *Writer) QueueDeliveries(list []QueueDelivery) {
	w.Uint(uint64(len(list)))
	for _, m := range list {
		w.Str(m.ID)
		w.F64(m.Timestamp)
		w.Uint(m.Attempts)
		w.Value(m.Body)
	}
}

// QueueDeliveries reads messages for a consumer.
func (r *Reader) QueueDeliveries() []QueueDelivery {
	n := r.Count()
	list := make([]QueueDelivery, 0, room(n))
	for ; n > 0 && r.err == nil; n-- {
		list = append(list, QueueDelivery{r.Str(), r.F64(), r.Uint(), r.Value()})
	}
	return list
}

// SocketEvent appends a SocketEvent.
func (w *Writer) SocketEvent(e SocketEvent) {
	w.U8(e.Kind)
	switch e.Kind {
	case SocketText, SocketBinary:
		w.Blob(e.Data)
	case SocketClosed:
		w.Uint(uint64(e.Code))
		w.Str(e.Reason)
		w.Bool(e.WasClean)
	case SocketFailed:
		w.Error(e.Failure)
	}
}

// SocketEvent reads a SocketEvent; Data aliases the message.
func (r *Reader) SocketEvent() SocketEvent {
	e := SocketEvent{Kind: r.U8()}
	switch e.Kind {
	case SocketText, SocketBinary:
		e.Data = r.Blob()
	case SocketClosed:
		e.Code, e.Reason, e.WasClean = int(r.Uint()), r.Str(), r.Bool()
	case SocketFailed:
		e.Failure = r.Error()
	default:
		r.Fail("unknown kind of socket event %d", e.Kind)
	}
	return e
}

// ListOptions appends ListOptions.
func (w *Writer) ListOptions(o ListOptions) {
	w.OptStr(o.Start)
	w.OptStr(o.StartAfter)
	w.OptStr(o.End)
	w.OptStr(o.Prefix)
	w.Bool(o.Reverse)
	w.OptF64(o.Limit)
}

// ListOptions reads ListOptions.
func (r *Reader) ListOptions() ListOptions {
	return ListOptions{Start: r.OptStr(), StartAfter: r.OptStr(), End: r.OptStr(), Prefix: r.OptStr(), Reverse: r.Bool(), Limit: r.OptF64()}
}

// Strs appends a list of strings.
func (w *Writer) Strs(s []string) {
	w.Uint(uint64(len(s)))
	for _, e := range s {
		w.Str(e)
	}
}

// Strs reads a list of strings.
func (r *Reader) Strs() []string {
	n := r.Count()
	s := make([]string, 0, room(n))
	for ; n > 0 && r.err == nil; n-- {
		s = append(s, r.Str())
	}
	return s
}

// Values appends a list of Values.
func (w *Writer) Values(v []Value) {
	w.Uint(uint64(len(v)))
	for _, e := range v {
		w.Value(e)
	}
}

// Values reads a list of Values.
func (r *Reader) Values() []Value { return r.values(0) }

// Fields appends a list of named Values, such as key-value entries.
func (w *Writer) Fields(f []Field) {
	w.Uint(uint64(len(f)))
	for _, e := range f {
		w.Str(e.Name)
		w.Value(e.Value)
	}
}

// Fields reads a list of named Values.
func (r *Reader) Fields() []Field {
	n := r.Count()
	f := make([]Field, 0, room(n))
	for ; n > 0 && r.err == nil; n-- {
		f = append(f, Field{r.Str(), r.Value()})
	}
	return f
}

// Page appends a Page.
func (w *Writer) Page(p Page) {
	w.Uint(p.Cursor)
	w.Uint(p.RowsRead)
	w.Uint(p.RowsWritten)
	w.Uint(uint64(len(p.Rows)))
	for _, row := range p.Rows {
		for _, v := range row {
			w.Value(v)
		}
	}
}

// Page reads a Page of rows with the given number of columns.
func (r *Reader) Page(columns int) Page {
	p := Page{Cursor: r.Uint(), RowsRead: r.Uint(), RowsWritten: r.Uint()}
	n := r.Count()
	if n > 0 && columns == 0 {
		r.Fail("%d rows without columns", n)
	}
	if n > 0 && columns > r.Remaining()/n {
		r.Fail("%d rows of %d columns in %d bytes", n, columns, r.Remaining())
	}
	if r.err != nil || n == 0 {
		return p
	}
	values := make([]Value, n*columns)
	for i := range values {
		values[i] = r.Value()
	}
	p.Rows = make([][]Value, n)
	for i := range p.Rows {
		p.Rows[i] = values[i*columns : (i+1)*columns : (i+1)*columns]
	}
	return p
}
