package host

import (
	"net"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/js"
	"grove.place/lattice/local-runtime/internal/stream"
)

// tcpSocket is a socket of connect() from cloudflare:sockets.
type tcpSocket struct{ conn net.Conn }

// opConnect is connect(address, tls).
func (p *program) opConnect(a arguments, _ *js.Body, done answerTo) {
	address := a.text(0)
	secure, _ := a.at(1).(bool)
	p.host.work.run(func() {
		conn, err := dialTCP(address, secure)
		if err != nil {
			done(nil, nil, asError(err))
			return
		}
		p.adoptSocket(conn, done)
	})
}

// adoptSocket gives a connection to JavaScript, with its incoming bytes as a body.
func (p *program) adoptSocket(conn net.Conn, done answerTo) {
	posted := p.loop.post(func() {
		if p.closed {
			conn.Close()
			return
		}
		p.lastSock++
		p.sockets[p.lastSock] = &tcpSocket{conn}
		done(abi.Object{{Name: "id", Value: p.lastSock}, {Name: "remoteAddress", Value: conn.RemoteAddr().String()}, {Name: "localAddress", Value: conn.LocalAddr().String()}},
			&js.Body{Source: stream.FromReader(halfOpen{conn}), Length: -1}, nil)
	})
	if !posted {
		conn.Close()
	}
}

// halfOpen is the reading half of a connection: when it ends the other goes on.
type halfOpen struct{ net.Conn }

func (halfOpen) Close() error { return nil }

func (p *program) socket(a arguments, done answerTo) *tcpSocket {
	s := p.sockets[a.int(0)]
	if s == nil {
		done(nil, nil, abi.TypeErrorf("This socket has been closed."))
	}
	return s
}

// opSocketWrite is socketWrite(socket, bytes).
func (p *program) opSocketWrite(a arguments, _ *js.Body, done answerTo) {
	s := p.socket(a, done)
	if s == nil {
		return
	}
	data, _ := a.at(1).([]byte)
	p.host.work.run(func() {
		_, err := s.conn.Write(data)
		done(nil, nil, err)
	})
}

// opSocketClose is socketClose(socket).
func (p *program) opSocketClose(a arguments, _ *js.Body, done answerTo) {
	if s := p.sockets[a.int(0)]; s != nil {
		delete(p.sockets, a.int(0))
		s.conn.Close()
	}
	done(nil, nil, nil)
}

// opSocketCloseWrite is socketCloseWrite(socket).
func (p *program) opSocketCloseWrite(a arguments, _ *js.Body, done answerTo) {
	s := p.socket(a, done)
	if s == nil {
		return
	}
	if half, ok := s.conn.(interface{ CloseWrite() error }); ok {
		done(nil, nil, half.CloseWrite())
		return
	}
	done(nil, nil, s.conn.Close())
}

// opSocketStartTLS is socketStartTls(socket, address): the socket goes on as another.
func (p *program) opSocketStartTLS(a arguments, _ *js.Body, done answerTo) {
	s := p.socket(a, done)
	if s == nil {
		return
	}
	delete(p.sockets, a.int(0))
	name, _, _ := net.SplitHostPort(a.text(1))
	p.host.work.run(func() {
		conn, err := secureTCP(s.conn, name)
		if err != nil {
			done(nil, nil, asError(err))
			return
		}
		p.adoptSocket(conn, done)
	})
}
