package build

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"grove.place/lattice/internal/compile"
)

func appModule(t testing.TB) []byte {
	t.Helper()
	module, _, err := compile.Module(context.Background(), "", "./testdata/app", compile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return module
}

func TestBreakdownGivesEveryByteToAPackageOrAKindOfData(t *testing.T) {
	module := appModule(t)
	b, err := breakDown(module)
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]Part{}
	var raw, gzip int64
	for _, p := range append(b.Code, b.Data...) {
		if _, twice := named[p.Name]; twice {
			t.Errorf("%s is there twice", p.Name)
		}
		named[p.Name] = p
		raw, gzip = raw+p.Raw, gzip+p.Gzip
	}
	// What is missing are the lengths before bodies and segments; what is too much in the second, that parts are compressed one by one.
	if whole := int64(len(module)); raw > whole || raw < whole*99/100 {
		t.Errorf("the parts have %d bytes, the module %d", raw, whole)
	}
	if gzip < b.Whole.Gzip*95/100 || gzip > b.Whole.Gzip*115/100 {
		t.Errorf("the parts have %d bytes compressed, the module %d", gzip, b.Whole.Gzip)
	}
	for name, least := range map[string]Part{
		"runtime": {Functions: 1000, Raw: 500 << 10}, "net/http": {Functions: 20, Raw: 20 << 10}, "main": {Functions: 1},
		"grove.place/lattice/internal/guest": {Functions: 50, Raw: 50 << 10},
		"types, strings and constants":       {Raw: 100 << 10}, "names of functions": {Raw: 50 << 10}, "stack maps": {Raw: 50 << 10},
		"lines, stack depths and inlined calls": {Raw: 100 << 10}, "index of functions": {Raw: 100 << 10},
	} {
		if p := named[name]; p.Functions < least.Functions || p.Raw < least.Raw || p.Gzip > p.Raw {
			t.Errorf("%s: %+v, want at least %+v", name, p, least)
		}
	}
	if text := b.String(); !strings.Contains(text, "grove.place/lattice/durables\n") || !strings.Contains(text, "types, strings and constants\n") {
		t.Errorf("the table lacks a line:\n%s", text)
	}
}

func TestPackageOfAFunction(t *testing.T) {
	for name, want := range map[string]string{
		"main.main": "main", "net/http.(*Server).Serve": "net/http", "runtime.gopanic": "runtime",
		"github.com/yuin/goldmark/ast.NewText": "github.com/yuin/goldmark/ast", "gopkg.in/yaml%2ev3.init": "gopkg.in/yaml.v3",
		"grove.place/lattice/durables.Method[go.shape.struct { X net/http.Header }].func1": "grove.place/lattice/durables",
		"slices.SortFunc[go.shape.[]string,go.shape.string]":                               "slices",
		"type:.eq.net/http.http2FrameHeader":                                               "(generated: equality and hashes)",
		"go:buildid":                                                                       "runtime", "_rt0_wasm_js": "runtime", "wasm_export_run": "runtime", "memeqbody": "runtime",
	} {
		if got := packageOf(name); got != want {
			t.Errorf("%s is of %s, want %s", name, got, want)
		}
	}
}

func TestWhatIsNoModuleOfGoIsRefused(t *testing.T) {
	module := appModule(t)
	for _, k := range []struct {
		name   string
		module []byte
		want   string
	}{
		{"nothing", nil, "no Wasm module"},
		{"text", []byte("package main"), "no Wasm module"},
		{"a module of another compiler", []byte("\x00asm\x01\x00\x00\x00"), "made by the Go compiler"},
		{"half a module", module[:len(module)/2], "ends in the middle"},
		{"a module without names", bytes.Replace(module, []byte("\xf1\xff\xff\xff\x00\x00\x01\x08"), make([]byte, 8), 1), "no table of functions"},
	} {
		if _, err := breakDown(k.module); err == nil || !strings.Contains(err.Error(), k.want) {
			t.Errorf("%s: %v, want %s", k.name, err, k.want)
		}
	}
}
