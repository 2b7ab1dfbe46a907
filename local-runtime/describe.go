package local

import (
	"context"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
)

// Describe runs a module just long enough to ask for its manifest: classes, methods, handlers and types. cacheDir keeps the
// compiled module for the next run; empty keeps nothing.
func Describe(ctx context.Context, module []byte, cacheDir string) (abi.Value, error) {
	return isolate.Describe(ctx, module, cacheDir)
}
