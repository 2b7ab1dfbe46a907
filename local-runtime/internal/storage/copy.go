package storage

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Remove deletes what is stored under path and in the folder of its facets. Nothing of it may be open.
func Remove(path, facets string) error {
	dir, prefix := filepath.Dir(path), strings.TrimSuffix(filepath.Base(path), ".sqlite")+"."
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) && !e.IsDir() {
			err = errors.Join(err, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(err, os.RemoveAll(facets))
}

// Copy copies what is committed in the file at from, which may be open between two turns, to a path where nothing is.
func Copy(from, to string) error {
	if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	for _, suffix := range []string{"", "-wal", "-journal"} {
		if err := copyFile(from+suffix, to+suffix); err != nil {
			return err
		}
	}
	return nil
}

// CopyAll copies a folder of storage files, and the folders in it.
func CopyAll(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path == from {
			return nil
		}
		if err != nil || filepath.Ext(path) != ".sqlite" {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		return Copy(path, filepath.Join(to, rel))
	})
}
