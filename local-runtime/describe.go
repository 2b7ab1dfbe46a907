package local

import (
	"context"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
)

// Describe runs a module just long enough to ask for its manifest: classes, methods, handlers and types. Of the options it takes CacheDir and Watch, and
// compiles as New does with them, so that New finds the compiled module in the cache.
func Describe(ctx context.Context, module []byte, o Options) (abi.Value, error) {
	return isolate.Describe(ctx, module, o.CacheDir, o.Watch.Turn > 0)
}
