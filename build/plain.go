package build

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/evanw/esbuild/pkg/api"

	"grove.place/lattice/internal/compile"
	"grove.place/lattice/internal/wrangler"
	local "grove.place/lattice/local-runtime"
)

// ForLocal makes what the local host runs. A program of github.com/syumai/workers is compiled as it is, and nothing is written: its own [build]
// command makes what Cloudflare runs. Any other is built as Build does.
func ForLocal(ctx context.Context, o Options) (*Result, error) {
	o = o.withDefaults()
	if !compile.IsPlain(ctx, o.Dir, o.Package) {
		// lattice dev watches for slow code unless it is told not to.
		return build(ctx, o, local.Options{CacheDir: o.CacheDir, Watch: local.Watch{Turn: time.Second}})
	}
	module, err := compile.Plain(ctx, o.Dir, o.Package)
	if err != nil {
		return nil, err
	}
	res := &Result{Out: o.Out, Module: module}
	if o.Config != nil {
		res.Warnings = append(fileWarnings(o.Config), complete(o.Config, compile.Opens(ctx, o.Dir, o.Package))...)
		res.Warnings = append(res.Warnings, pages(o.Config)...)
		if res.Classes, err = classes(o.Config); err != nil {
			res.Warnings = append(res.Warnings, err.Error())
		}
	}
	h := sha256.New()
	h.Write(module)
	h.Write(res.Classes)
	res.Manifest = &Manifest{SHA256: hex.EncodeToString(h.Sum(nil)), Plain: true}
	return res, nil
}

// classes bundles main, for the local host: its Durable Object classes, and a default export that may be other than the library's. The library's own
// worker.mjs, which is there only after a build, has neither.
func classes(cfg *wrangler.Config) ([]byte, error) {
	main := cfg.Abs(cfg.Main)
	text, err := os.ReadFile(main)
	own := func(b wrangler.ObjectBinding) bool { return b.Script == "" || b.Script == cfg.Name }
	switch {
	case err != nil && cfg.Main != "" && slices.ContainsFunc(cfg.Objects, own):
		return nil, fmt.Errorf("%s: main is not there, so calls of its Durable Object classes fail: %w", cfg.Path, errors.Unwrap(err))
	case err != nil, bytes.Contains(text, []byte("createRuntimeContext")) && bytes.Contains(text, []byte("new Go()")):
		return nil, nil
	}
	res := api.Build(api.BuildOptions{
		EntryPoints: []string{main}, Bundle: true, Format: api.FormatIIFE, GlobalName: "latticeClasses", Target: api.ES2022, Platform: api.PlatformNeutral,
		Supported: map[string]bool{"async-generator": false, "for-await": false, "top-level-await": false}, // as goja has it
		Charset:   api.CharsetUTF8, LegalComments: api.LegalCommentsNone, Plugins: []api.Plugin{platform},
	})
	if len(res.Errors) > 0 {
		text := api.FormatMessages(res.Errors, api.FormatMessagesOptions{Kind: api.ErrorMessage})
		return nil, fmt.Errorf("%s: main cannot be bundled, so its classes and its own handlers are not run: %s", cfg.Path, strings.TrimSpace(strings.Join(text, "")))
	}
	return res.OutputFiles[0].Contents, nil
}

// platform stands in for what main imports besides classes: the library's generated files, which the local host is itself, and cloudflare:workers.
var platform = api.Plugin{Name: "platform", Setup: func(b api.PluginBuild) {
	b.OnResolve(api.OnResolveOptions{Filter: `(^|/)(worker|runtime|shim)\.mjs$|(^|/)wasm_exec[a-z_]*\.js$|\.wasm$|^cloudflare:(workers|sockets)$`}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
		if a.Kind == api.ResolveEntryPoint {
			return api.OnResolveResult{}, nil
		}
		return api.OnResolveResult{Path: a.Path, Namespace: "platform"}, nil
	})
	b.OnLoad(api.OnLoadOptions{Filter: `.*`, Namespace: "platform"}, func(api.OnLoadArgs) (api.OnLoadResult, error) {
		text := `const library = globalThis.latticeLibrary;
export const DurableObject = globalThis.latticeDurableObject, onRequest = library.onRequest, fetch = library.fetch, scheduled = library.scheduled, queue = library.queue;
export const connect = (...args) => globalThis.context.connect(...args), init = () => {};
export default library;`
		return api.OnLoadResult{Contents: &text, Loader: api.LoaderJS}, nil
	})
}}
