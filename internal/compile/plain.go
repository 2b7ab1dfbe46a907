package compile

import (
	"context"
	"fmt"
	"os"
	"slices"
)

// The modules that tell whose program one is.
const (
	syumaiWorkers = "github.com/syumai/workers"
	sdkWorkers    = "grove.place/lattice/workers"
)

// IsPlain reports whether a program was written for github.com/syumai/workers and not for the SDK.
func IsPlain(ctx context.Context, dir, pkg string) bool {
	plain := false
	for _, p := range list(ctx, dir, pkg) {
		switch p.path {
		case sdkWorkers:
			return false
		case syumaiWorkers, syumaiWorkers + "/internal/jsutil":
			plain = true
		}
	}
	return plain
}

// UsesSDK reports whether a program was written for the SDK.
func UsesSDK(ctx context.Context, dir, pkg string) bool {
	return slices.ContainsFunc(list(ctx, dir, pkg), func(p listed) bool { return p.path == sdkWorkers })
}

// Plain builds a program as its author would, with the go command alone.
func Plain(ctx context.Context, dir, pkg string) ([]byte, error) {
	tmp, err := os.MkdirTemp("", "lattice-build-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary folder for the compiler: %w", err)
	}
	defer os.RemoveAll(tmp)
	return goBuild(ctx, tmp, dir, pkg)
}
