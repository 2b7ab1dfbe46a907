package host

import (
	crand "crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// random is the randomness of a host: the machine's, or what a seed makes of it.
type random struct {
	mu     sync.Mutex
	source io.Reader
}

// newRandom makes the randomness of a seed in a run, or the machine's when the seed is 0.
func newRandom(seed, run uint64) *random {
	if seed == 0 {
		return &random{source: crand.Reader}
	}
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	copy(key[8:], "lattice guest")
	binary.LittleEndian.PutUint64(key[24:], run)
	return &random{source: rand.NewChaCha8(key)}
}

// nextRun counts the seeded hosts that a storage folder has had. What is stored is named by randomness, of messages and objects, and must not be named alike by
// the next host.
func nextRun(dir string) (run uint64, err error) {
	path := filepath.Join(dir, ".runs")
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return 0, err
	default:
		if run, err = strconv.ParseUint(string(text), 10, 64); err != nil {
			return 0, fmt.Errorf("%s does not hold a number: %w", path, err)
		}
	}
	return run, os.WriteFile(path, strconv.AppendUint(nil, run+1, 10), 0o644)
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
