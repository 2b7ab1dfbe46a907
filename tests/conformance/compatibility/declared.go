package compatibility

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// public are the packages whose names the tables use. internal/guest is there because durables has aliases of its types.
var public = map[string]string{
	"durables": "durables", "workers": "workers", "workers/websocket": "websocket", "workers/rpc": "rpc", "internal/guest": "guest",
	"workers/kv": "kv", "workers/r2": "r2", "workers/d1": "d1", "workers/queues": "queues", "workers/cache": "cache", "workers/ratelimit": "ratelimit",
	"workers/analyticsengine": "analyticsengine", "workers/versionmetadata": "versionmetadata", "workers/sockets": "sockets", "workers/fetch": "fetch",
}

// declarations finds the exported names of the SDK, and the Go tests of the module.
func declarations(root string) (declared, tests map[string]bool, err error) {
	declared, tests = map[string]bool{}, map[string]bool{}
	aliases := map[string]string{}
	for dir, pkg := range public {
		files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
		if err != nil {
			return nil, nil, err
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return nil, nil, err
			}
			for _, d := range file.Decls {
				declare(pkg, d, declared, aliases)
			}
		}
	}
	for alias, of := range aliases {
		for name := range declared {
			if rest, ok := strings.CutPrefix(name, of+"."); ok {
				declared[alias+"."+rest] = true
			}
		}
	}
	return declared, tests, findTests(root, tests)
}

func declare(pkg string, d ast.Decl, declared map[string]bool, aliases map[string]string) {
	add := func(parts ...string) { declared[pkg+"."+strings.Join(parts, ".")] = true }
	if f, ok := d.(*ast.FuncDecl); ok {
		if f.Recv == nil {
			add(f.Name.Name)
		} else {
			add(base(f.Recv.List[0].Type), f.Name.Name)
		}
		return
	}
	for _, spec := range d.(*ast.GenDecl).Specs {
		switch spec := spec.(type) {
		case *ast.ValueSpec:
			for _, n := range spec.Names {
				add(n.Name)
			}
		case *ast.TypeSpec:
			add(spec.Name.Name)
			if of := base(spec.Type); spec.Assign != 0 && of != "" {
				if !strings.Contains(of, ".") {
					of = pkg + "." + of
				}
				aliases[pkg+"."+spec.Name.Name] = of
			}
			if s, ok := spec.Type.(*ast.StructType); ok {
				for _, field := range s.Fields.List {
					for _, n := range field.Names {
						add(spec.Name.Name, n.Name)
					}
				}
			}
		}
	}
}

// base is the name of a type without pointer and type parameters.
func base(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.StarExpr:
		return base(t.X)
	case *ast.IndexExpr:
		return base(t.X)
	case *ast.IndexListExpr:
		return base(t.X)
	case *ast.Ident:
		return t.Name
	case *ast.SelectorExpr:
		return base(t.X) + "." + t.Sel.Name
	}
	return ""
}

var testFunction = regexp.MustCompile(`(?m)^func (Test\w+)\(`)

func findTests(root string, tests map[string]bool) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".")) && path != root:
			return fs.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		for _, m := range testFunction.FindAllStringSubmatch(string(text), -1) {
			tests[filepath.ToSlash(dir)+"."+m[1]] = true
		}
		return err
	})
}
