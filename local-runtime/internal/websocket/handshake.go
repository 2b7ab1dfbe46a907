package websocket

import (
	"bufio"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// IsUpgrade reports whether a request's headers ask for a WebSocket.
func IsUpgrade(upgrade string) bool { return strings.EqualFold(upgrade, "websocket") }

// Check returns why a request cannot be answered with a WebSocket; a client gets that with status 400.
func Check(r *http.Request) error {
	switch {
	case r.Method != http.MethodGet:
		return errors.New("WebSocket must be initiated with a GET request.")
	case r.Header.Get("Sec-Websocket-Version") != "13":
		return errors.New("The requested WebSocket version is not supported.")
	case r.Header.Get("Sec-Websocket-Key") == "":
		return errors.New("Missing Sec-WebSocket-Key")
	}
	return nil
}

// Upgrade answers a request that Check finds nothing wrong with, and takes its connection over. header is the application's.
func Upgrade(w http.ResponseWriter, r *http.Request, header http.Header) (*Conn, error) {
	offered := strings.Join(r.Header.Values("Sec-Websocket-Extensions"), ", ")
	wanted := offered
	if own := header.Values("Sec-Websocket-Extensions"); len(own) > 0 {
		wanted = strings.Join(own, ", ")
	}
	agreed := Agree(offered, wanted)
	nc, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, err
	}
	head := header.Clone()
	for _, name := range []string{"Connection", "Upgrade", "Sec-Websocket-Accept", "Sec-Websocket-Extensions", "Content-Length", "Transfer-Encoding"} {
		head.Del(name)
	}
	if agreed != nil {
		head.Set("Sec-WebSocket-Extensions", agreed.String())
	}
	out := bufio.NewWriter(nc)
	fmt.Fprintf(out, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n", accept(r.Header.Get("Sec-Websocket-Key")))
	_ = head.Write(out)
	_, _ = out.WriteString("\r\n")
	var early []byte
	if n := buffered.Reader.Buffered(); n > 0 {
		early = make([]byte, n)
		_, _ = io.ReadFull(buffered.Reader, early)
	}
	_ = nc.SetDeadline(time.Now().Add(partingTime))
	if err := out.Flush(); err != nil {
		nc.Close()
		return nil, err
	}
	_ = nc.SetDeadline(time.Time{})
	return New(nc, false, early, agreed), nil
}

func accept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Dial sends a request that asks for a WebSocket. When the server does not answer with one, Conn is nil and the response is as it came.
func Dial(transport http.RoundTripper, r *http.Request) (*Conn, *http.Response, error) {
	key := make([]byte, 16)
	rand.Read(key)
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "websocket")
	r.Header.Set("Sec-WebSocket-Version", "13")
	r.Header.Set("Sec-WebSocket-Key", base64.StdEncoding.EncodeToString(key))
	resp, err := transport.RoundTrip(r)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		return nil, resp, err
	}
	rw, ok := resp.Body.(io.ReadWriteCloser)
	if !ok {
		resp.Body.Close()
		return nil, nil, errors.New("the server switched protocols on a connection that cannot be taken over")
	}
	agreed, err := agreement(strings.Join(resp.Header.Values("Sec-Websocket-Extensions"), ", "))
	if err == nil && resp.Header.Get("Sec-Websocket-Accept") != accept(r.Header.Get("Sec-Websocket-Key")) {
		err = errors.New("the server's Sec-WebSocket-Accept does not belong to the request")
	}
	if err != nil {
		rw.Close()
		return nil, nil, err
	}
	return New(rw, true, nil, agreed), resp, nil
}
