// Package ids makes the ids of Grove's rows: UUIDv7 text, which sorts by the time it was made.
package ids

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// New returns a UUIDv7 (RFC 9562, section 5.7) of that time.
func New(now time.Time) string {
	var b [16]byte
	rand.Read(b[:])
	var stamp [8]byte
	binary.BigEndian.PutUint64(stamp[:], uint64(now.UnixMilli())<<16)
	copy(b[:6], stamp[:6])
	b[6], b[8] = b[6]&0x0f|0x70, b[8]&0x3f|0x80
	text := hex.EncodeToString(b[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// Valid reports whether id could be one of New: lower-case text of a UUIDv7. Ids from outside are checked before they name an object.
func Valid(id string) bool {
	if len(id) != 36 || id[14] != '7' {
		return false
	}
	for i := range len(id) {
		c := id[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f') {
				return false
			}
		}
	}
	return true
}

// Time returns when a valid id was made.
func Time(id string) time.Time {
	var b [8]byte
	if _, err := hex.Decode(b[2:], []byte(id[:8]+id[9:13])); err != nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(b[:]))).UTC()
}
