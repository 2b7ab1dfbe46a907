// Package blake3 hashes with BLAKE3, as wrangler does to name the static files of a Worker: with the same names Cloudflare knows the files that wrangler
// has uploaded, and the other way round.
//
// The one idea: a message is a binary tree of chunks of 1 KB; each node is compressed to a chaining value, and the root to the hash. Start with Sum.
//
// See https://github.com/BLAKE3-team/BLAKE3-specs.
package blake3

import (
	"encoding/binary"
	"math/bits"
)

const (
	blockLen = 64
	chunkLen = 1024

	chunkStart = 1
	chunkEnd   = 2
	parent     = 4
	root       = 8
)

type words = [8]uint32

var iv = words{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}

// schedule is the order of the words of a block in each round.
var schedule = func() (s [7][16]int) {
	permutation := [16]int{2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8}
	for i := range 16 {
		s[0][i] = i
	}
	for r := 1; r < len(s); r++ {
		for i, from := range permutation {
			s[r][i] = s[r-1][from]
		}
	}
	return s
}()

// Sum is the hash of data.
func Sum(data []byte) (sum [32]byte) {
	for i, w := range node(data, 0, root) {
		binary.LittleEndian.PutUint32(sum[4*i:], w)
	}
	return sum
}

// node is the chaining value of a part of the message that begins with the chunk of that number.
func node(data []byte, chunk uint64, flags uint32) words {
	if len(data) <= chunkLen {
		return leaf(data, chunk, flags)
	}
	left := chunkLen << (bits.Len(uint((len(data)-1)/chunkLen)) - 1) // the largest power of two that leaves something for the right
	a, b := node(data[:left], chunk, 0), node(data[left:], chunk+uint64(left/chunkLen), 0)
	var block [16]uint32
	copy(block[:8], a[:])
	copy(block[8:], b[:])
	return compress(iv, &block, 0, blockLen, flags|parent)
}

// leaf is the chaining value of a chunk.
func leaf(data []byte, chunk uint64, flags uint32) words {
	value, start := iv, uint32(chunkStart)
	for len(data) > blockLen {
		value = compress(value, load(data[:blockLen]), chunk, blockLen, start)
		data, start = data[blockLen:], 0
	}
	return compress(value, load(data), chunk, uint32(len(data)), flags|start|chunkEnd)
}

func load(data []byte) *[16]uint32 {
	var padded [blockLen]byte
	copy(padded[:], data)
	var block [16]uint32
	for i := range block {
		block[i] = binary.LittleEndian.Uint32(padded[4*i:])
	}
	return &block
}

func compress(value words, block *[16]uint32, counter uint64, length, flags uint32) words {
	v := [16]uint32{value[0], value[1], value[2], value[3], value[4], value[5], value[6], value[7], iv[0], iv[1], iv[2], iv[3], uint32(counter), uint32(counter >> 32), length, flags}
	for _, s := range schedule {
		mix(&v, 0, 4, 8, 12, block[s[0]], block[s[1]])
		mix(&v, 1, 5, 9, 13, block[s[2]], block[s[3]])
		mix(&v, 2, 6, 10, 14, block[s[4]], block[s[5]])
		mix(&v, 3, 7, 11, 15, block[s[6]], block[s[7]])
		mix(&v, 0, 5, 10, 15, block[s[8]], block[s[9]])
		mix(&v, 1, 6, 11, 12, block[s[10]], block[s[11]])
		mix(&v, 2, 7, 8, 13, block[s[12]], block[s[13]])
		mix(&v, 3, 4, 9, 14, block[s[14]], block[s[15]])
	}
	var out words
	for i := range out {
		out[i] = v[i] ^ v[i+8]
	}
	return out
}

func mix(v *[16]uint32, a, b, c, d int, x, y uint32) {
	v[a] += v[b] + x
	v[d] = bits.RotateLeft32(v[d]^v[a], -16)
	v[c] += v[d]
	v[b] = bits.RotateLeft32(v[b]^v[c], -12)
	v[a] += v[b] + y
	v[d] = bits.RotateLeft32(v[d]^v[a], -8)
	v[c] += v[d]
	v[b] = bits.RotateLeft32(v[b]^v[c], -7)
}
