// Package wstest reads WebSocket frames for clients in tests, which have to see what a library would handle for them.
package wstest

import (
	"fmt"
	"io"

	"github.com/gobwas/ws"
)

// maxPayload is more than any frame of a test has.
const maxPayload = 64 << 20

// ReadFrame reads the next frame as it is.
func ReadFrame(r io.Reader) (ws.Frame, error) {
	h, err := ws.ReadHeader(r)
	if err != nil {
		return ws.Frame{}, err
	}
	if h.Length > maxPayload {
		return ws.Frame{}, fmt.Errorf("a frame of %d bytes", h.Length)
	}
	f := ws.Frame{Header: h, Payload: make([]byte, h.Length)}
	_, err = io.ReadFull(r, f.Payload)
	return f, err
}
