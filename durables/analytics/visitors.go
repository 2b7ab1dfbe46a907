package analytics

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"

	"grove.place/lattice/durables"
)

// Unique visitors are counted for the day, each hour and each path. Up to exactCap hashes of a scope are kept, and the number is exact; beyond that a HyperLogLog
// sketch takes over (Flajolet et al. 2007), whose standard error is 1.04/√4096 = 1.6 %.

const (
	exactCap      = 1000
	sketchBits    = 12
	sketchSize    = 1 << sketchBits
	scopeDay      = "day"
	visitorHash   = 16 // bytes of the HMAC that are kept
	dailyKeyBytes = 32
)

// key returns the key of the day, which nobody else has.
func (a *Analytics) key(ctx context.Context) ([]byte, error) {
	key, found, err := durables.First[[]byte](ctx, a.object.SQL(), `SELECT key FROM secret`)
	if err != nil || found {
		return key, err
	}
	key = make([]byte, dailyKeyBytes)
	rand.Read(key)
	return key, a.object.Exec(ctx, `INSERT INTO secret (only, key) VALUES (1, ?)`, key)
}

type visit struct {
	hash string
	hour int
	path string
}

// visits are the visitors of a batch, as hashes.
type visits struct {
	key    []byte
	tenant string
	list   []visit
}

func newVisits(key []byte, tenant string) *visits { return &visits{key: key, tenant: tenant} }

func (v *visits) add(visitor string, hour int, path string) {
	if visitor == "" {
		return
	}
	mac := hmac.New(sha256.New, v.key)
	mac.Write([]byte(v.tenant + "\x00" + visitor))
	v.list = append(v.list, visit{string(mac.Sum(nil)[:visitorHash]), hour, path})
}

// scopes returns the distinct hashes of each scope.
func (v *visits) scopes(paths map[string]string) map[string]map[string]bool {
	all := map[string]map[string]bool{}
	for _, one := range v.list {
		for _, scope := range []string{scopeDay, hourScope(one.hour), pathScope(paths[one.path])} {
			if all[scope] == nil {
				all[scope] = map[string]bool{}
			}
			all[scope][one.hash] = true
		}
	}
	return all
}

func hourScope(hour int) string    { return fmt.Sprintf("hour:%02d", hour) }
func pathScope(path string) string { return "path:" + path }

func (a *Analytics) countVisitors(ctx context.Context, scopes map[string]map[string]bool) error {
	for scope, hashes := range scopes {
		if err := a.countScope(ctx, scope, hashes); err != nil {
			return err
		}
	}
	return nil
}

func (a *Analytics) countScope(ctx context.Context, scope string, hashes map[string]bool) error {
	registers, sketched, err := durables.First[[]byte](ctx, a.object.SQL(), `SELECT registers FROM visitor_sketches WHERE scope = ?`, scope)
	if err != nil {
		return err
	}
	if sketched {
		return a.addToSketch(ctx, scope, sketch(registers), hashes)
	}
	for hash := range hashes {
		if err := a.object.Exec(ctx, `INSERT OR IGNORE INTO visitor_hashes (scope, hash) VALUES (?, ?)`, scope, []byte(hash)); err != nil {
			return err
		}
	}
	n, err := durables.One[int](ctx, a.object.SQL(), `SELECT count(*) FROM visitor_hashes WHERE scope = ?`, scope)
	if err != nil {
		return err
	}
	if n <= exactCap {
		return a.setVisitors(ctx, scope, n)
	}
	s := make(sketch, sketchSize)
	for hash, err := range durables.Query[[]byte](ctx, a.object.SQL(), `SELECT hash FROM visitor_hashes WHERE scope = ?`, scope) {
		if err != nil {
			return err
		}
		s.add(hash)
	}
	if err := a.object.Exec(ctx, `DELETE FROM visitor_hashes WHERE scope = ?`, scope); err != nil {
		return err
	}
	return a.addToSketch(ctx, scope, s, nil)
}

func (a *Analytics) addToSketch(ctx context.Context, scope string, s sketch, hashes map[string]bool) error {
	for hash := range hashes {
		s.add([]byte(hash))
	}
	if err := a.object.Exec(ctx, `INSERT OR REPLACE INTO visitor_sketches (scope, registers) VALUES (?, ?)`, scope, []byte(s)); err != nil {
		return err
	}
	return a.setVisitors(ctx, scope, s.estimate())
}

func (a *Analytics) setVisitors(ctx context.Context, scope string, n int) error {
	return a.object.Exec(ctx, `INSERT OR REPLACE INTO visitor_counts (scope, visitors) VALUES (?, ?)`, scope, n)
}

// sketch is a HyperLogLog sketch: for each register the longest run of zeros seen, plus one.
type sketch []byte

func (s sketch) add(hash []byte) {
	h := binary.BigEndian.Uint64(hash)
	register, rest := h>>(64-sketchBits), h<<sketchBits|1<<(sketchBits-1)
	if run := byte(bits.LeadingZeros64(rest) + 1); run > s[register] {
		s[register] = run
	}
}

func (s sketch) estimate() int {
	sum, zeros := 0.0, 0
	for _, run := range s {
		sum += math.Pow(2, -float64(run))
		if run == 0 {
			zeros++
		}
	}
	m := float64(len(s))
	estimate := 0.7213 / (1 + 1.079/m) * m * m / sum
	if estimate <= 2.5*m && zeros > 0 {
		estimate = m * math.Log(m/float64(zeros)) // linear counting is closer for small numbers
	}
	return int(math.Round(estimate))
}
