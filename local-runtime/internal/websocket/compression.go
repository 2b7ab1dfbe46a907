package websocket

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
)

// Agreement is what two ends agreed on about permessage-deflate (RFC 7692). This end never compresses: each message may go as it is
// (section 6), and a local connection is not slow.
type Agreement struct {
	ClientFresh, ServerFresh bool // no context takeover
	ClientBits, ServerBits   int  // window bits; 0: not mentioned
}

const extension = "permessage-deflate"

// freshIn reports whether each message that arrives is compressed by itself.
func (a *Agreement) freshIn(client bool) bool {
	if client {
		return a.ServerFresh
	}
	return a.ClientFresh
}

// String returns the value of the response's Sec-WebSocket-Extensions.
func (a *Agreement) String() string {
	s := extension
	if a.ClientFresh {
		s += "; client_no_context_takeover"
	}
	if a.ServerFresh {
		s += "; server_no_context_takeover"
	}
	if a.ClientBits != 0 {
		s += "; client_max_window_bits=" + strconv.Itoa(a.ClientBits)
	}
	if a.ServerBits != 0 {
		s += "; server_max_window_bits=" + strconv.Itoa(a.ServerBits)
	}
	return s
}

// Agree chooses from what a client offers, as far as it is compatible with what the application wants: the first offer that is. It
// returns nil when there is none.
func Agree(offered, wanted string) *Agreement {
	wants := offers(wanted, false)
	if len(wants) == 0 {
		return nil
	}
	want := wants[0]
	for _, o := range offers(offered, false) {
		if o.ServerFresh && !want.ServerFresh || o.ServerBits != 0 && want.ServerBits == 0 {
			continue
		}
		a := want
		if a.ClientBits = min(o.ClientBits, want.ClientBits); o.ServerBits != 0 {
			a.ServerBits = min(o.ServerBits, want.ServerBits)
		}
		return &a
	}
	return nil
}

// agreement reads the extensions of a server's response.
func agreement(answered string) (*Agreement, error) {
	if answered == "" {
		return nil, nil
	}
	if list := offers(answered, true); len(list) == 1 && !strings.Contains(answered, ",") {
		return &list[0], nil
	}
	return nil, errors.New("the server answered with WebSocket extensions that were not asked for: " + answered)
}

// offers returns the valid offers of a Sec-WebSocket-Extensions.
func offers(header string, answer bool) []Agreement {
	var list []Agreement
	for offer := range strings.SplitSeq(header, ",") {
		if a, ok := parseOffer(offer, answer); ok {
			list = append(list, a)
		}
	}
	return list
}

func parseOffer(offer string, answer bool) (a Agreement, ok bool) {
	name, params, more := strings.Cut(offer, ";")
	if strings.TrimSpace(name) != extension {
		return a, false
	}
	seen := map[string]bool{}
	for more {
		var param string
		param, params, more = strings.Cut(params, ";")
		key, value, set := strings.Cut(strings.TrimSpace(param), "=")
		key, value = strings.TrimSpace(key), strings.Trim(strings.TrimSpace(value), `"`)
		if seen[key] {
			return a, false
		}
		seen[key] = true
		bits, err := strconv.Atoi(value)
		badBits := err != nil || bits < 8 || bits > 15
		switch {
		case key == "client_no_context_takeover" && !set:
			a.ClientFresh = true
		case key == "server_no_context_takeover" && !set:
			a.ServerFresh = true
		case key == "client_max_window_bits" && !set && !answer:
			a.ClientBits = 15
		case key == "client_max_window_bits" && !badBits:
			a.ClientBits = bits
		case key == "server_max_window_bits" && !badBits:
			a.ServerBits = bits
		default:
			return a, false
		}
	}
	return a, true
}

// inflater decompresses messages. Between messages it holds nothing but the window that the next may refer to.
type inflater struct {
	fresh  bool
	window []byte
}

const windowSize = 32 << 10

var flates = sync.Pool{New: func() any { return flate.NewReader(nil) }}

// tail is what the sender left out at the end of a message (RFC 7692 section 7.2.2), and then a last block, so that it ends for the decoder.
var tail = []byte{0x00, 0x00, 0xff, 0xff, 0x01, 0x00, 0x00, 0xff, 0xff}

func (d *inflater) message(packed []byte) ([]byte, *ProtocolError) {
	r := flates.Get().(io.ReadCloser)
	defer flates.Put(r)
	r.(flate.Resetter).Reset(io.MultiReader(bytes.NewReader(packed), bytes.NewReader(tail)), d.window)
	var out bytes.Buffer
	n, err := io.Copy(&out, io.LimitReader(r, MaxMessage+1))
	switch {
	case n > MaxMessage:
		return nil, &ProtocolError{1009, "Message is too large"}
	case err != nil:
		return nil, &ProtocolError{1002, "Invalid compressed data"}
	}
	if !d.fresh {
		d.remember(out.Bytes())
	}
	return out.Bytes(), nil
}

func (d *inflater) remember(message []byte) {
	if len(message) >= windowSize {
		d.window = bytes.Clone(message[len(message)-windowSize:])
		return
	}
	if over := len(d.window) + len(message) - windowSize; over > 0 {
		d.window = append(d.window[:0], d.window[over:]...)
	}
	d.window = append(d.window, message...)
}
