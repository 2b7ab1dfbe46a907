package miniflare

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"grove.place/lattice/local-runtime/internal/storage"
)

// attempts is how often a file is copied that changes meanwhile.
const attempts = 5

// open copies a SQLite file with its write-ahead log to a folder, and opens the copy. The index of the log is left: SQLite makes it anew.
func (i *importer) open(path, into string) (f *storage.Foreign, copied string, err error) {
	copied = filepath.Join(into, filepath.Base(path))
	for n := 1; ; n++ {
		if err := os.MkdirAll(into, 0o755); err != nil {
			return nil, "", err
		}
		steady, err := copyDatabase(path, copied)
		if err != nil {
			return nil, "", err
		}
		if steady {
			break
		}
		if n == attempts {
			return nil, "", fmt.Errorf("%s is being written: stop wrangler dev, and import again", path)
		}
	}
	f, err = storage.OpenForeign(copied, path)
	return f, copied, err
}

// copyDatabase reports whether neither the file nor its log changed meanwhile.
func copyDatabase(from, to string) (steady bool, err error) {
	before := stateOf(from)
	for _, suffix := range []string{"-wal", "-journal", "-shm"} {
		if err := os.Remove(to + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
	}
	for _, suffix := range []string{"", "-wal", "-journal"} {
		if err := copyFile(from+suffix, to+suffix); err != nil && (suffix == "" || !errors.Is(err, fs.ErrNotExist)) {
			return false, err
		}
	}
	return stateOf(from) == before, nil
}

// state is what changes when a database does.
type state [2]struct {
	size    int64
	changed time.Time
}

func stateOf(path string) (s state) {
	for n, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(path + suffix); err == nil {
			s[n].size, s[n].changed = info.Size(), info.ModTime()
		}
	}
	return s
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
