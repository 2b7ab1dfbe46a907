package compile

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// bindingOpeners are the functions of the SDK that open a binding, by the last element of their package's path, with the kind of what they open.
// Namespaces of Durable Objects are not among them: the module tells those itself.
var bindingOpeners = map[string]string{
	"kv.Namespace": "kv", "d1.Database": "d1", "r2.Bucket": "r2", "queues.Producer": "queue", "ratelimit.Limiter": "ratelimit",
	"analyticsengine.Dataset": "analytics", "versionmetadata.Binding": "version", "workers.Service": "service", "rpc.Service": "service",
	"kv.NewNamespace": "kv", "r2.NewBucket": "r2", "queues.NewProducer": "queue", // of workers/cloudflare
}

// Source is the source of a program: the packages that it is linked from.
type Source []listed

// SourceOf lists them. A program that cannot be listed has none: the compiler says why.
func SourceOf(ctx context.Context, dir, pkg string) Source { return list(ctx, dir, pkg) }

// Bindings returns the bindings that a program of the SDK opens by names that its source spells out. A name that is put together is not found.
func (s Source) Bindings() (all []Open) {
	for _, p := range s {
		uses := slices.ContainsFunc(p.imports, func(i string) bool { return i == sdkWorkers || strings.HasPrefix(i, sdkWorkers+"/") })
		if p.standard || !uses {
			continue
		}
		fset := token.NewFileSet()
		files := p.parse(fset)
		constants := constantsOf(files)
		for _, f := range files {
			imports := sdkImports(f)
			ast.Inspect(f, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				if kind, name := bound(call, imports, constants); name != "" {
					at := fset.Position(call.Pos())
					all = append(all, Open{kind, name, fmt.Sprintf("%s:%d", filepath.Base(at.Filename), at.Line)})
				}
				return true
			})
		}
	}
	return all
}

// parse returns the files of a package that can be parsed.
func (p listed) parse(fset *token.FileSet) (files []*ast.File) {
	for _, name := range p.files {
		if f, err := parser.ParseFile(fset, filepath.Join(p.dir, name), nil, parser.SkipObjectResolution); err == nil {
			files = append(files, f)
		}
	}
	return files
}

// sdkImports maps the names that packages of the SDK have in a file to the last element of their path.
func sdkImports(f *ast.File) map[string]string {
	names := map[string]string{}
	for _, i := range f.Imports {
		full, _ := strconv.Unquote(i.Path.Value)
		if full != sdkWorkers && !strings.HasPrefix(full, sdkWorkers+"/") {
			continue
		}
		name := path.Base(full)
		if i.Name != nil {
			name = i.Name.Name
		}
		names[name] = path.Base(full)
	}
	return names
}

// bound returns what a call opens, and by which name.
func bound(call *ast.CallExpr, imports, constants map[string]string) (kind, name string) {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) == 0 {
		return "", ""
	}
	pkg, ok := f.X.(*ast.Ident)
	if !ok || imports[pkg.Name] == "" {
		return "", ""
	}
	if kind = bindingOpeners[imports[pkg.Name]+"."+f.Sel.Name]; kind == "" {
		return "", ""
	}
	return kind, textOf(call.Args[0], constants)
}
