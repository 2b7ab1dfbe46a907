package compile

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
)

// Open is a place where a program of github.com/syumai/workers opens a binding by a name that its source spells out.
type Open struct {
	Kind  string // kv, d1, r2, queue or object
	Name  string // of the binding
	Where string // file:line
}

// openers are the library's functions that open a binding, by the last element of their package's path, with the kind of what they open.
var openers = map[string]string{
	"kv.NewNamespace": "kv", "cloudflare.NewKVNamespace": "kv", "r2.NewBucket": "r2", "cloudflare.NewR2Bucket": "r2",
	"queues.NewProducer": "queue", "cloudflare.NewDurableObjectNamespace": "object", "d1.OpenConnector": "d1",
}

// Opens returns the bindings that the packages of a program open, as far as their source says.
func Opens(ctx context.Context, dir, pkg string) (all []Open) {
	for _, p := range list(ctx, dir, pkg) {
		if p.standard || p.path == syumaiWorkers || strings.HasPrefix(p.path, syumaiWorkers+"/") && !strings.Contains(p.path, "/_examples/") {
			continue
		}
		var files []*ast.File
		fset := token.NewFileSet()
		for _, name := range p.files {
			if f, err := parser.ParseFile(fset, filepath.Join(p.dir, name), nil, parser.SkipObjectResolution); err == nil {
				files = append(files, f)
			}
		}
		constants := constantsOf(files)
		for _, f := range files {
			ast.Inspect(f, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				if kind, name := opened(call, constants); name != "" {
					at := fset.Position(call.Pos())
					all = append(all, Open{kind, name, fmt.Sprintf("%s:%d", filepath.Base(at.Filename), at.Line)})
				}
				return true
			})
		}
	}
	return all
}

// opened returns what a call opens, and by which name.
func opened(call *ast.CallExpr, constants map[string]string) (kind, name string) {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) == 0 {
		return "", ""
	}
	pkg, ok := f.X.(*ast.Ident)
	if !ok {
		return "", ""
	}
	function := pkg.Name + "." + f.Sel.Name
	if function == "sql.Open" && len(call.Args) == 2 && textOf(call.Args[0], constants) == "d1" {
		return "d1", textOf(call.Args[1], constants)
	}
	if kind = openers[function]; kind == "" {
		return "", ""
	}
	for _, arg := range call.Args { // OpenConnector had a context first
		if name = textOf(arg, constants); name != "" {
			return kind, name
		}
	}
	return "", ""
}

// textOf is the value of a string literal or of a constant of the package, or "".
func textOf(e ast.Expr, constants map[string]string) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			text, _ := strconv.Unquote(e.Value)
			return text
		}
	case *ast.Ident:
		return constants[e.Name]
	}
	return ""
}

func constantsOf(files []*ast.File) map[string]string {
	all := map[string]string{}
	for _, f := range files {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, s := range g.Specs {
				v := s.(*ast.ValueSpec)
				for i, name := range v.Names {
					if i < len(v.Values) {
						if text := textOf(v.Values[i], nil); text != "" {
							all[name.Name] = text
						}
					}
				}
			}
		}
	}
	return all
}
