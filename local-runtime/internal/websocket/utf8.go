package websocket

import "unicode/utf8"

// ValidText returns text with U+FFFD for what is not UTF-8, one for each maximal part of a character, as the Encoding Standard and V8 do it.
func ValidText(b []byte) []byte {
	if utf8.Valid(b) {
		return b
	}
	out := make([]byte, 0, len(b)+16)
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			n = truncated(b)
		}
		out = utf8.AppendRune(out, r)
		b = b[n:]
	}
	return out
}

// truncated returns how many bytes at the start of b, which is not UTF-8, begin a character that is not completed.
func truncated(b []byte) int {
	size, lo, hi := 0, byte(0x80), byte(0xbf)
	switch c := b[0]; {
	case c >= 0xc2 && c <= 0xdf:
		size = 2
	case c >= 0xe0 && c <= 0xef:
		size = 3
		if c == 0xe0 {
			lo = 0xa0
		}
		if c == 0xed {
			hi = 0x9f
		}
	case c >= 0xf0 && c <= 0xf4:
		size = 4
		if c == 0xf0 {
			lo = 0x90
		}
		if c == 0xf4 {
			hi = 0x8f
		}
	}
	n := 1
	for n < size && n < len(b) && b[n] >= lo && b[n] <= hi {
		n++
		lo, hi = 0x80, 0xbf
	}
	return n
}
