package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gobwas/ws"
	"grove.place/lattice/internal/wstest"
)

// Sockets are the WebSockets that a case has open on one host, by the names that its steps give them.
type sockets map[string]*socket

func (s sockets) close() {
	for _, one := range s {
		one.conn.Close()
	}
}

// socket is the client's end: it says what a script says, whether the protocol allows that or not, and writes down what it hears.
type socket struct {
	conn  net.Conn
	in    *bufio.Reader
	heard []string
}

// talk is one line of a script.
type talk func(s *socket)

// patience is how long a script waits for what it expects to hear.
const patience = time.Minute

// talkOn opens the step's socket unless it is open, follows the script, and returns what was heard.
func (s Step) talkOn(ctx context.Context, h host, name string, open sockets) string {
	var heard []string
	one := open[s.Socket]
	if one == nil {
		conn, answer, err := s.dial(ctx, h, name)
		if err != nil {
			return "no WebSocket: " + strings.ReplaceAll(err.Error(), h.url, "")
		}
		heard = append(heard, answer)
		if conn == nil {
			return answer
		}
		one, open[s.Socket] = conn, conn
	}
	one.heard = nil
	for _, line := range s.Talk {
		line(one)
	}
	return strings.Join(append(heard, one.heard...), "\n")
}

// dial shakes hands, and shows the response. The socket is nil when that is not 101.
func (s Step) dial(ctx context.Context, h host, name string) (*socket, string, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", strings.TrimPrefix(h.url, "http://"))
	if err != nil {
		return nil, "", err
	}
	if s.Case != "" {
		name = s.Case
	}
	path := "/" + strings.ReplaceAll(url.PathEscape(name), "%2F", "/")
	if s.Query != "" {
		path += "?" + s.Query
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+path, nil)
	if err != nil {
		return nil, "", err
	}
	req.Header = http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"AAAAAAAAAAAAAAAAAAAAAA=="}}
	for name, values := range s.Header {
		req.Header[name] = values
	}
	conn.SetDeadline(time.Now().Add(patience))
	if err := req.Write(conn); err != nil {
		return nil, "", err
	}
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, req)
	if err != nil {
		return nil, "", err
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		defer conn.Close()
		return nil, render(resp, s.Headers, nil), nil
	}
	answer := "101"
	for _, name := range append([]string{"Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"}, s.Headers...) {
		if v := resp.Header.Values(name); len(v) > 0 {
			answer += "\n" + name + ": " + strings.Join(v, " | ")
		}
	}
	return &socket{conn: conn, in: in}, answer, nil
}

func (s *socket) note(format string, args ...any) {
	s.heard = append(s.heard, fmt.Sprintf(format, args...))
}

func (s *socket) write(f ws.Frame) {
	s.conn.SetDeadline(time.Now().Add(patience))
	if err := ws.WriteFrame(s.conn, ws.MaskFrameInPlace(f)); err != nil {
		s.note("could not be sent")
	}
}

// hear reads a frame, and reports whether it is a message or the end.
func (s *socket) hear() (ended, heard bool) {
	s.conn.SetDeadline(time.Now().Add(patience))
	f, err := wstest.ReadFrame(s.in)
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		s.note("nothing came")
		return true, false
	case err != nil:
		s.note("lost")
		return true, true
	}
	switch f.Header.OpCode {
	case ws.OpText:
		s.note("text %s", renderText(f.Payload))
	case ws.OpBinary:
		s.note("binary %s", renderBinary(f.Payload))
	case ws.OpPong:
		s.note("pong %q", f.Payload)
	case ws.OpClose:
		if len(f.Payload) < 2 {
			s.note("close without a code")
		} else {
			s.note("close %d %q", binary.BigEndian.Uint16(f.Payload), f.Payload[2:])
		}
		return true, true
	default:
		s.note("frame of opcode %d", f.Header.OpCode)
	}
	return false, true
}

func renderText(b []byte) string {
	if len(b) > 1000 {
		return fmt.Sprintf("%d bytes, SHA-256 %x", len(b), sha256.Sum256(b))
	}
	return renderBody(b)
}

func renderBinary(b []byte) string {
	if len(b) <= 64 {
		return fmt.Sprintf("%x", b)
	}
	return fmt.Sprintf("%d bytes, SHA-256 %x", len(b), sha256.Sum256(b))
}

// text sends text messages.
func text(messages ...string) talk {
	return func(s *socket) {
		for _, m := range messages {
			s.write(ws.NewTextFrame([]byte(m)))
		}
	}
}

// bytes sends a binary message.
func bytesOf(b []byte) talk {
	return func(s *socket) { s.write(ws.NewBinaryFrame(append([]byte(nil), b...))) }
}

// fragments sends one text message in several frames.
func fragments(parts ...string) talk {
	return func(s *socket) {
		for i, p := range parts {
			op := ws.OpContinuation
			if i == 0 {
				op = ws.OpText
			}
			s.write(ws.NewFrame(op, i == len(parts)-1, []byte(p)))
		}
	}
}

// ping sends a Ping frame.
func ping(data string) talk {
	return func(s *socket) { s.write(ws.NewPingFrame([]byte(data))) }
}

// frame sends a frame as it is, masked.
func frame(op byte, payload string) talk {
	return func(s *socket) { s.write(ws.NewFrame(ws.OpCode(op), true, []byte(payload))) }
}

// unmasked sends a text message as only servers may.
func unmasked(payload string) talk {
	return func(s *socket) { ws.WriteFrame(s.conn, ws.NewTextFrame([]byte(payload))) }
}

// announced sends the head of a binary message of n bytes, and some of them.
func announced(n int64) talk {
	return func(s *socket) {
		ws.WriteHeader(s.conn, ws.Header{Fin: true, OpCode: ws.OpBinary, Masked: true, Length: n})
		s.conn.Write(make([]byte, 1000))
	}
}

// closing sends Close; code 0 sends none.
func closing(code int, reason string) talk {
	return func(s *socket) {
		var body []byte
		if code != 0 {
			body = ws.NewCloseFrameBody(ws.StatusCode(code), reason)
		}
		s.write(ws.NewCloseFrame(body))
	}
}

// hangUp ends the connection without Close.
func hangUp(s *socket) { s.conn.Close() }

// hears waits for n messages.
func hears(n int) talk {
	return func(s *socket) {
		for range n {
			if ended, _ := s.hear(); ended {
				return
			}
		}
	}
}

// hearsEnd waits for Close or the loss of the connection, and does not answer.
func hearsEnd(s *socket) {
	for {
		if ended, _ := s.hear(); ended {
			return
		}
	}
}

// answersEnd waits for Close, answers with the same as a browser does, and waits for the connection to end.
func answersEnd(s *socket) {
	before := len(s.heard)
	hearsEnd(s)
	if len(s.heard) == before || !strings.HasPrefix(s.heard[len(s.heard)-1], "close") {
		return
	}
	var code int
	if _, err := fmt.Sscanf(s.heard[len(s.heard)-1], "close %d", &code); err != nil {
		code = 0
	}
	closing(code, "")(s)
	s.conn.SetDeadline(time.Now().Add(patience))
	io.Copy(io.Discard, s.in)
}
