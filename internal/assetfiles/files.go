// Package assetfiles says which files of a folder are static assets, and of what type they are: for the local host, which serves them, and for
// deployments, which upload them.
//
// The one idea: both must agree with wrangler on every file. Start with List.
//
// See https://developers.cloudflare.com/workers/static-assets/.
package assetfiles

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// The files that say something about the others.
const (
	Headers   = "_headers"
	Redirects = "_redirects"
	Ignore    = ".assetsignore"
)

// MaxSize is the size of the largest file that Cloudflare takes.
const MaxSize = 25 << 20

// List returns the names of the files that are assets, in order.
func List(root fs.FS) (names []string, err error) {
	text, err := fs.ReadFile(root, Ignore)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read %s: %w", Ignore, err)
	}
	hasIgnore, ignored := err == nil, ParseIgnored(string(text))
	err = fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() && IsAsset(name, ignored) {
			info, err := fs.Stat(root, name) // of what a symbolic link leads to
			if err != nil {
				return err
			}
			if !info.Mode().IsRegular() {
				return nil
			}
			if !hasIgnore && (name == "_worker.js" || strings.HasPrefix(name, "_worker.js/")) {
				return fmt.Errorf("%s is the program of a Pages project, and everybody could read it: take it away, or add a file %s with the line _worker.js (an empty one uploads it all the same)", name, Ignore)
			}
			if info.Size() > MaxSize {
				return fmt.Errorf("%s has %d MiB: Cloudflare takes files of up to %d MiB. Put it into R2, or its name into %s", name, info.Size()>>20, MaxSize>>20, Ignore)
			}
			names = append(names, name)
		}
		return nil
	})
	return names, err
}

// IsAsset reports whether a file of that name is served.
func IsAsset(name string, ignored Ignored) bool {
	return name != Headers && name != Redirects && name != Ignore && !ignored.Has(name)
}
