package local_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	local "grove.place/lattice/local-runtime"
)

// storing is a host of the Worker that uses everything that stores.
func storing() local.TestOptions {
	return local.TestOptions{Package: "./testdata/stores", Options: local.Options{
		Objects: map[string]string{"BOXES": "Box"}, KV: map[string]string{"KEYS": "keys"}, Buckets: map[string]string{"FILES": "files"}, Queues: map[string]string{"ORDERS": "orders"},
		Consumers: map[string]local.Consumer{"orders": {MaxRetries: 2}}, Databases: map[string]local.Database{"DB": {ID: "db"}}, Analytics: map[string]string{"POINTS": "points"},
		Logger: quiet(), Seed: 1, KeepNames: true,
	}}
}

// documented are the files that docs/storage.md names in the table of files, each with what matches it.
func documented(t *testing.T) map[string]*regexp.Regexp {
	t.Helper()
	page, err := os.ReadFile("../docs/storage.md")
	if err != nil {
		t.Fatal(err)
	}
	patterns := map[string]*regexp.Regexp{}
	braces := regexp.MustCompile(`\\\{[a-z]+\\\}`)
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|.*\\|.*\\|$").FindAllStringSubmatch(string(page), -1) {
		text := regexp.QuoteMeta(m[1])
		text = strings.ReplaceAll(strings.ReplaceAll(text, `\{id\}`, "[0-9a-f]{64}"), `\{digest\}`, "[0-9a-f]{32}")
		end := ""
		if strings.HasSuffix(m[1], ".sqlite") {
			end = "(-wal|-shm)?"
		}
		patterns[m[1]] = regexp.MustCompile("^" + braces.ReplaceAllString(text, "[A-Za-z0-9_-]+") + end + "$")
	}
	if len(patterns) < 10 {
		t.Fatalf("docs/storage.md has a table of %d files", len(patterns))
	}
	return patterns
}

// Every file that a host leaves is on the page, and everything on the page is left by a host that uses all there is.
func TestEveryFileOfTheStorageFolderIsDocumented(t *testing.T) {
	o := storing()
	o.Dir = t.TempDir()
	h := local.StartTest(t, o)
	for _, path := range []string{"/object?key=a", "/kv/put?key=k", "/r2/put?key=k", "/r2/upload?key=u", "/d1", "/queue/send?key=o", "/point", "/cache/put?key=k"} {
		if status, text := request(t, h, "GET", path, nil); status != 200 {
			t.Fatalf("%s: %d %s", path, status, text)
		}
	}
	patterns := documented(t)
	seen := map[string]bool{}
	look := func(when string) {
		err := filepath.WalkDir(o.Dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			rel, err := filepath.Rel(o.Dir, path)
			known := false
			for name, p := range patterns {
				if p.MatchString(filepath.ToSlash(rel)) {
					known, seen[name] = true, true
				}
			}
			if !known {
				t.Errorf("%s there is %s, which docs/storage.md does not name", when, rel)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	look("while the host runs")
	h.Clock.Advance(time.Minute) // objects are evicted, batches delivered
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	look("after its end")
	for name := range patterns {
		if !seen[name] {
			t.Errorf("docs/storage.md names %s, which is not there", name)
		}
	}
}
