package history

import (
	"bytes"
	"encoding/binary"
)

// gap is how many equal bytes end a run of different ones: shorter gaps cost more than they save.
const gap = 8

// appendDelta appends the XOR of two pages of one size: runs of zeros and of other bytes, by turns. The last zeros are left out.
func appendDelta(to, a, b []byte) []byte {
	for i := 0; i < len(a); {
		start := i
		i = equalUntil(a, b, i)
		if i == len(a) {
			break
		}
		zeros := i - start
		first := i
		for i < len(a) {
			if a[i] != b[i] {
				i++
				continue
			}
			next := equalUntil(a, b, i)
			if next-i >= gap || next == len(a) {
				break
			}
			i = next
		}
		to = binary.AppendUvarint(to, uint64(zeros))
		to = binary.AppendUvarint(to, uint64(i-first))
		for j := first; j < i; j++ {
			to = append(to, a[j]^b[j])
		}
	}
	return to
}

// equalUntil returns the first place from i on where a and b differ, or their length.
func equalUntil(a, b []byte, i int) int {
	for i+64 <= len(a) && bytes.Equal(a[i:i+64], b[i:i+64]) {
		i += 64
	}
	for i+8 <= len(a) && binary.LittleEndian.Uint64(a[i:]) == binary.LittleEndian.Uint64(b[i:]) {
		i += 8
	}
	for i < len(a) && a[i] == b[i] {
		i++
	}
	return i
}

// applyDelta turns one of the pages of a delta into the other. It reports false for a delta that no page of that size has.
func applyDelta(page, delta []byte) bool {
	at := uint64(0)
	for len(delta) > 0 {
		zeros, n := binary.Uvarint(delta)
		if n <= 0 {
			return false
		}
		delta = delta[n:]
		run, n := binary.Uvarint(delta)
		if n <= 0 || run > uint64(len(delta)-n) {
			return false
		}
		delta = delta[n:]
		at += zeros
		if zeros > uint64(len(page)) || at+run > uint64(len(page)) {
			return false
		}
		for i, x := range delta[:run] {
			page[at+uint64(i)] ^= x
		}
		at += run
		delta = delta[run:]
	}
	return true
}
