// Package reproducible builds the same sources in two folders, and compares what would be deployed byte for byte.
package reproducible

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"grove.place/lattice/build"
	local "grove.place/lattice/local-runtime"
)

func TestTheFolderLeavesNoTraceInTheBundle(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds two bundles")
	}
	var bundles []map[string][]byte
	for _, name := range []string{"one", "another, with spaces and a longer name"} {
		root := filepath.Join(t.TempDir(), name)
		export(t, root)
		res, err := build.Build(t.Context(), build.Options{Dir: root, Package: "./tests/hello", Out: filepath.Join(root, "dist"), CacheDir: local.TestCacheDir(), NoSizes: true, Small: true})
		if err != nil {
			t.Fatal(err)
		}
		files := map[string][]byte{}
		entries, err := os.ReadDir(res.Out)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if files[e.Name()], err = os.ReadFile(filepath.Join(res.Out, e.Name())); err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(files[e.Name()], []byte(root)) {
				t.Errorf("%s names the folder that it was built in", e.Name())
			}
		}
		bundles = append(bundles, files)
	}
	for _, name := range []string{build.ModuleFile, build.WorkerFile, build.TypesFile, build.ManifestFile} {
		a, b := bundles[0][name], bundles[1][name]
		if len(a) == 0 || !bytes.Equal(a, b) {
			t.Errorf("%s has %d and %d bytes, and they differ: the build depends on the folder", name, len(a), len(b))
		}
	}
}

// export copies what the program consists of.
func export(t *testing.T, root string) {
	t.Helper()
	const from = "../.."
	for _, part := range []string{"go.mod", "go.sum", "workers", "durables", "internal", "tests/hello"} {
		err := filepath.WalkDir(filepath.Join(from, part), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") {
				return err
			}
			rel, err := filepath.Rel(from, path)
			if err != nil {
				return err
			}
			text, err := os.ReadFile(path)
			if err == nil {
				err = os.MkdirAll(filepath.Dir(filepath.Join(root, rel)), 0o755)
			}
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(root, rel), text, 0o600)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
