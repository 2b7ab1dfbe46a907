package bundler

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// aliases replaces names of packages by others.
func (b *bundle) aliases() api.Plugin {
	return api.Plugin{Name: "alias", Setup: func(build api.PluginBuild) {
		for from, to := range b.Alias {
			build.OnResolve(api.OnResolveOptions{Filter: "^" + regexp.QuoteMeta(from) + "$"}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
				target := to
				if strings.HasPrefix(to, "./") || strings.HasPrefix(to, "../") {
					target = filepath.Join(b.Root, to)
				}
				found := build.Resolve(target, api.ResolveOptions{ResolveDir: b.Root, Kind: a.Kind, PluginName: "alias"})
				return api.OnResolveResult{Path: found.Path, External: found.External, Namespace: found.Namespace, Errors: found.Errors}, nil
			})
		}
	}}
}

// asked marks a question that a plugin asks esbuild itself.
type asked struct{}

// collector takes what rules name out of the bundle: it becomes a module of its own, which the bundle imports by a name with its hash.
func (b *bundle) collector() api.Plugin {
	return api.Plugin{Name: "modules", Setup: func(build api.PluginBuild) {
		imports := func(rule Rule, resolve func(a api.OnResolveArgs) (api.OnResolveResult, error)) {
			for _, g := range rule.Globs {
				build.OnResolve(api.OnResolveOptions{Filter: glob(g, false)}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
					if _, own := a.PluginData.(asked); own || a.Kind == api.ResolveEntryPoint {
						return api.OnResolveResult{}, nil
					}
					return resolve(a)
				})
			}
		}
		for _, rule := range b.rules.active {
			if !rule.javascript() || b.Additional {
				imports(rule, func(a api.OnResolveArgs) (api.OnResolveResult, error) { return b.collect(build, rule, a) })
			}
		}
		for _, rule := range b.rules.shadowed {
			imports(rule, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
				return api.OnResolveResult{}, fmt.Errorf("%s is named by a rule for %s that an earlier one shadows: add fallthrough = true to that", a.Path, rule.Type)
			})
		}
	}}
}

func (b *bundle) collect(build api.PluginBuild, rule Rule, a api.OnResolveArgs) (api.OnResolveResult, error) {
	plain, _, _ := strings.Cut(a.Path, "?")
	at := filepath.Join(a.ResolveDir, filepath.FromSlash(plain))
	if b.found[at] {
		return api.OnResolveResult{Path: plain, External: true}, nil
	}
	if rule.javascript() {
		return api.OnResolveResult{}, nil
	}
	if r := build.Resolve(plain, api.ResolveOptions{Kind: a.Kind, Importer: a.Importer, ResolveDir: a.ResolveDir, PluginData: asked{}, PluginName: "modules"}); len(r.Errors) == 0 && r.Path != "" {
		at = r.Path
	}
	content, err := os.ReadFile(at)
	if err != nil {
		return api.OnResolveResult{}, fmt.Errorf("read %s: %w", a.Path, err)
	}
	name := plain
	sum := sha1.Sum(content)
	switch hash := hex.EncodeToString(sum[:]); {
	case !b.PreserveNames:
		name = "./" + hash + "-" + path.Base(plain)
	case filepath.IsAbs(plain):
		name = "./" + hash + "/" + path.Base(plain)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.modules = append(b.modules, Module{name, moduleTypes[rule.Type], content})
	return api.OnResolveResult{Path: name, External: true, WatchFiles: []string{at}}, nil
}

// platform leaves the runtime's own modules to it.
var platform = api.Plugin{Name: "platform", Setup: func(build api.PluginBuild) {
	build.OnResolve(api.OnResolveOptions{Filter: `^(cloudflare|workerd):`}, func(api.OnResolveArgs) (api.OnResolveResult, error) {
		return api.OnResolveResult{External: true}, nil
	})
}}

// nativeSince is the first compatibility date with which workerd has all modules of Node that wrangler knows, so that nothing stands in for them.
const nativeSince = "2026-03-17"

// early are those that it has had from the second version of nodejs_compat.
var early = strings.Fields("_stream_duplex _stream_passthrough _stream_readable _stream_transform _stream_writable _tls_common _tls_wrap assert assert/strict async_hooks buffer constants crypto " +
	"diagnostics_channel dns dns/promises events net path path/posix path/win32 querystring module stream stream/consumers stream/promises stream/web string_decoder sys timers timers/promises tls url " +
	"util util/types zlib")

var later = strings.Fields("_http_agent _http_client _http_common _http_incoming _http_outgoing _http_server http https http2 os fs/promises fs punycode cluster trace_events domain wasi console vm " +
	"inspector/promises inspector sqlite dgram _stream_wrap repl process v8 tty child_process worker_threads readline readline/promises perf_hooks")

// builtins leaves Node's modules to the runtime. With nodejs_compat and an early compatibility date wrangler puts stand-ins for some into the bundle,
// which are npm packages; that is refused here.
func (b *bundle) builtins() api.Plugin {
	v2 := slices.Contains(b.Flags, "nodejs_compat_v2") || slices.Contains(b.Flags, "nodejs_compat") && b.Date >= "2024-09-23" && !slices.Contains(b.Flags, "no_nodejs_compat_v2")
	filter := `^node:`
	if v2 {
		filter = `^(node:.*|` + strings.Join(append(slices.Clone(early), later...), "|") + `)$`
	}
	warned := map[string]bool{}
	return api.Plugin{Name: "node", Setup: func(build api.PluginBuild) {
		build.OnResolve(api.OnResolveOptions{Filter: filter}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
			plain := strings.TrimPrefix(a.Path, "node:")
			b.mu.Lock()
			defer b.mu.Unlock()
			switch {
			case v2 && b.Date < nativeSince && slices.Contains(later, plain):
				return api.OnResolveResult{}, fmt.Errorf("wrangler has a stand-in for %s with compatibility_date %s, which lattice has not: write %s or a later date, with which the runtime has the module, or use `wrangler deploy`", a.Path, b.Date, nativeSince)
			case v2 && a.Kind == api.ResolveJSRequireCall:
				return api.OnResolveResult{Path: a.Path, Namespace: "node-built-in-modules"}, nil
			case !v2 && !warned[a.Path] && !slices.Contains(b.Flags, "nodejs_compat"):
				warned[a.Path] = true
				b.warnings = append(b.warnings, fmt.Sprintf("%s is imported, a module of Node, and compatibility_flags has no nodejs_compat: it may be missing", a.Path))
			}
			return api.OnResolveResult{Path: a.Path, External: true}, nil
		})
		build.OnLoad(api.OnLoadOptions{Filter: `.*`, Namespace: "node-built-in-modules"}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
			text := "import libDefault from '" + a.Path + "';\nmodule.exports = libDefault;"
			return api.OnLoadResult{Contents: &text, Loader: api.LoaderJS}, nil
		})
	}}
}
