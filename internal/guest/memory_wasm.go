//go:build js && wasm

package guest

import (
	"math"
	"runtime/debug"
)

// memoryTarget is the size of Go's heap from which the collector works to keep below, out of an isolate's 128 MB. Without
// one, garbage of a few large messages would be let grow past the isolate's limit, which ends the instance. A host with another limit
// says so in GOMEMLIMIT.
const memoryTarget = 96 << 20

func init() {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(memoryTarget)
	}
}
