package build

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"grove.place/lattice/internal/abi"
)

const counterConfig = `name = "app"
main = "build/dist/worker.mjs"
compatibility_date = "2026-10-01"
[[durable_objects.bindings]]
name = "COUNTERS"
class_name = "CounterDO"
[[migrations]]
tag = "v1"
new_sqlite_classes = ["CounterDO"]
`

func TestBuildMakesTheFourFiles(t *testing.T) {
	cfg := config(t, counterConfig)
	res, err := Build(context.Background(), Options{Package: "./testdata/app", Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(cfg.Dir(), "build", "dist", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if wasm := read(ModuleFile); wasm != string(res.Module) || !strings.HasPrefix(wasm, "\x00asm") {
		t.Error("app.wasm is not the module")
	}
	if js := read(WorkerFile); !strings.Contains(js, `objectClass("CounterDO"`) {
		t.Error("worker.mjs does not export CounterDO")
	}
	types := read(TypesFile)
	for _, want := range []string{"COUNTERS: DurableObjectNamespace<CounterDO>;", "add(", "Promise<number>"} {
		if !strings.Contains(types, want) {
			t.Errorf("lattice.d.ts lacks %q:\n%s", want, types)
		}
	}
	var m Manifest
	if err := json.Unmarshal([]byte(read(ManifestFile)), &m); err != nil || m.ABI != abi.Version || m.class("CounterDO") == nil || len(m.SHA256) != 64 {
		t.Errorf("manifest.json = %+v, %v", m, err)
	}
	if res.Sizes.Gzip < 100<<10 || res.Sizes.Gzip > FreeLimit || !strings.Contains(res.Summary(), "CounterDO") {
		t.Errorf("summary: %s", res.Summary())
	}
}

func TestBuildFailuresLeaveTheLastBuildAlone(t *testing.T) {
	for _, k := range []struct{ name, pkg, config, want string }{
		{"a program that does not compile", "./testdata/broken", counterConfig, "main.go:4:15: undefined: undefinedThing"},
		{"a library", "./testdata/library", counterConfig, "this package is a library"},
		{"a package that is not there", "./testdata/nowhere", counterConfig, "nowhere"},
		{"a configuration that does not fit", "./testdata/app", strings.Replace(counterConfig, `"CounterDO"]`, `"Other"]`, 1), "not class CounterDO"},
	} {
		t.Run(k.name, func(t *testing.T) {
			cfg := config(t, k.config)
			before := filepath.Join(cfg.Dir(), "build", "dist", ModuleFile)
			if err := write(filepath.Dir(before), []output{{ModuleFile, []byte("before")}}); err != nil {
				t.Fatal(err)
			}
			_, err := Build(context.Background(), Options{Package: k.pkg, Config: cfg, NoSizes: true})
			if err == nil || !strings.Contains(err.Error(), k.want) {
				t.Errorf("got %v, want %s", err, k.want)
			}
			if b, _ := os.ReadFile(before); string(b) != "before" {
				t.Error("the last build is gone")
			}
			if files, _ := os.ReadDir(filepath.Dir(before)); len(files) != 1 {
				t.Errorf("files were left: %v", files)
			}
		})
	}
}

func TestBuildStopsWhenAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Build(ctx, Options{Package: "./testdata/app", Out: t.TempDir()}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestModuleForAnotherABIIsRefused(t *testing.T) {
	source, err := os.ReadFile("../internal/abi/abi.go")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path, _ := filepath.Abs("../internal/abi/abi.go")
	changed := filepath.Join(dir, "abi.go")
	overlay, _ := json.Marshal(map[string]any{"Replace": map[string]string{path: changed}})
	for name, data := range map[string][]byte{
		"abi.go":       []byte(strings.Replace(string(source), fmt.Sprintf("const Version = %d\n", abi.Version), "const Version = 99\n", 1)),
		"overlay.json": overlay,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("GOFLAGS", "-overlay="+filepath.Join(dir, "overlay.json"))
	_, err = Build(context.Background(), Options{Package: "./testdata/app", Out: dir})
	if err == nil || !strings.Contains(err.Error(), "ABI") || !strings.Contains(err.Error(), "99") {
		t.Errorf("got %v, want an error about ABI version 99", err)
	}
}
