package compile

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// program writes a program with that body and those imports, and returns its folder.
func program(t *testing.T, imports, body string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":  "module program.test\n\ngo 1.26\n",
		"main.go": "package main\n\nimport (\n" + imports + "\n)\n\nfunc main() {\n" + body + "\n}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTLSIsLeftOutWhereOnlyTheHTTPPackageKnowsIt(t *testing.T) {
	const serve = `http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) }); http.DefaultServeMux.ServeHTTP(nil, nil); `
	for _, k := range []struct {
		name, imports, body string
		genuine             bool
		warning             string
	}{
		{"a program that serves", `"net/http"`, serve, false, ""},
		{"a program that looks whether there is TLS", `"net/http"`, serve + `println(new(http.Request).TLS != nil)`, false, ""},
		{"a program that has a client", `"net/http"`, `_, err := http.Get("https://x.test"); println(err)`, false, ""},
		{"a program that imports it", "\"crypto/tls\"\n\"net/http\"", serve + `println(tls.Client(nil, nil))`, true, ""},
		{"a program that reads what only the genuine one has", `"net/http"`, serve + `println(len(new(http.Request).TLS.PeerCertificates))`, true, "PeerCertificates"},
		{"a program without either", `"fmt"`, `fmt.Println()`, false, ""},
	} {
		t.Run(k.name, func(t *testing.T) {
			module, warnings, err := Module(context.Background(), program(t, k.imports, k.body), ".", Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := bytes.Contains(module, []byte("crypto/x509.")); got != k.genuine {
				t.Errorf("X.509 in the module: %v, want %v", got, k.genuine)
			}
			if text := strings.Join(warnings, "\n"); (text != "") != (k.warning != "") || !strings.Contains(text, k.warning) {
				t.Errorf("warnings: %q, want %q in them", text, k.warning)
			}
		})
	}
}

func TestAProgramThatDoesNotCompileIsToldWhy(t *testing.T) {
	_, _, err := Module(context.Background(), program(t, `"net/http"`, `println(new(http.Request).TLS.Nothing)`), ".", Options{})
	if err == nil || !strings.Contains(err.Error(), "main.go:8") || !strings.Contains(err.Error(), "Nothing") {
		t.Errorf("got %v, want the line and the name", err)
	}
}

func TestAFolderWithoutGoIsToldWhatToDo(t *testing.T) {
	dir := t.TempDir()
	for _, want := range []string{"go.mod file not found", "no Go files in"} {
		_, _, err := Module(context.Background(), dir, ".", Options{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "`lattice new`") {
			t.Errorf("got %v, want %q and what to do", err, want)
		}
		if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module empty\n\ngo 1.26\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAGoThatIsTooOldIsNamed(t *testing.T) {
	dir := t.TempDir()
	fake := "#!/bin/sh\necho 'go: go.mod requires go >= 1.26.0 (running go 1.25.3; GOTOOLCHAIN=local)' >&2\nexit 1\n"
	if err := os.WriteFile(filepath.Join(dir, "go"), []byte(fake), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	_, _, err := Module(context.Background(), t.TempDir(), ".", Options{})
	if err == nil || !strings.Contains(err.Error(), "requires go >= 1.26.0 (running go 1.25.3") || !strings.Contains(err.Error(), "https://go.dev/dl/") {
		t.Errorf("got %v, want both releases and where to get one", err)
	}
}

func TestTheSameSourcesMakeTheSameBytes(t *testing.T) {
	body := `http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { panic("here") })`
	first, _, err := Module(context.Background(), program(t, `"net/http"`, body), ".", Options{})
	if err != nil {
		t.Fatal(err)
	}
	second, _, err := Module(context.Background(), program(t, `"net/http"`, body), "program.test", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("the module depends on the folder it is built from")
	}
	if bytes.Contains(first, []byte("lattice-build-")) {
		t.Error("the module holds a path of the machine that built it")
	}
}

func TestASmallModuleIsSmaller(t *testing.T) {
	dir := program(t, `"net/http"
		"strconv"
		"strings"`, `var b strings.Builder
		for i := range 100 { b.WriteString(strconv.Itoa(i)); b.WriteByte(' '); first(&b); first(&b); first(&b); first(&b) }
		println(b.String()); http.HandleFunc("/", nil)
	}
	func first(b *strings.Builder) { b.WriteString("a"); b.WriteByte('b'); b.WriteString("c"); b.WriteByte('d')`)
	build := func(o Options) []byte {
		t.Helper()
		module, _, err := Module(context.Background(), dir, ".", o)
		if err != nil {
			t.Fatal(err)
		}
		return module
	}
	if small, usual := build(Options{Small: true}), build(Options{}); len(small) >= len(usual) {
		t.Errorf("small: %d bytes, otherwise %d", len(small), len(usual))
	}
}

func TestOnlyTheProgramsOwnPackagesAreCompiledWithoutInlining(t *testing.T) {
	got := strings.Join(withoutInlining([]listed{{path: "runtime", standard: true}, {path: "app.test/main"}, {path: "github.com/some/library"},
		{path: "grove.place/lattice/internal/guest"}, {path: "grove.place/lattice/durables"}, {path: "grove.place/lattice/durables/post"}}), " ")
	want := "-gcflags=app.test/main=-l -gcflags=github.com/some/library=-l -gcflags=grove.place/lattice/durables/post=-l"
	if got != want {
		t.Errorf("flags %s, want %s", got, want)
	}
}
