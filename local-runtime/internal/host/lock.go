//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package host

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockDir takes a storage folder for this host alone. The lock ends with the process, however that ends.
func lockDir(dir string) (unlock func() error, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the storage folder: %w; choose one that this user can write to (lattice dev --persist-to)", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock the storage folder: %w; choose one that this user can write to (lattice dev --persist-to)", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("the storage in %s is in use by another local host, perhaps a second lattice dev: stop that one and start again, or choose another folder (lattice dev --persist-to)", dir)
	}
	return f.Close, nil
}
