// Package layout checks that dependencies point one way: application → SDK → ABI ← host.
package layout

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "grove.place/lattice/"

// rule says what packages must not depend on, directly or through others. Names are paths below the module; a name stands
// for everything below it as well.
type rule struct {
	why    string
	of     []string
	except []string
	never  []string
	std    bool // and they depend on nothing outside the module but the standard library
}

// application is Grove.
var application = []string{"workers/grove", "workers/heartwood", "workers/meadow", "durables/session", "durables/schema", "durables/outbox",
	"durables/tenant", "durables/post", "durables/feed", "durables/notification", "durables/analytics"}

var rules = []rule{
	{why: "the SDK and the ABI know neither host nor tools, and bring no dependencies into modules",
		of: []string{"workers", "durables", "internal/guest", "internal/codec", "internal/sqlvalue", "internal/abi"}, except: application,
		never: []string{"local-runtime", "build", "cmd", "tests", "internal/devserver", "internal/inspector", "internal/wrangler", "internal/bindings", "internal/compile", "internal/wasmfile", "internal/deploy", "internal/bundler", "internal/cloudflare", "latticetest"}, std: true},
	{why: "the SDK never imports an application",
		of: []string{"workers", "durables", "internal"}, except: application, never: application},
	{why: "an application knows neither host nor tools",
		of: application, never: []string{"local-runtime", "build", "cmd", "tests", "latticetest"}},
	{why: "the ABI stands alone",
		of: []string{"internal/abi"}, never: []string{"internal/guest", "internal/codec", "workers", "durables"}},
	{why: "the host runs any application, so it imports none",
		of: []string{"local-runtime"}, never: append([]string{"build", "cmd", "tests", "internal/devserver", "internal/inspector", "internal/wrangler", "internal/deploy", "internal/bundler", "internal/cloudflare"}, application...)},
	{why: "the build and the command serve any application",
		of: []string{"build", "cmd", "latticetest", "internal/devserver", "internal/inspector", "internal/wrangler", "internal/bindings", "internal/compile", "internal/wasmfile", "internal/deploy", "internal/bundler", "internal/cloudflare", "internal/assetfiles"}, never: append([]string{"tests"}, application...)},
}

type pkg struct {
	ImportPath string
	Standard   bool
	Deps       []string
}

// list returns the packages of the module for a target, and those they depend on, by import path.
func list(t *testing.T, env ...string) map[string]pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-deps", "-json=ImportPath,Standard,Deps", module+"...")
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string]pkg{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p
	}
}

func TestDependenciesPointOneWay(t *testing.T) {
	for _, target := range [][]string{{"GOOS=linux", "GOARCH=amd64"}, {"GOOS=js", "GOARCH=wasm"}} {
		t.Run(strings.Join(target, " "), func(t *testing.T) {
			packages := list(t, target...)
			for _, r := range rules {
				checked, broken := r.check(packages)
				for _, text := range broken {
					t.Error(text)
				}
				if checked == 0 {
					t.Errorf("no package is subject to the rule that %s", r.why)
				}
			}
		})
	}
}

// check returns how many packages the rule is about, and which of them break it.
func (r rule) check(packages map[string]pkg) (checked int, broken []string) {
	for path, p := range packages {
		name, ours := strings.CutPrefix(path, module)
		if !ours || !below(name, r.of) || below(name, r.except) {
			continue
		}
		checked++
		for _, dep := range p.Deps {
			depName, ours := strings.CutPrefix(dep, module)
			switch {
			case ours && below(depName, r.never):
				broken = append(broken, fmt.Sprintf("%s depends on %s, but %s", name, depName, r.why))
			case !ours && r.std && !packages[dep].Standard:
				broken = append(broken, fmt.Sprintf("%s depends on %s, but %s", name, dep, r.why))
			}
		}
	}
	return checked, broken
}

// below reports whether a package is one of the names or inside one.
func below(name string, names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return name == n || strings.HasPrefix(name, n+"/") })
}

func TestRulesCanFail(t *testing.T) {
	packages := map[string]pkg{
		module + "workers":        {Deps: []string{module + "local-runtime"}},
		module + "workers/grove":  {Deps: []string{module + "durables"}},
		module + "durables":       {Deps: []string{"example.com/other"}},
		module + "durablesnot":    {Deps: []string{module + "local-runtime"}},
		"example.com/other":       {},
		module + "local-runtime/": {},
	}
	if checked, broken := rules[0].check(packages); checked != 2 || len(broken) != 2 {
		t.Errorf("checked %d packages, broken %q", checked, broken)
	}
}
