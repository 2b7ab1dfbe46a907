package host

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
	"grove.place/lattice/local-runtime/internal/stream"
)

const dialTime = 30 * time.Second

// What goes wrong with TCP connections, as workerd says it (api/sockets.c++).
var (
	errAddress     = abi.TypeErrorf("Specified address could not be parsed.")
	errAddressText = abi.TypeErrorf("Specified address is empty string, contains unsupported characters or is too long.")
	errNoPort      = abi.TypeErrorf("Specified address is missing port.")
	errNoHost      = abi.TypeErrorf("Specified address is missing hostname.")
	errDial        = abi.Errorf("proxy request failed, cannot connect to the specified address")
	errDialHTTP    = abi.Errorf("%s. It looks like you might be trying to connect to a HTTP-based service — consider using fetch instead", errDial.Message)
	errHandshake   = abi.Errorf("TLS Handshake Failed.")
	errNoStartTLS  = abi.TypeErrorf("The `secureTransport` socket option must be set to 'starttls' for startTls to be used.")
	errUpgraded    = abi.TypeErrorf("Cannot startTls on a TLS socket.")
	errTCPLost     = &abi.Error{Name: "Error", Message: "Network connection lost.", Retryable: true}
	errTCPClosed   = abi.TypeErrorf("This WritableStream has been closed.")
	errNoSocket    = abi.Errorf("the connection belongs to another object or event, or was closed")
	errTCPSeeded   = abi.Errorf("a simulation (Options.Seed) opens no TCP connections")
	errTCPCanceled = errors.New("the event that opened this connection is over")
)

// trusted are the certificates that servers are checked against: the system's, and those of NODE_EXTRA_CA_CERTS, as in wrangler dev. nil: the system's.
var trusted = sync.OnceValue(func() *x509.CertPool {
	extra, err := os.ReadFile(os.Getenv("NODE_EXTRA_CA_CERTS"))
	if err != nil {
		return nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	pool.AppendCertsFromPEM(extra)
	return pool
})

// dialTCP opens a connection to host:port.
func dialTCP(address string, secure bool) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: dialTime}).Dial("tcp", address)
	name, port, _ := net.SplitHostPort(address)
	switch {
	case err != nil && (port == "80" || port == "443"):
		return nil, errDialHTTP
	case err != nil:
		return nil, errDial
	case !secure:
		return conn, nil
	}
	if conn, err = secureTCP(conn, name); err != nil {
		return nil, errDial
	}
	return conn, nil
}

// secureTCP goes over to TLS.
func secureTCP(conn net.Conn, name string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), dialTime)
	defer cancel()
	secure := tls.Client(conn, &tls.Config{ServerName: name, RootCAs: trusted()})
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, errHandshake
	}
	return secure, nil
}

// tcpConn is a connection that a guest opened. Its incoming bytes are a stream that the guest reads, itself the Source; its outgoing bytes one that
// the guest writes, which pump passes on.
type tcpConn struct {
	name          string // of the server
	transport     byte
	allowHalfOpen bool
	writes        uint64
	out           *stream.Pipe
	opened        chan struct{} // closed when there is conn or err
	pumped        chan struct{} // closed when nothing more is passed on
	closed        chan struct{}

	mu       sync.Mutex
	conn     net.Conn
	err      error // why it was not opened
	ended    error // what closed waits for; nil: it was closed in order
	isClosed bool
	readEOF  bool
	upgraded bool
}

func newTCPConn(name string, transport byte, allowHalfOpen bool, writes uint64, out *stream.Pipe) *tcpConn {
	c := &tcpConn{
		name: name, transport: transport, allowHalfOpen: allowHalfOpen, writes: writes, out: out,
		opened: make(chan struct{}), pumped: make(chan struct{}), closed: make(chan struct{}),
	}
	go c.pump()
	return c
}

// open is called once, with a connection or with the reason why there is none.
func (c *tcpConn) open(conn net.Conn, err error) {
	c.mu.Lock()
	if err == nil && c.isClosed {
		conn.Close()
		err = errTCPCanceled
	}
	c.conn, c.err = conn, err
	c.mu.Unlock()
	close(c.opened)
	if err != nil {
		c.end(err)
	}
}

// end closes the connection; err is what it ended with.
func (c *tcpConn) end(err error) {
	c.mu.Lock()
	was, conn := c.isClosed, c.conn
	c.isClosed = true
	if !was {
		c.ended = err
	}
	c.mu.Unlock()
	if was {
		return
	}
	close(c.closed)
	if conn != nil {
		conn.Close()
	}
	if err == nil {
		err = errTCPClosed
	}
	c.out.Cancel(err)
}

// state returns what is known when the connection is open.
func (c *tcpConn) state() (conn net.Conn, closed, upgraded bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conn, c.isClosed, c.upgraded, c.err
}

// pump passes on what the guest writes.
func (c *tcpConn) pump() {
	defer close(c.pumped)
	<-c.opened
	conn, _, _, err := c.state()
	if err != nil {
		return
	}
	_, err = io.Copy(conn, stream.ToReader(c.out))
	_, closed, upgraded, _ := c.state()
	switch {
	case closed || upgraded:
	case err != nil:
		c.end(errTCPLost)
	default:
		c.mu.Lock()
		both := c.readEOF
		c.mu.Unlock()
		if both {
			c.end(nil)
			return
		}
		if half, ok := conn.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
	}
}

// Read implements stream.Source.
func (c *tcpConn) Read(limit int, done func([]byte, bool, error)) {
	go func() {
		<-c.opened
		conn, closed, _, err := c.state()
		if err != nil || closed {
			done(nil, err == nil, err)
			return
		}
		buf := make([]byte, min(max(limit, 1), 64<<10))
		n, err := conn.Read(buf)
		_, closed, _, _ = c.state()
		switch {
		case n > 0:
			done(buf[:n], false, nil)
		case errors.Is(err, io.EOF):
			c.mu.Lock()
			c.readEOF = true
			c.mu.Unlock()
			if !c.allowHalfOpen {
				c.end(nil)
			}
			done(nil, true, nil)
		case closed:
			done(nil, true, nil)
		default:
			c.end(errTCPLost)
			done(nil, false, errTCPLost)
		}
	}()
}

// Cancel implements stream.Source: nobody reads any more. The server is told when the connection is closed.
func (c *tcpConn) Cancel(error) { c.end(nil) }

// checkAddress returns the host of host:port. It refuses what workerd refuses, which reads an address as the beginning of a URL.
func checkAddress(address string) (string, error) {
	authority, _, _ := strings.Cut(address, "/")
	name, port, err := net.SplitHostPort(authority)
	_, bad := strconv.ParseUint(port, 10, 16)
	switch {
	case address == "":
		return "", errNoHost
	case err != nil && !strings.Contains(authority, ":") || err == nil && port == "" && name != "":
		return "", errNoPort
	case err != nil || bad != nil || name == "":
		return "", errAddress
	case unsupported.MatchString(address) || len(address) > 255:
		return "", errAddressText
	}
	return name, nil
}

var unsupported = regexp.MustCompile(`[^A-Za-z0-9._:\[\]-]`)

// opTCPConnect is connect().
func opTCPConnect(s *Isolate, f *frame, _ uint32, r *abi.Reader) ([]byte, int32) {
	address, transport, halfOpen, writes := r.Str(), r.U8(), r.Bool(), r.Uint()
	if err := r.End(); err != nil {
		return failure(err), 0
	}
	name, err := checkAddress(address)
	if err != nil {
		return failure(err), 0
	}
	if s.host.sched != nil {
		return failure(errTCPSeeded), 0
	}
	c := newTCPConn(name, transport, halfOpen, writes, s.streams.writer(writes))
	struck := s.host.faults.meet(target{url: "tcp://" + address})
	s.outputs.Add(f.object, func() {
		s.host.suffer(struck, func(err error) { c.open(nil, err) }, func(lost error) {
			s.host.work.run(func() {
				conn, err := dialTCP(address, transport == abi.TransportOn)
				if err == nil && lost != nil {
					conn.Close()
					err = lost
				}
				c.open(conn, err)
			})
		})
	}, func(err error) { c.open(nil, err) })
	return s.adoptTCP(f, c), 0
}

// adoptTCP numbers a connection and its stream; both end with the scope of f.
func (s *Isolate) adoptTCP(f *frame, c *tcpConn) []byte {
	s.lastTCP++
	number, reads := s.lastTCP, s.streams.add(c)
	f.scope.reads(reads)
	f.scope.writes(c.writes)
	if f.scope.tcp == nil {
		f.scope.tcp = map[uint64]*tcpConn{}
	}
	f.scope.tcp[number] = c
	return isolate.Success(func(w *abi.Writer) {
		w.Uint(number)
		w.Uint(reads)
	})
}

// opTCPWait waits until a connection is open, or closed.
func opTCPWait(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
	c, what := f.scope.tcp[r.Uint()], r.U8()
	if err := r.End(); err != nil {
		return failure(err), 0
	}
	if c == nil {
		return failure(errNoSocket), 0
	}
	f.begin()
	go func() {
		if what == abi.TCPClosed {
			<-c.closed
			c.mu.Lock()
			err := c.ended
			c.mu.Unlock()
			f.complete(id, result(err))
			return
		}
		<-c.opened
		conn, _, _, err := c.state()
		if err != nil {
			f.complete(id, failure(err))
			return
		}
		remote := conn.RemoteAddr().String()
		f.complete(id, isolate.Success(func(w *abi.Writer) {
			w.OptStr(&remote)
			w.OptStr(nil)
		}))
	}()
	return nil, abi.Pending
}

// result is that of an operation without a payload.
func result(err error) []byte {
	if err != nil {
		return failure(err)
	}
	return isolate.Success(nil)
}

// opTCPStartTLS goes on with a connection in TLS, as another.
func opTCPStartTLS(s *Isolate, f *frame, _ uint32, r *abi.Reader) ([]byte, int32) {
	number, name, writes := r.Uint(), r.OptStr(), r.Uint()
	if err := r.End(); err != nil {
		return failure(err), 0
	}
	c := f.scope.tcp[number]
	switch {
	case c == nil:
		return failure(errNoSocket), 0
	case c.transport == abi.TransportOff:
		return failure(errNoStartTLS), 0
	case c.transport == abi.TransportOn:
		return failure(errUpgraded), 0
	}
	if name == nil {
		name = &c.name
	}
	delete(f.scope.tcp, number)
	secure := newTCPConn(*name, abi.TransportOn, c.allowHalfOpen, writes, s.streams.writer(writes))
	c.mu.Lock()
	c.upgraded = true
	c.mu.Unlock()
	s.endStream(f, c.writes, nil)
	s.host.work.run(func() {
		<-c.opened
		<-c.pumped
		conn, closed, _, err := c.state()
		if err == nil && closed {
			err = errTCPLost
		}
		if err == nil {
			c.mu.Lock()
			c.conn = nil // so that the end of the first is not that of the second
			c.mu.Unlock()
			conn, err = secureTCP(conn, *name)
		}
		secure.open(conn, err)
	})
	return s.adoptTCP(f, secure), 0
}

// opTCPClose is close().
func opTCPClose(s *Isolate, f *frame, _ uint32, r *abi.Reader) ([]byte, int32) {
	number := r.Uint()
	if err := r.End(); err != nil {
		return failure(err), 0
	}
	c := f.scope.tcp[number]
	if c == nil {
		return isolate.Success(nil), 0
	}
	delete(f.scope.tcp, number)
	s.outputs.Add(f.object, func() { go c.finish() }, nil)
	return isolate.Success(nil), 0
}

// finish closes the connection after what was written.
func (c *tcpConn) finish() {
	c.out.Close()
	select {
	case <-c.pumped:
	case <-time.After(dialTime):
	}
	c.end(nil)
}
