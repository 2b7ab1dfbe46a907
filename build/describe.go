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
	"time"

	"grove.place/lattice/internal/abi"
	local "grove.place/lattice/local-runtime"
)

// cacheLimit and cacheAge bound the compiled code that is kept: every rebuild adds some tens of megabytes, and the tests of a large project, or of several
// projects, run more than a hundred modules.
const (
	cacheLimit = 4 << 30
	cacheAge   = 7 * 24 * time.Hour
)

// describe asks a module for its manifest. The answer depends on nothing but the module, so it is kept by the module's
// digest: starting again without a change saves the time to run it. Host says where, and how the module is going to run.
func describe(ctx context.Context, module []byte, host local.Options) (*Manifest, error) {
	sum := sha256.Sum256(module)
	digest := hex.EncodeToString(sum[:])
	known := ""
	if host.CacheDir != "" {
		known = filepath.Join(host.CacheDir, fmt.Sprintf("manifests-%d", abi.Version), digest)
		if m, err := remembered(known); err == nil {
			m.SHA256 = digest
			return m, nil
		}
		prune(host.CacheDir, cacheLimit, cacheAge)
	}
	v, err := local.Describe(ctx, module, host)
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

// prune removes the files of a cache that are older than age, and the oldest of the others until they take no more than limit bytes.
func prune(dir string, limit int64, age time.Duration) {
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
		if total += f.info.Size(); total > limit || time.Since(f.info.ModTime()) > age {
			os.Remove(f.path)
		}
	}
}
