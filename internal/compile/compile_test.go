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
			module, warnings, err := Module(context.Background(), program(t, k.imports, k.body), ".")
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
	_, _, err := Module(context.Background(), program(t, `"net/http"`, `println(new(http.Request).TLS.Nothing)`), ".")
	if err == nil || !strings.Contains(err.Error(), "main.go:8") || !strings.Contains(err.Error(), "Nothing") {
		t.Errorf("got %v, want the line and the name", err)
	}
}

func TestTheSameSourcesMakeTheSameBytes(t *testing.T) {
	body := `http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { panic("here") })`
	first, _, err := Module(context.Background(), program(t, `"net/http"`, body), ".")
	if err != nil {
		t.Fatal(err)
	}
	second, _, err := Module(context.Background(), program(t, `"net/http"`, body), "program.test")
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
