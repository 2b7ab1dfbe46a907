package compile

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"path/filepath"
	"slices"
	"strconv"
)

const defaultTransport = sdkWorkers + ".UseDefaultTransport"

// unreachable is what Go has for the network of a machine, which compiles for Wasm and then finds nobody; and what a Worker has in its place.
var unreachable = map[string]string{
	"net/http.Get": fetchInstead, "net/http.Head": fetchInstead, "net/http.Post": fetchInstead, "net/http.PostForm": fetchInstead,
	"net/http.DefaultClient":     "send the request with workers.Fetch, or call workers.UseDefaultTransport in main",
	"net/http.DefaultTransport":  "take workers.Transport, or call workers.UseDefaultTransport in main",
	"net/http.ListenAndServe":    serveInstead,
	"net/http.ListenAndServeTLS": serveInstead,
	"net.Listen":                 serveInstead,
	"net.Dial":                   connectInstead, "net.DialTimeout": connectInstead,
}

const (
	fetchInstead   = "make the request with http.NewRequestWithContext and the context of the event, and send it with workers.Fetch"
	serveInstead   = "nobody can connect to a Worker, which answers with workers.Serve(handler)"
	connectInstead = "sockets.Connect of grove.place/lattice/workers/sockets opens a connection"
)

// Unreachable warns of calls in the program's own module that reach nothing in a Worker, though they compile: the first of each kind in a package.
func (s Source) Unreachable() (warnings []string) {
	type use struct{ name, at string }
	var found []use
	replaced := false // the program calls workers.UseDefaultTransport
	for _, p := range s {
		uses := func(path string) bool { return slices.Contains(p.imports, path) }
		if !p.own || slices.Contains(sdk, p.path) || !uses("net/http") && !uses("net") && !uses(sdkWorkers) {
			continue
		}
		fset, told := token.NewFileSet(), map[string]bool{}
		for _, f := range p.parse(fset) {
			imports := importsOf(f)
			ast.Inspect(f, func(n ast.Node) bool {
				if sel, ok := n.(*ast.SelectorExpr); ok {
					if pkg, ok := sel.X.(*ast.Ident); ok && imports[pkg.Name] != "" {
						name := imports[pkg.Name] + "." + sel.Sel.Name
						replaced = replaced || name == defaultTransport
						if unreachable[name] != "" && !told[name] {
							told[name] = true
							at := fset.Position(sel.Pos())
							found = append(found, use{name, fmt.Sprintf("%s:%d", filepath.Base(at.Filename), at.Line)})
						}
					}
				}
				return true
			})
		}
	}
	for _, u := range found {
		if replaced && (u.name == "net/http.DefaultClient" || u.name == "net/http.DefaultTransport") {
			continue
		}
		warnings = append(warnings, fmt.Sprintf("%s: %s has no network in a Worker: %s", u.at, path.Base(u.name), unreachable[u.name]))
	}
	return warnings
}

// importsOf maps the names that packages have in a file to their paths. A package's own name is taken to be the last element.
func importsOf(f *ast.File) map[string]string {
	names := map[string]string{}
	for _, i := range f.Imports {
		full, _ := strconv.Unquote(i.Path.Value)
		name := path.Base(full)
		if i.Name != nil {
			name = i.Name.Name
		}
		names[name] = full
	}
	return names
}
