package host

import (
	crand "crypto/rand"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"sync"
)

// random is the randomness of a host: the machine's, or what a seed makes of it.
type random struct {
	mu     sync.Mutex
	source io.Reader
}

func newRandom(seed uint64) *random {
	if seed == 0 {
		return &random{source: crand.Reader}
	}
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	copy(key[8:], "lattice guest")
	return &random{source: rand.NewChaCha8(key)}
}

// read fills p.
func (r *random) read(p []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, _ = io.ReadFull(r.source, p) // neither source fails
}

// float returns a number from 0 up to 1.
func (r *random) float() float64 {
	var b [8]byte
	r.read(b[:])
	return float64(binary.LittleEndian.Uint64(b[:])>>11) / (1 << 53)
}
