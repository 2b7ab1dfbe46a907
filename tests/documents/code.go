package documents

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A block of Go is a whole file, declarations, or statements. Declarations see those of the blocks above it on the page, of which a later one replaces an
// earlier one of the same name; statements are checked as the body of
//
//	func(ctx context.Context, w http.ResponseWriter, r *http.Request, t *testing.T) error
//
// Imports are added as an editor adds them. { … } is a body that the reader writes. The comment above a block,
//
//	<!-- frame
//	func(ctx context.Context, state *durables.State) (*Counter, error)
//	type Post struct{ ID int64 }
//	-->
//
// gives statements another signature, in its first line, and has declarations that the page does not show.

const usual = "func(ctx context.Context, w http.ResponseWriter, r *http.Request, t *testing.T) error"

// packages are what the blocks may import, by the name that they use. Whole files import what they like.
var packages = map[string]string{"local": "grove.place/lattice/local-runtime"}

func init() {
	for _, p := range []string{"bytes", "context", "embed", "encoding/json", "errors", "fmt", "io", "log/slog", "math/big", "net/http", "net/http/httptest", "os", "strings", "sync", "testing", "time",
		"grove.place/lattice/durables", "grove.place/lattice/latticetest", "grove.place/lattice/workers", "grove.place/lattice/workers/analyticsengine", "grove.place/lattice/workers/cache",
		"grove.place/lattice/workers/d1", "grove.place/lattice/workers/fetch", "grove.place/lattice/workers/kv", "grove.place/lattice/workers/queues",
		"grove.place/lattice/workers/r2", "grove.place/lattice/workers/ratelimit", "grove.place/lattice/workers/rpc", "grove.place/lattice/workers/sockets",
		"grove.place/lattice/workers/versionmetadata", "grove.place/lattice/workers/websocket"} {
		packages[path.Base(p)] = p
	}
}

// checker type-checks blocks against the export data of what they import, which the go command has in its cache.
type checker struct {
	files    *token.FileSet
	importer types.Importer
}

// exported is the export data of packages and of all that they need.
func exported(root string, imports []string) (map[string]string, error) {
	cmd := exec.Command("go", append([]string{"list", "-export", "-deps", "-json=ImportPath,Export"}, imports...)...)
	cmd.Dir = root
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, said.String())
	}
	data := map[string]string{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ ImportPath, Export string }
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return data, nil
		} else if err != nil {
			return nil, err
		}
		data[p.ImportPath] = p.Export
	}
}

func newChecker(root string, pages []*Page) (*checker, error) {
	var imports []string
	for _, p := range packages {
		imports = append(imports, p)
	}
	for _, p := range pages {
		for _, b := range p.Blocks {
			if file, err := parser.ParseFile(token.NewFileSet(), "", b.Text, parser.ImportsOnly); b.Language == "go" && err == nil {
				for _, spec := range file.Imports {
					name, _ := strconv.Unquote(spec.Path.Value)
					imports = append(imports, name)
				}
			}
		}
	}
	slices.Sort(imports)
	data, err := exported(root, slices.Compact(imports))
	if err != nil {
		return nil, err
	}
	files := token.NewFileSet()
	return &checker{files, importer.ForCompiler(files, "gc", func(name string) (io.ReadCloser, error) {
		if data[name] == "" {
			return nil, fmt.Errorf("package %s is not known", name)
		}
		return os.Open(data[name])
	})}, nil
}

// snippet is Go text with where it is from.
type snippet struct {
	at   string
	text string
	own  bool // of the block that is checked: errors elsewhere are not its fault
}

// check returns the faults of a page's blocks of Go.
func (c *checker) check(p *Page) (wrong []string) {
	var above []*ast.File
	for _, b := range p.Blocks {
		if b.Language != "go" || b.Reason != "" {
			continue
		}
		if whole(b.Text) {
			file, err := c.parse(snippet{b.At(), b.Text, true})
			if err != nil {
				wrong = append(wrong, err.Error())
				continue
			}
			wrong = append(wrong, c.types([]*ast.File{file}, b.At(), true)...)
			above = append(above, file)
			continue
		}
		file, extra, err := c.frame(b)
		if err != nil {
			wrong = append(wrong, err.Error())
			continue
		}
		all := []*ast.File{file}
		if extra != nil {
			all = append(all, extra)
		}
		for _, earlier := range slices.Backward(above) {
			all = append(all, without(earlier, all))
		}
		wrong = append(wrong, c.types(all, b.At(), false)...)
		above = append(above, file)
		if extra != nil {
			above = append(above, extra)
		}
	}
	return wrong
}

func whole(text string) bool { return regexp.MustCompile(`(?m)^package \w+$`).MatchString(text) }

var (
	openBody = regexp.MustCompile(`\{ … \}`)
)

func (c *checker) parse(s snippet) (*ast.File, error) {
	text := openBody.ReplaceAllString(s.text, `{ panic("…") }`)
	if !whole(text) {
		text = "package main;" + imports(text) + "\n//line " + s.at + "\n" + text
	} else {
		text = "//line " + s.at + "\n" + text
	}
	name := "page:" + s.at
	if s.own {
		name = "own:" + s.at
	}
	return parser.ParseFile(c.files, name, text, parser.SkipObjectResolution)
}

// imports are those that the text seems to use.
func imports(text string) string {
	var b strings.Builder
	for name, p := range packages {
		if regexp.MustCompile(`(^|[^\w.])` + name + `\.\p{Lu}`).MatchString(text) {
			fmt.Fprintf(&b, "import %s %q;", name, p)
		}
	}
	return b.String()
}

// frame parses a block that is no whole file, and the declarations of its frame.
func (c *checker) frame(b Block) (file, extra *ast.File, err error) {
	signature, declarations := usual, strings.TrimSpace(b.Frame)
	if first, rest, _ := strings.Cut(declarations, "\n"); strings.HasPrefix(first, "func(") {
		signature, declarations = first, rest
	}
	if declarations != "" {
		if extra, err = c.parse(snippet{b.At(), declarations, false}); err != nil {
			return nil, nil, fmt.Errorf("%s: the comment above it: %w", b.At(), err)
		}
	}
	file, err = c.parse(snippet{b.At(), b.Text, true})
	if err == nil {
		return file, extra, nil
	}
	head := "func _" + strings.TrimPrefix(signature, "func")
	text := openBody.ReplaceAllString(b.Text, `{ panic("…") }`)
	body := "package main;" + imports(head+"\n"+text) + head + " {\n//line " + b.At() + "\n" + text + "\npanic(0) }\n"
	statements, second := parser.ParseFile(c.files, "own:"+b.At(), body, parser.SkipObjectResolution)
	if second != nil {
		return nil, nil, fmt.Errorf("neither declarations (%w) nor statements (%w)", err, second)
	}
	return statements, extra, nil
}

// types returns the errors of the first file; in a snippet, what is declared and not used is fine.
func (c *checker) types(files []*ast.File, at string, strict bool) (wrong []string) {
	page, _, _ := strings.Cut(at, ":")
	own := c.files.File(files[0].Package)
	config := types.Config{Importer: c.importer, Error: func(err error) {
		var fault types.Error
		if !errors.As(err, &fault) || fault.Soft && !strict || c.files.File(fault.Pos) != own || strings.HasPrefix(fault.Msg, "\tother declaration") {
			return
		}
		wrong = append(wrong, fmt.Sprintf("%s:%d: %s", page, c.files.Position(fault.Pos).Line, fault.Msg))
	}}
	_, _ = config.Check("main", c.files, files, nil)
	return wrong
}

// without is the file less what the others declare again.
func without(file *ast.File, others []*ast.File) *ast.File {
	taken := map[string]bool{}
	for _, other := range others {
		for _, d := range other.Decls {
			for _, name := range declared(d) {
				taken[name] = true
			}
		}
	}
	left := *file
	left.Decls = nil
	for _, d := range file.Decls {
		generic, ok := d.(*ast.GenDecl)
		if !ok || generic.Tok == token.IMPORT {
			if !slices.ContainsFunc(declared(d), func(n string) bool { return taken[n] }) {
				left.Decls = append(left.Decls, d)
			}
			continue
		}
		kept := *generic
		kept.Specs = nil
		for _, s := range generic.Specs {
			if !slices.ContainsFunc(specified(s), func(n string) bool { return taken[n] }) {
				kept.Specs = append(kept.Specs, s)
			}
		}
		if len(kept.Specs) > 0 {
			left.Decls = append(left.Decls, &kept)
		}
	}
	return &left
}

// declared are the names of a declaration; a method has that of its type before its own.
func declared(d ast.Decl) (names []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return notBlank(d.Name.Name)
		}
		t := d.Recv.List[0].Type
		if star, ok := t.(*ast.StarExpr); ok {
			t = star.X
		}
		if id, ok := t.(*ast.Ident); ok {
			return []string{id.Name + "." + d.Name.Name}
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			names = append(names, specified(s)...)
		}
	}
	return names
}

func specified(s ast.Spec) (names []string) {
	switch s := s.(type) {
	case *ast.TypeSpec:
		return notBlank(s.Name.Name)
	case *ast.ValueSpec:
		for _, n := range s.Names {
			names = append(names, notBlank(n.Name)...)
		}
	}
	return names
}

func notBlank(name string) []string {
	if name == "_" || name == "init" {
		return nil
	}
	return []string{name}
}
