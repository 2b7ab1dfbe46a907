package layout

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// reference is what `go doc` knows of a package.
type reference struct {
	types map[string]*ast.TypeSpec
	docs  map[string]string   // of a type or function; of "T.M", a method
	has   map[string][]string // exported methods of a type
	from  map[string]string   // import path of a name in the files
}

func parseReference(t *testing.T, dir string) reference {
	t.Helper()
	r := reference{types: map[string]*ast.TypeSpec{}, docs: map[string]string{}, has: map[string][]string{}, from: map[string]string{}}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		r.add(file)
	}
	return r
}

func (r *reference) add(file *ast.File) {
	for _, i := range file.Imports {
		path := strings.Trim(i.Path.Value, `"`)
		r.from[path[strings.LastIndex(path, "/")+1:]] = path
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			name := d.Name.Name
			if d.Recv != nil {
				of := receiver(d.Recv.List[0].Type)
				r.has[of] = append(r.has[of], name)
				name = of + "." + name
			}
			r.docs[name] += d.Doc.Text()
		case *ast.GenDecl:
			for _, s := range d.Specs {
				r.spec(d, s)
			}
		}
	}
}

func (r *reference) spec(d *ast.GenDecl, s ast.Spec) {
	switch s := s.(type) {
	case *ast.TypeSpec:
		r.types[s.Name.Name] = s
		r.docs[s.Name.Name] = d.Doc.Text() + s.Doc.Text() + s.Comment.Text()
	case *ast.ValueSpec:
		for _, n := range s.Names {
			r.docs[n.Name] = d.Doc.Text() + s.Doc.Text() + s.Comment.Text()
		}
	}
}

func receiver(of ast.Expr) string {
	switch of := of.(type) {
	case *ast.StarExpr:
		return receiver(of.X)
	case *ast.IndexExpr:
		return receiver(of.X)
	case *ast.IndexListExpr:
		return receiver(of.X)
	case *ast.Ident:
		return of.Name
	}
	return ""
}

// usual are methods that everybody knows, and those that only an encoder calls.
var usual = regexp.MustCompile(`^(Error|Unwrap|String|TypeScript|(Unm|M)arshal.*)$`)

// silent are the names that have no documentation and need some.
func (r *reference) silent() (names []string) {
	for name, doc := range r.docs {
		of, method, isMethod := strings.Cut(name, ".")
		if ast.IsExported(of) && (!isMethod || ast.IsExported(method) && !usual.MatchString(method)) && strings.TrimSpace(doc) == "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// members are the fields and methods of a type that a program uses.
func (r *reference) members(name string) (list []string) {
	list = append(list, r.has[name]...)
	var fields *ast.FieldList
	switch of := r.types[name].Type.(type) {
	case *ast.StructType:
		fields = of.Fields
	case *ast.InterfaceType:
		fields = of.Methods
	}
	if fields != nil {
		for _, f := range fields.List {
			for _, n := range f.Names {
				list = append(list, n.Name)
			}
		}
	}
	return slices.DeleteFunc(list, func(name string) bool {
		return !ast.IsExported(name) || usual.MatchString(name)
	})
}

func TestEveryExportedNameIsDocumented(t *testing.T) {
	checked := 0
	for _, name := range folders(t) {
		if private(name) && name != "build" {
			continue
		}
		r := parseReference(t, filepath.Join(root, name))
		checked += len(r.docs)
		for _, s := range r.silent() {
			t.Errorf("%s: %s has no documentation", name, s)
		}
	}
	if checked < 500 {
		t.Errorf("only %d names were looked at", checked)
	}
	r := reference{docs: map[string]string{"A": "", "A.B": " ", "A.Error": "", "A.c": "", "d.E": "", "F": "text"}}
	if got := r.silent(); !slices.Equal(got, []string{"A", "A.B"}) {
		t.Errorf("got %q", got)
	}
}

// unsaid are the members of an internal type that the documentation of its public name, which is all that `go doc` shows, leaves out.
func unsaid(doc string, members []string) (list []string) {
	for _, m := range members {
		if !regexp.MustCompile(`\b` + m + `\b`).MatchString(doc) {
			list = append(list, m)
		}
	}
	return list
}

func TestNamesOfInternalTypesSayWhatTheyHave(t *testing.T) {
	checked := 0
	internal := map[string]reference{}
	for _, name := range folders(t) {
		if private(name) && name != "build" {
			continue
		}
		r := parseReference(t, filepath.Join(root, name))
		for alias, s := range r.types {
			target := s.Type
			if i, ok := target.(*ast.IndexExpr); ok {
				target = i.X
			}
			sel, ok := target.(*ast.SelectorExpr)
			if !ok || !s.Assign.IsValid() || !ast.IsExported(alias) {
				continue
			}
			dir, ours := strings.CutPrefix(r.from[fmt.Sprint(sel.X)], module)
			if !ours || !private(dir) {
				continue
			}
			if _, ok := internal[dir]; !ok {
				internal[dir] = parseReference(t, filepath.Join(root, dir))
			}
			of := internal[dir]
			checked++
			if list := unsaid(r.docs[alias], of.members(sel.Sel.Name)); len(list) > 0 {
				t.Errorf("%s: the documentation of %s, which is %s.%s, does not say that it has %s", name, alias, dir, sel.Sel.Name, strings.Join(list, ", "))
			}
		}
	}
	if checked < 25 {
		t.Errorf("only %d aliases were looked at", checked)
	}
	if got := unsaid("Names and Place", []string{"Name", "Place"}); !slices.Equal(got, []string{"Name"}) {
		t.Errorf("got %q", got)
	}
}
