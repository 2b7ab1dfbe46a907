package syumai

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// missing are packages of the library that a program cannot move with, and why.
var missing = map[string]string{
	"exp/hono": "wraps a JavaScript framework",
}

// A program that was written for the library compiles with the SDK, so the SDK has each exported name with the same signature.
func TestTheSDKHasEverySignatureOfTheLibrary(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", library).Output()
	if err != nil {
		t.Fatal(err)
	}
	theirs := signatures(t, strings.TrimSpace(string(out)))
	ours := signatures(t, filepath.Join("..", "..", "workers"))
	seen := 0
	for pkg, names := range theirs {
		if missing[pkg] != "" {
			if len(ours[pkg]) > 0 {
				t.Errorf("%s is in the list of what is missing, and it is there", pkg)
			}
			continue
		}
		for name, signature := range names {
			seen++
			if got := ours[pkg][name]; got != signature {
				t.Errorf("%s.%s is %q, in the library %q", pkg, name, got, signature)
			}
		}
	}
	if seen < 150 {
		t.Errorf("%d names were compared: the library has more", seen)
	}
}

// signatures returns what a program can name, by package and name: functions, methods, types with their exported fields, variables and constants.
func signatures(t *testing.T, root string) map[string]map[string]string {
	all := map[string]map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, filepath.Dir(path))
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || !slices.Contains([]string{".", "cloudflare", "exp"}, strings.Split(rel, "/")[0]) || strings.Contains(rel, "internal") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		if all[rel] == nil {
			all[rel] = map[string]string{}
		}
		for _, decl := range file.Decls {
			declared(decl, all[rel])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func declared(decl ast.Decl, into map[string]string) {
	if f, ok := decl.(*ast.FuncDecl); ok {
		if name := exported(f); name != "" {
			into[name] = signature(f.Type)
		}
		return
	}
	for _, spec := range decl.(*ast.GenDecl).Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if !s.Name.IsExported() {
				continue
			}
			fields, ok := s.Type.(*ast.StructType)
			if !ok {
				into[s.Name.Name] = "type " + typeText(s.Type)
				continue
			}
			into[s.Name.Name] = "type struct"
			for _, field := range fields.Fields.List {
				for _, name := range field.Names {
					if name.IsExported() {
						into[s.Name.Name+"."+name.Name] = "field " + types.ExprString(field.Type)
					}
				}
			}
		case *ast.ValueSpec:
			for _, name := range s.Names {
				if name.IsExported() {
					into[name.Name] = "value"
				}
			}
		}
	}
}

func signature(f *ast.FuncType) string {
	list := func(fields *ast.FieldList) (texts []string) {
		if fields == nil {
			return nil
		}
		for _, f := range fields.List {
			for range max(1, len(f.Names)) {
				texts = append(texts, types.ExprString(f.Type))
			}
		}
		return texts
	}
	return "func(" + strings.Join(list(f.Params), ", ") + ") " + strings.Join(list(f.Results), ", ")
}

// typeText leaves out the names of parameters.
func typeText(e ast.Expr) string {
	if f, ok := e.(*ast.FuncType); ok {
		return signature(f)
	}
	return types.ExprString(e)
}
