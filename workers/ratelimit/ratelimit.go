// Package ratelimit counts what happens under a key, and says when it is too much, with a rate limiting binding of Cloudflare.
//
//	var logins = ratelimit.Limiter("LOGINS")
//
//	allowed, err := logins.Limit(ctx, user)
//
// How much is allowed in which time stands in wrangler.toml. Each place of the world counts by itself, and roughly: it protects, and does not account. Start
// with Limiter.
//
// See https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/.
package ratelimit

import (
	"context"
	"fmt"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/guest"
)

// LimiterBinding is a rate limiter. It does no I/O by itself and may be kept in a package-level variable.
type LimiterBinding struct{ binding string }

// Limiter returns the rate limiter bound under [[ratelimits]] in wrangler.toml.
func Limiter(binding string) LimiterBinding { return LimiterBinding{binding} }

// Limit counts one under key, and reports whether that is still within the limit.
func (l LimiterBinding) Limit(ctx context.Context, key string) (success bool, err error) {
	return l.LimitN(ctx, key, 1)
}

// LimitN counts n, at least 1, under key. It is allowed as long as the count before was below the limit.
func (l LimiterBinding) LimitN(ctx context.Context, key string, n int) (success bool, err error) {
	env, err := guest.Env(ctx)
	if err != nil {
		return false, err
	}
	if env[l.binding].Kind != "ratelimit" {
		return false, guest.MissingBinding(ctx, l.binding, "ratelimit",
			fmt.Sprintf("[[ratelimits]]\nname = %q\nnamespace_id = \"1001\"\nsimple = { limit = 100, period = 60 }", l.binding))
	}
	var w abi.Writer
	w.Str(l.binding)
	w.Str(key)
	w.F64(float64(n))
	r, err := guest.Invoke(ctx, abi.OpRateLimit, w.Bytes())
	if err != nil {
		return false, fmt.Errorf("ratelimit: limit: %w", err)
	}
	success = r.Bool()
	return success, r.Err()
}
