package host

import (
	"fmt"
	"math"
	"sync"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
)

// RateLimit is what a rate limiting binding allows under each key.
type RateLimit struct {
	Namespace string        // bindings of one namespace count together
	Limit     int           // at least 1
	Period    time.Duration // 10 seconds or a minute
}

// checkRateLimits refuses limits that Cloudflare has not.
func (h *Host) checkRateLimits() error {
	for binding, l := range h.cfg.RateLimits {
		switch {
		case l.Limit < 1:
			return fmt.Errorf("rate limiting binding %s: the limit is %d, and must be at least 1", binding, l.Limit)
		case l.Period != 10*time.Second && l.Period != time.Minute:
			return fmt.Errorf("rate limiting binding %s: the period is %v, and must be 10s or 1m", binding, l.Period)
		}
	}
	return nil
}

// rates counts in windows that begin at multiples of their period. Like Cloudflare's they are kept in memory only.
type rates struct {
	mu      sync.Mutex
	windows map[rateWindow]int64 // since when each kind of window counts
	counts  map[rateKey]float64
}

type rateWindow struct {
	namespace string
	period    time.Duration
}

type rateKey struct {
	rateWindow
	key string
}

// allow counts n under a key, unless the limit is reached already.
func (c *rates) allow(l RateLimit, key string, n float64, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.windows, c.counts = map[rateWindow]int64{}, map[rateKey]float64{}
	}
	w := rateWindow{l.Namespace, l.Period}
	if at := now.UnixMilli() / l.Period.Milliseconds(); c.windows[w] != at {
		c.windows[w] = at
		for k := range c.counts {
			if k.rateWindow == w {
				delete(c.counts, k)
			}
		}
	}
	k := rateKey{w, key}
	if c.counts[k] >= float64(l.Limit) {
		return false
	}
	c.counts[k] += n
	return true
}

// rateLimit performs a RATE_LIMIT operation.
func (h *Host) rateLimit(r *abi.Reader, done func(result []byte)) []byte {
	binding, key, delta := r.Str(), r.Str(), r.F64()
	if err := r.End(); err != nil {
		return failure(err)
	}
	l, ok := h.cfg.RateLimits[binding]
	switch {
	case !ok:
		return failure(abi.TypeErrorf("there is no rate limiting binding %q: add it to [[ratelimits]] in wrangler.toml", binding))
	case delta < 0:
		return failure(abi.TypeErrorf("The value cannot be converted because it is negative and this API expects a positive number."))
	case math.Trunc(delta) == 0:
		return failure(&abi.Error{Name: "RangeError", Message: "delta must be non-zero"})
	}
	success := h.rates.allow(l, key, math.Trunc(delta), h.cfg.Clock.Now())
	h.work.run(func() { done(isolate.Success(func(w *abi.Writer) { w.Bool(success) })) })
	return nil
}

func opRateLimit(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
	return s.outside(f, id, r, s.host.rateLimit)
}
