package durables

import (
	"time"

	"grove.place/lattice/internal/abi"
)

// StubOption says how a stub reaches its object. The runtime checks options with the stub's first call.
//
// See https://developers.cloudflare.com/durable-objects/api/namespace/#get.
type StubOption func(*abi.StubOptions)

// LocationHint asks that an object which does not exist yet be made near a region: "wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr"
// or "me". It is no promise, and means nothing on one machine.
func LocationHint(region string) StubOption {
	return func(o *abi.StubOptions) { o.LocationHint = region }
}

// RoutingMode says which copy of a replicated object is called. The one mode there is, "primary-only", keeps calls from its read
// replicas; any other is a RangeError.
func RoutingMode(mode string) StubOption {
	return func(o *abi.StubOptions) { o.RoutingMode = mode }
}

// Retry says how often the runtime tries a call again that certainly did not reach its object, 0 to 10 times, and for how long, 500 ms to 60 s;
// 0 leaves the runtime's own limit. Other values are a RangeError. An error of the object itself, or one with Overloaded
// set, is never retried. See Retryable.
//
// See https://developers.cloudflare.com/durable-objects/best-practices/error-handling/.
func Retry(maxRetries int, timeout time.Duration) StubOption {
	return func(o *abi.StubOptions) {
		n := float64(maxRetries)
		o.MaxRetries, o.Timeout = &n, nil
		if timeout != 0 {
			ms := float64(timeout) / float64(time.Millisecond)
			o.Timeout = &ms
		}
	}
}

// AbortOption changes what State.Abort does.
type AbortOption byte

// NoAlarmRetry has the alarm whose handler called Abort not run again.
const NoAlarmRetry AbortOption = abi.ResetKeepsNoAlarm

// MethodOption says something about a method.
type MethodOption byte

// Retryable marks a method as safe to run twice: the runtime may call it again when it does not know whether a first call
// arrived. Without it such a call fails. It matters on Cloudflare only; nothing is lost on the way to an object of the same machine.
const Retryable MethodOption = 1
