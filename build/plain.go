package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"grove.place/lattice/internal/compile"
)

// ForLocal makes what the local host runs. A program of github.com/syumai/workers is compiled as it is, and nothing is written: its own [build]
// command makes what Cloudflare runs. Any other is built as Build does.
func ForLocal(ctx context.Context, o Options) (*Result, error) {
	o = o.withDefaults()
	if !compile.IsPlain(ctx, o.Dir, o.Package) {
		return Build(ctx, o)
	}
	module, err := compile.Plain(ctx, o.Dir, o.Package)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(module)
	res := &Result{Out: o.Out, Module: module, Manifest: &Manifest{SHA256: hex.EncodeToString(sum[:]), Plain: true}}
	if o.Config != nil {
		res.Warnings = fileWarnings(o.Config)
	}
	return res, nil
}
