//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package host

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Lock takes a storage folder as a host does, for who works on what is in it.
func Lock(dir string) (unlock func() error, err error) { return lockDir(dir) }

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
		return nil, errors.Join(inUse(dir, f), f.Close())
	}
	if err = f.Truncate(0); err == nil {
		_, err = f.WriteAt(strconv.AppendInt(nil, int64(os.Getpid()), 10), 0) // for whoever comes next to say
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the storage folder: %w; check that the disk is not full", err), f.Close())
	}
	return f.Close, nil
}

// InUse says which process uses a storage folder, or returns nil. It changes nothing.
func InUse(dir string) error {
	f, err := os.Open(filepath.Join(dir, ".lock"))
	if err != nil {
		return nil // New says what is wrong with a folder
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); err != nil {
		return inUse(dir, f)
	}
	return nil
}

func inUse(dir string, lock io.Reader) error {
	who := "another local host"
	if pid, err := io.ReadAll(io.LimitReader(lock, 20)); err == nil && len(pid) > 0 {
		who += fmt.Sprintf(" (process %s)", pid)
	}
	return fmt.Errorf("the storage in %s is in use by %s, perhaps a second lattice dev: stop that one and start again, or choose another folder (lattice dev --persist-to)", dir, who)
}
