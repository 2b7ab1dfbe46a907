// Package platforms checks that the command compiles for the systems that people have, without compiling it for each: what the go command lists of it there is parsed and
// type-checked, and of other modules their declarations alone. Linking was tried by hand.
package platforms

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// listed is as much of a package as go list is asked for.
type listed struct {
	Dir, ImportPath, Name string
	Standard              bool
	GoFiles               []string
	ImportMap             map[string]string
	Module                *struct{ Path, GoVersion string }
	Error                 *struct{ Err string }
}

func TestTheCommandCompilesForTheSystemsThatPeopleHave(t *testing.T) {
	if testing.Short() {
		t.Skip("it reads the sources of four hundred packages for each system")
	}
	for _, target := range []string{"darwin/arm64", "windows/amd64", "linux/arm64"} {
		t.Run(target, func(t *testing.T) {
			goos, goarch, _ := strings.Cut(target, "/")
			n, err := check(goos, goarch, "grove.place/lattice/cmd/lattice")
			if err != nil {
				t.Errorf("GOOS=%s GOARCH=%s: %v", goos, goarch, err)
			}
			if err == nil && n < 300 {
				t.Errorf("only %d packages were looked at", n)
			}
		})
	}
}

// check type-checks a package and everything that it imports, as for another system, and returns of how many packages.
func check(goos, goarch, pkg string) (int, error) {
	cmd := exec.Command("go", "list", "-deps", "-json=Dir,ImportPath,Name,Standard,GoFiles,ImportMap,Module,Error", pkg)
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("go list: %w", err)
	}
	fset, known := token.NewFileSet(), map[string]*types.Package{"unsafe": types.Unsafe}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; { // each after what it imports
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return len(known), nil
		} else if err != nil {
			return 0, err
		}
		if p.ImportPath == "unsafe" {
			continue
		}
		if known[p.ImportPath], err = p.check(fset, known, goarch); err != nil {
			return 0, err
		}
	}
}

func (p *listed) check(fset *token.FileSet, known map[string]*types.Package, goarch string) (*types.Package, error) {
	if p.Error != nil {
		return nil, errors.New(p.Error.Err)
	}
	ours := p.Module != nil && p.Module.Path == "grove.place/lattice"
	var files []*ast.File
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	var faults []error
	conf := types.Config{
		IgnoreFuncBodies: !ours, FakeImportC: true, Sizes: types.SizesFor("gc", goarch), GoVersion: p.version(),
		Error: func(err error) { faults = append(faults, err) },
		Importer: importer(func(path string) (*types.Package, error) {
			if mapped := p.ImportMap[path]; mapped != "" {
				path = mapped
			}
			if known[path] == nil {
				return nil, fmt.Errorf("%s is not listed before %s", path, p.ImportPath)
			}
			return known[path], nil
		}),
	}
	checked, _ := conf.Check(p.ImportPath, fset, files, nil) // its faults are kept
	return checked, errors.Join(faults...)
}

func (p *listed) version() string {
	if p.Module != nil && p.Module.GoVersion != "" {
		return "go" + p.Module.GoVersion
	}
	version, _, _ := strings.Cut(runtime.Version(), " ")
	return version
}

type importer func(path string) (*types.Package, error)

func (i importer) Import(path string) (*types.Package, error) { return i(path) }

// TestWhatDoesNotCompileElsewhereIsFound checks a package that lacks a file for one system.
func TestWhatDoesNotCompileElsewhereIsFound(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module grove.place/lattice\n\ngo 1.26\n", "main.go": "package main\n\nfunc main() { open() }\n", "open_unix.go": "//go:build unix\n\npackage main\n\nfunc open() {}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	t.Setenv("GOFLAGS", "")
	if _, err := check("linux", "amd64", "."); err != nil {
		t.Errorf("for Linux: %v", err)
	}
	if _, err := check("windows", "amd64", "."); err == nil || !strings.Contains(err.Error(), "undefined: open") {
		t.Errorf("for Windows: %v", err)
	}
}
