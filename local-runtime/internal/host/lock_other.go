//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package host

import "os"

// Lock takes a storage folder as a host does, for who works on what is in it.
func Lock(dir string) (unlock func() error, err error) { return lockDir(dir) }

// lockDir does not lock here: the storage files do that one by one.
func lockDir(dir string) (unlock func() error, err error) {
	return func() error { return nil }, os.MkdirAll(dir, 0o755)
}

// InUse knows nothing here.
func InUse(dir string) error { return nil }
