package build

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"grove.place/lattice/internal/abi"
	local "grove.place/lattice/local-runtime"
)

// cacheLimit bounds the compiled code that is kept: every rebuild adds some tens of megabytes.
const cacheLimit = 512 << 20

// describe asks a module for its manifest. The answer depends on nothing but the module, so it is kept by the module's
// digest: starting again without a change saves the time to run it.
func describe(ctx context.Context, module []byte, cacheDir string) (*Manifest, error) {
	sum := sha256.Sum256(module)
	digest := hex.EncodeToString(sum[:])
	known := ""
	if cacheDir != "" {
		known = filepath.Join(cacheDir, fmt.Sprintf("manifests-%d", abi.Version), digest)
		if m, err := remembered(known); err == nil {
			m.SHA256 = digest
			return m, nil
		}
		prune(cacheDir, cacheLimit)
	}
	v, err := local.Describe(ctx, module, cacheDir)
	if err != nil {
		return nil, err
	}
	m, err := manifestOf(v)
	if err != nil {
		return nil, err
	}
	m.SHA256 = digest
	if known != "" {
		remember(known, v)
	}
	return m, nil
}

func remembered(path string) (*Manifest, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := abi.NewReader(data)
	v := r.Value()
	if err := r.End(); err != nil {
		return nil, err
	}
	return manifestOf(v)
}

// remember may fail: then the module is asked again next time.
func remember(path string, v abi.Value) {
	var w abi.Writer
	w.Value(v)
	if os.MkdirAll(filepath.Dir(path), 0o755) == nil {
		replace(path, w.Bytes())
	}
}

// prune removes the oldest files of a cache until the others take no more than limit bytes.
func prune(dir string, limit int64) {
	type file struct {
		path string
		info fs.FileInfo
	}
	var files []file
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		if info, err := d.Info(); err == nil {
			files = append(files, file{path, info})
		}
		return nil
	})
	slices.SortFunc(files, func(a, b file) int { return cmp.Compare(b.info.ModTime().UnixNano(), a.info.ModTime().UnixNano()) })
	var total int64
	for _, f := range files {
		if total += f.info.Size(); total > limit {
			os.Remove(f.path)
		}
	}
}
