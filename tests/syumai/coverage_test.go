package syumai

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of docs/syumai.md")

const library = "github.com/syumai/workers"

// uncovered are functions that no program here calls, and why.
var uncovered = map[string]string{
	"cloudflare/fetch.NewIncomingBotManagement":            "NewIncomingProperties calls it",
	"cloudflare/fetch.NewIncomingBotManagementJsDetection": "NewIncomingProperties calls it",
	"cloudflare/fetch.NewIncomingTLSClientAuth":            "NewIncomingProperties calls it",
	"cloudflare/fetch.NewIncomingTLSExportedAuthenticator": "NewIncomingProperties calls it",
	"cloudflare/fetch.RequestInit.ToJS":                    "Client.Do calls it",
	"cloudflare/fetch.RedirectMode.IsValid":                "pure Go",
	"cloudflare/fetch.RedirectMode.String":                 "pure Go",
	"cloudflare/queues.NewBytesMessageSendRequest":         "panics, on workerd as well: js.ValueOf takes no []byte",
	"cloudflare/sockets.Socket.StartTLS":                   "needs a server with a certificate that the host trusts",
	"cloudflare/sockets.Socket.LocalAddr":                  "returns nil",
	"cloudflare/sockets.Socket.RemoteAddr":                 "returns nil",
}

// apis returns the exported functions and methods of the library by package, as "Name" and "Type.Name".
func apis(t *testing.T) map[string][]string {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", library).Output()
	if err != nil {
		t.Fatal(err)
	}
	root := strings.TrimSpace(string(out))
	all := map[string][]string{}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(root, path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "internal" || d.Name() == "exp" || d.Name() == "cmd" || strings.HasPrefix(d.Name(), "_")):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(filepath.Dir(rel))
		for _, decl := range file.Decls {
			if name := exported(decl); name != "" && !slices.Contains(all[pkg], name) {
				all[pkg] = append(all[pkg], name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// exported is the name of a function that programs can call, or "".
func exported(decl ast.Decl) string {
	f, ok := decl.(*ast.FuncDecl)
	if !ok || !f.Name.IsExported() {
		return ""
	}
	if f.Recv == nil {
		return f.Name.Name
	}
	recv := f.Recv.List[0].Type
	if star, ok := recv.(*ast.StarExpr); ok {
		recv = star.X
	}
	if name, ok := recv.(*ast.Ident); ok && name.IsExported() {
		return name.Name + "." + f.Name.Name
	}
	return ""
}

// uses returns the names after a dot in each program, by program.
func uses(t *testing.T) map[string]map[string]bool {
	files, err := filepath.Glob("*/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no programs: ", err)
	}
	all := map[string]map[string]bool{}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		used := all[filepath.Dir(path)]
		if used == nil {
			used = map[string]bool{}
		}
		for _, i := range file.Imports {
			used[strings.Trim(i.Path.Value, `"`)] = true
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				used[s.Sel.Name] = true
			}
			return true
		})
		all[filepath.Dir(path)] = used
	}
	return all
}

// implicit are methods that a program calls through an interface of the standard library, by the name that it does write.
var implicit = map[string]string{
	"Socket.Read": "NewReader", "Socket.Write": "Fprintf",
	"Connector.Connect": "OpenDB", "Connector.Driver": "OpenDB", "Conn.Prepare": "OpenDB", "Conn.PrepareContext": "OpenDB", "Conn.BeginTx": "Begin",
}

func TestEveryFunctionOfTheLibraryIsCalled(t *testing.T) {
	programs := uses(t)
	var table strings.Builder
	table.WriteString("| package | functions | programs |\n|---|---|---|\n")
	packages := apis(t)
	for _, pkg := range sorted(packages) {
		path := strings.TrimSuffix(library+"/"+pkg, "/.")
		names, in := []string{}, map[string]bool{}
		slices.Sort(packages[pkg])
		for _, name := range packages[pkg] {
			word := name[strings.LastIndex(name, ".")+1:]
			if through := implicit[name]; through != "" {
				word = through
			}
			found := false
			for program, used := range programs {
				if used[path] && used[word] {
					found = true
					in[program] = true
				}
			}
			reason, excused := uncovered[pkg+"."+name]
			if found == excused {
				t.Errorf("%s.%s: called by a program: %v; in the list of those that are not called: %q", pkg, name, found, reason)
			}
			if found {
				names = append(names, "`"+name+"`")
			}
		}
		title := strings.Replace(pkg, ".", "workers", 1)
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", title, strings.Join(names, ", "), strings.Join(sorted(in), ", "))
	}
	checkTable(t, table.String())
}

const (
	begin = "<!-- begin: what programs here call; go test ./tests/syumai -run Library -update -->\n"
	end   = "<!-- end -->\n"
)

// checkTable compares the table with that in docs/syumai.md.
func checkTable(t *testing.T, table string) {
	path := filepath.Join("..", "..", "docs", "syumai.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), begin)
	old, tail, ended := strings.Cut(rest, end)
	if !ok || !ended {
		t.Fatalf("%s lacks the marks around its table", path)
	}
	if old == table {
		return
	}
	if !*update {
		t.Errorf("the table of %s is not what the programs call; write it with -update", path)
		return
	}
	if err := os.WriteFile(path, []byte(head+begin+table+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

func sorted[V any](m map[string]V) []string {
	var list []string
	for name := range m {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}
