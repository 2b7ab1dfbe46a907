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
}

// Stub names the object a call goes to. Calls with one Serial go through one stub, in order.
type Stub struct {
	Binding string
	Named   bool
	Ref     string // a name when Named, otherwise 64 hexadecimal digits
	Serial  uint64
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
}

// Response reads a Response.
func (r *Reader) Response() *Response {
	return &Response{Status: int(r.Uint()), StatusText: r.Str(), Headers: r.headers(), Body: r.Body()}
}

// Stub appends a Stub.
func (w *Writer) Stub(s Stub) {
	w.Str(s.Binding)
	w.Bool(s.Named)
	w.Str(s.Ref)
	w.Uint(s.Serial)
}

// Stub reads a Stub.
func (r *Reader) Stub() Stub {
	return Stub{Binding: r.Str(), Named: r.Bool(), Ref: r.Str(), Serial: r.Uint()}
}

// ListOptions appends ListOptions.
func (w *Writer) ListOptions(o ListOptions) {
	w.OptStr(o.Start)
	w.OptStr(o.StartAfter)
	w.OptStr(o.End)
	w.OptStr(o.Prefix)
	w.Bool(o.Reverse)
	w.Bool(o.Limit != nil)
	if o.Limit != nil {
		w.F64(*o.Limit)
	}
}

// ListOptions reads ListOptions.
func (r *Reader) ListOptions() ListOptions {
	o := ListOptions{Start: r.OptStr(), StartAfter: r.OptStr(), End: r.OptStr(), Prefix: r.OptStr(), Reverse: r.Bool()}
	if r.Bool() {
		v := r.F64()
		o.Limit = &v
	}
	return o
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
