package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// damage overwrites the beginning of a file.
func damage(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, strings.Repeat("not a database ", 64)+string(data[min(960, len(data)):]))
}

func TestDevSaysWhatStandsInItsWay(t *testing.T) {
	dir := readmeProject(t)
	state := filepath.Join(dir, ".lattice", "state")
	_, url, stop := dev(t, dir)
	if got := get(t, url+"/home"); got != "200 visits: 1" {
		t.Fatal(got)
	}
	t.Run("another lattice dev", func(t *testing.T) {
		defer func(d time.Duration) { folderPatience = d }(folderPatience)
		folderPatience = 100 * time.Millisecond
		var out bytes.Buffer
		code := run(t.Context(), []string{"dev", "--config", filepath.Join(dir, "wrangler.toml"), "--port", "0"}, &out, &out)
		want := fmt.Sprintf("the storage in %s is in use by another local host (process %d)", state, os.Getpid())
		if code != exitFailure || !strings.Contains(out.String(), want) || !strings.Contains(out.String(), "--persist-to") {
			t.Errorf("exit code %d, want %d and %q:\n%s", code, exitFailure, want, out.String())
		}
	})
	stop()
	t.Run("a damaged file of an object", func(t *testing.T) {
		files, err := filepath.Glob(filepath.Join(state, "objects", "*-Counter", "*.sqlite"))
		if err != nil || len(files) != 1 {
			t.Fatalf("files of objects: %v, %v", files, err)
		}
		damage(t, files[0])
		out, url, stop := dev(t, dir)
		defer stop()
		if got := get(t, url+"/home"); !strings.HasPrefix(got, "500 ") {
			t.Errorf("answered %s", got)
		}
		out.await(t, 0, regexp.QuoteMeta("storage file "+files[0])+" cannot be read as a SQLite database .* move it and its -wal file away to start empty")
	})
	t.Run("a damaged file of a database", func(t *testing.T) {
		config := filepath.Join(dir, "wrangler.toml")
		text, err := os.ReadFile(config)
		if err != nil {
			t.Fatal(err)
		}
		write(t, config, string(text)+"\n[[d1_databases]]\nbinding = \"DB\"\ndatabase_name = \"shop\"\n")
		file := filepath.Join(state, "d1", "shop.sqlite")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, file, strings.Repeat("no database ", 1000))
		out, _ := start(t, dir)
		_, at := out.await(t, 0, `(?s)not started; trying again until it does:.*storage file `+regexp.QuoteMeta(file)+` cannot be read as a SQLite database .* move it and its -wal file away`)
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		out.await(t, at, "ready on")
	})
}

func TestDevNamesTheVariableThatIsMissing(t *testing.T) {
	dir := readmeProject(t)
	config := filepath.Join(dir, "wrangler.toml")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	write(t, config, string(text)+"\n[secrets]\nrequired = [\"API_KEY\", \"SIGNING_KEY\"]\n")
	write(t, filepath.Join(dir, ".dev.vars.example"), "API_KEY='…'\nSIGNING_KEY='…'\nMAIL_KEY='…'\n")
	write(t, filepath.Join(dir, ".dev.vars"), "API_KEY=a\n")
	out, _ := start(t, dir)
	_, at := out.await(t, 0, `not built; waiting for a change:\n.*secrets.required names SIGNING_KEY, which is not set: write SIGNING_KEY=… into \S+/\.dev\.vars`)
	write(t, filepath.Join(dir, ".dev.vars"), "API_KEY=a\nSIGNING_KEY=s\n")
	_, at = out.await(t, at, `\.dev\.vars does not set MAIL_KEY, as \.dev\.vars\.example does`)
	out.await(t, at, "ready on")
}
