package guest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"

	"grove.place/lattice/internal/abi"
)

// fetch serves an HTTP request to the Worker or the object.
func (f *Frame) fetch(q *abi.Request) {
	w := &responseWriter{frame: f, header: http.Header{}, head: q.Method == http.MethodHead}
	err := f.handle(w, q)
	if err != nil && !w.sent {
		f.result(nil, err)
		return
	}
	w.finish(err)
}

func (f *Frame) handle(w *responseWriter, q *abi.Request) (err error) {
	h := worker.Fetch
	if f.object != nil {
		h = nil
		if f.object.instance != nil {
			h = f.object.instance.Handler()
		}
	} else if f.entry != DefaultEntrypoint {
		h = nil
		if e := f.entrypoint(); e != nil {
			h = e.Handler()
		}
	}
	if h == nil {
		return errors.New("Handler does not export a fetch() function.")
	}
	req, err := f.request(q)
	if err != nil {
		return err
	}
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			err = errors.New("the handler aborted the response")
		default:
			err = panicError(p)
			Log(f.ctx, abi.LogPanic, fmt.Sprintf("%s %s: panic: %v\n%s", q.Method, req.URL.Path, p, debug.Stack()))
		}
	}()
	defer req.Body.Close()
	h.ServeHTTP(w, req)
	return nil
}

// request makes a server request, as net/http would, of an ABI Request.
func (f *Frame) request(q *abi.Request) (*http.Request, error) {
	u, err := url.Parse(q.URL)
	if err != nil {
		return nil, NewError("TypeError", "Invalid URL: "+q.URL)
	}
	req := &http.Request{
		Method: q.Method, URL: u, Host: u.Host, RequestURI: u.RequestURI(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header(q.Headers), RemoteAddr: "0.0.0.0:0",
	}
	if ip := req.Header.Get("Cf-Connecting-Ip"); ip != "" {
		req.RemoteAddr = ip + ":0"
	}
	req.Body, req.ContentLength = body(f.ctx, q.Body)
	if q.Body.Mode == abi.BodyStream && q.Body.Length < 0 {
		req.TransferEncoding = []string{"chunked"}
	}
	f.cf = q.CF
	return req.WithContext(f.ctx), nil
}

func header(list []abi.Header) http.Header {
	h := make(http.Header, len(list))
	for _, f := range list {
		h.Add(f.Name, f.Value)
	}
	return h
}

// responseWriter buffers a response until it is complete, too large, or flushed; then it streams.
type responseWriter struct {
	frame       *Frame
	header      http.Header
	committed   []abi.Header // what header was at WriteHeader
	typed       bool         // the content type is known, or not to be guessed
	length      int64        // announced; -1 when not
	status      int
	buf         []byte
	head, sent  bool
	stream      *writeStream
	wroteHeader bool
	upgraded    bool  // to a WebSocket
	refused     error // by the host, of the response
}

var _ http.Flusher = (*responseWriter)(nil)

func (w *responseWriter) Header() http.Header { return w.header }

// errStatus is the runtime's, for a Response that it would not construct.
var errStatus = NewError("RangeError", "Responses may only be constructed with status codes in the range 200 to 599, inclusive.")

func (w *responseWriter) WriteHeader(status int) {
	if w.wroteHeader {
		return
	}
	if status < 200 || status > 599 {
		panic(errStatus)
	}
	w.status, w.wroteHeader = status, true
	w.committed = abi.HeadersOf(w.header)
	_, w.typed = w.header["Content-Type"]
	w.typed = w.typed || w.header.Get("Content-Encoding") != ""
	w.length = -1
	if n, err := strconv.ParseInt(w.header.Get("Content-Length"), 10, 64); err == nil {
		w.length = n
	}
}

func bodyAllowed(status int) bool {
	return status != 101 && status != 204 && status != 304 && status != 205
}

func (w *responseWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if !bodyAllowed(w.status) {
		return 0, http.ErrBodyNotAllowed
	}
	if !w.typed && len(p) > 0 {
		w.typed = true
		w.committed = append(w.committed, abi.Header{Name: "Content-Type", Value: http.DetectContentType(p)})
	}
	if w.head {
		return len(p), nil
	}
	if w.stream == nil && len(w.buf)+len(p) <= abi.InlineBody {
		w.buf = append(w.buf, p...)
		return len(p), nil
	}
	if err := w.flush(); err != nil {
		return 0, err
	}
	return w.stream.Write(p)
}

// WriteString spares the copy that io.WriteString would make.
func (w *responseWriter) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

// Flush sends what was written so far, and streams from here on.
func (w *responseWriter) Flush() { _ = w.FlushError() }

// FlushError is Flush for http.ResponseController.
func (w *responseWriter) FlushError() error {
	w.WriteHeader(http.StatusOK)
	if !bodyAllowed(w.status) || w.head {
		return nil
	}
	return w.flush()
}

// flush starts streaming if that has not begun, and sends the buffer.
func (w *responseWriter) flush() error {
	if w.refused != nil {
		return w.refused
	}
	if w.stream == nil {
		w.stream = newWriteStream(w.frame.ctx)
		if err := w.respond(abi.Body{Mode: abi.BodyStream, Stream: w.stream.id, Length: w.length}, false); err != nil {
			return err
		}
	}
	if len(w.buf) == 0 {
		return nil
	}
	b := w.buf
	w.buf = nil
	_, err := w.stream.Write(b)
	return err
}

// sink is the stream of the body, begun if that can be: the type of the content has to be known, and there has to be a body.
func (w *responseWriter) sink() (*writeStream, error) {
	w.WriteHeader(http.StatusOK)
	if !w.typed || w.head || !bodyAllowed(w.status) {
		return nil, nil
	}
	err := w.flush()
	return w.stream, err
}

func (w *responseWriter) respond(b abi.Body, end bool) error {
	if w.refused != nil {
		return w.refused
	}
	var m abi.Writer
	m.Bool(end)
	m.Response(&abi.Response{Status: w.status, Headers: w.committed, Body: b})
	if w.refused = Do(w.frame.ctx, abi.OpRespond, m.Bytes()); w.refused != nil {
		return w.refused
	}
	w.sent, w.frame.done = true, true
	return nil
}

// finish completes the response after the handler has returned.
func (w *responseWriter) finish(failed error) {
	w.WriteHeader(http.StatusOK)
	switch {
	case w.upgraded:
	case w.refused != nil:
		w.stream.abort(w.refused)
		w.frame.result(nil, w.refused)
		return
	case w.stream == nil:
		b := abi.Body{Mode: abi.BodyNone}
		if len(w.buf) > 0 {
			b = abi.Body{Mode: abi.BodyInline, Inline: w.buf}
		}
		end := w.frame.lastTask()
		if err := w.respond(b, end); err != nil {
			w.frame.result(nil, err)
			return
		}
		w.frame.finishTask(end)
		return
	case failed != nil:
		w.stream.abort(failed)
	default:
		if err := w.flush(); err == nil {
			_ = w.stream.Close()
		}
	}
	w.frame.finishTask(false)
}

var _ io.StringWriter = (*responseWriter)(nil)
