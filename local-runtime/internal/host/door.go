package host

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/stream"
)

// MaxBody is the size of a request body beyond which the front door answers 413.
const MaxBody = 100 << 20

var errDisconnected = errors.New("the client disconnected")

// answer is what a frame came to.
type answer struct {
	head   *abi.Response
	body   content
	failed *abi.Error
}

// ServeHTTP is the front door: each request becomes a fetch event of the Worker.
func (h *Host) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	w, number, observed := h.observeRequest(w, req)
	defer observed()
	if h.assets != nil && h.assets.Handles(req) {
		h.assets.ServeHTTP(w, req)
		return
	}
	if req.ContentLength > MaxBody {
		http.Error(w, "Request body is larger than 100 MB: send it in parts.", http.StatusRequestEntityTooLarge)
		return
	}
	q := requestOf(req)
	if u, err := url.Parse(q.URL); err != nil || u.Host == "" {
		http.Error(w, "The request's host or path is malformed.", http.StatusBadRequest)
		return
	}
	limited := &limitedBody{ReadCloser: req.Body, left: MaxBody}
	body := noContent
	if req.Body != nil && req.Body != http.NoBody && req.ContentLength != 0 {
		var err error
		if body, err = h.bodyOf(limited, req.ContentLength); err != nil {
			http.Error(w, "The request body ended early.", http.StatusBadRequest)
			return
		}
		if body.source != nil {
			// The handler may write while it still reads; a writer that cannot do so says so, and then it cannot.
			_ = http.NewResponseController(w).EnableFullDuplex()
			defer func() {
				// A client that waits for "100 Continue" sends nothing until somebody reads, and would wait for the end of a streamed answer meanwhile.
				if limited.begun.Load() || !strings.EqualFold(req.Header.Get("Expect"), "100-continue") {
					drain(w, req.Body)
				}
			}()
		}
	}
	answered := h.newSignal()
	var a answer
	finish := func(got answer) {
		a = got
		answered.set()
	}
	var leaving sync.Mutex
	left := false // and with it whoever could use a WebSocket
	h.door.RLock()
	abandon := h.itself().fetchIn(h, q, body, reply{
		event: number, what: requestName(req.Method, req.URL.Path),
		response: func(p *abi.Response, body content) {
			if body.source != nil {
				// Also when the client leaves before anybody has begun to read.
				context.AfterFunc(req.Context(), func() { body.source.Cancel(errDisconnected) })
			}
			leaving.Lock()
			defer leaving.Unlock()
			if left && body.socket != nil {
				body.socket.drop()
			}
			finish(answer{head: p, body: body})
		},
		fail: func(e *abi.Error) { finish(answer{failed: e}) },
	})
	h.door.RUnlock()
	switch err := answered.wait(req.Context(), req.Method+" "+req.URL.Path); {
	case err == nil:
		h.respond(w, req, a, limited)
	case req.Context().Err() != nil:
		leaving.Lock()
		if left = true; a.body.socket != nil {
			a.body.socket.drop()
		}
		leaving.Unlock()
		abandon(errDisconnected.Error())
	default:
		http.Error(w, err.Error(), http.StatusGatewayTimeout)
	}
}

func requestOf(req *http.Request) *abi.Request {
	scheme := "http"
	if req.TLS != nil {
		scheme = "https"
	}
	q := &abi.Request{Method: req.Method, URL: scheme + "://" + req.Host + req.URL.RequestURI()}
	if req.URL.IsAbs() {
		q.URL = req.URL.String()
	}
	ip, _, err := net.SplitHostPort(req.RemoteAddr)
	if err != nil {
		ip = req.RemoteAddr
	}
	header := req.Header.Clone()
	header.Set("Cf-Connecting-Ip", ip)
	q.Headers, q.CF = abi.HeadersOf(header), localCF
	return q
}

// localCF is what request.cf says of a request from outside: the placeholders of wrangler dev without a network.
const localCF = `{"asOrganization":"","asn":395747,"colo":"DFW","city":"Austin","region":"Texas","regionCode":"TX","metroCode":"635","postalCode":"78701","country":"US",` +
	`"continent":"NA","timezone":"America/Chicago","latitude":"30.27130","longitude":"-97.74260","clientTcpRtt":0,"httpProtocol":"HTTP/1.1",` +
	`"requestPriority":"weight=192;exclusive=0","tlsCipher":"AEAD-AES128-GCM-SHA256","tlsVersion":"TLSv1.3"}`

func (h *Host) respond(w http.ResponseWriter, req *http.Request, a answer, body *limitedBody) {
	if body.exceeded.Load() {
		http.Error(w, "Request body is larger than 100 MB: send it in parts.", http.StatusRequestEntityTooLarge)
		return
	}
	if a.failed != nil && a.failed.Name == bootFailure {
		http.Error(w, "The module does not start:\n\n"+a.failed.Message, http.StatusInternalServerError)
		return
	}
	if a.failed != nil {
		if !a.failed.Logged {
			h.cfg.Logger.Error("uncaught error in fetch", "method", req.Method, "path", req.URL.Path, "error", a.failed)
		}
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	if a.body.socket != nil {
		h.upgrade(w, req, a)
		return
	}
	header := w.Header()
	for _, f := range a.head.Headers {
		header.Add(f.Name, f.Value)
	}
	if _, set := header["Content-Type"]; !set {
		header["Content-Type"] = nil // net/http would guess one
	}
	if a.body.source == nil {
		if a.head.Status != http.StatusNoContent && a.head.Status != http.StatusNotModified && req.Method != http.MethodHead {
			header.Set("Content-Length", strconv.Itoa(len(a.body.inline)))
		}
		w.WriteHeader(a.head.Status)
		w.Write(a.body.inline)
		return
	}
	if a.body.length >= 0 {
		header.Set("Content-Length", strconv.FormatInt(a.body.length, 10))
	}
	w.WriteHeader(a.head.Status)
	if err := h.copyBody(w, a.body.source); err != nil {
		if req.Context().Err() == nil {
			h.cfg.Logger.Error("the response body ended early", "method", req.Method, "path", req.URL.Path, "error", err)
		}
		panic(http.ErrAbortHandler) // the client must not take it for the whole body
	}
}

// copyBody sends each chunk as soon as it is there.
func (h *Host) copyBody(w http.ResponseWriter, src stream.Source) error {
	flush := http.NewResponseController(w)
	r := h.reader(src)
	buf := make([]byte, 64<<10)
	flush.Flush()
	for {
		n, err := r.Read(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				src.Cancel(err)
				return err
			}
			flush.Flush()
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// reader returns a reader of src whose Read waits as everything outside of the host does.
func (h *Host) reader(src stream.Source) io.Reader {
	if h.sched == nil {
		return stream.ToReader(src)
	}
	return readerFunc(func(p []byte) (n int, err error) {
		done := h.newSignal()
		src.Read(len(p), func(chunk []byte, eof bool, failed error) {
			n, err = copy(p, chunk), failed
			if eof {
				err = io.EOF
			}
			done.set()
		})
		if e := done.wait(context.Background(), "the rest of a response body"); e != nil {
			return 0, e
		}
		return n, err
	})
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

const (
	maxDrain  = 32 << 20
	drainTime = 5 * time.Second
)

// drain reads what the handler left of a body, after the response has been sent: a client that is still sending would find its
// connection broken before it has read the response.
func drain(w http.ResponseWriter, body io.Reader) {
	control := http.NewResponseController(w)
	if control.Flush() != nil || control.SetReadDeadline(time.Now().Add(drainTime)) != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, body, maxDrain)
}

// limitedBody is a request body of which at most left bytes may be read. Closing it leaves the rest for drain.
type limitedBody struct {
	io.ReadCloser
	left     int64
	begun    atomic.Bool // somebody has read
	exceeded atomic.Bool
	closed   atomic.Bool
}

// Close implements io.Closer.
func (b *limitedBody) Close() error {
	b.closed.Store(true)
	return nil
}

func (b *limitedBody) Read(p []byte) (int, error) {
	if b.closed.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	b.begun.Store(true)
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		b.exceeded.Store(true)
		return 0, errors.New("the request body is larger than 100 MB")
	}
	return n, err
}
