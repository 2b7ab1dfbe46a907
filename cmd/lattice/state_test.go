package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// lattice runs a command line.
func lattice(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	var b strings.Builder
	code = run(t.Context(), args, &b, &b)
	return code, b.String()
}

func TestStateIsClearedWhenThatIsMeant(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "wrangler.toml")
	state := filepath.Join(dir, ".lattice", "state")
	for _, path := range []string{"objects/w-Box/x.sqlite", "kv/a.sqlite", "notes.txt"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(state, path)), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(state, path), "1234")
	}
	if code, out := lattice(t, "state", "clear", "--config", config); code != exitOK || out != "would delete 2 files, 8 bytes, in "+state+"; add --yes to delete it\n" {
		t.Errorf("%d: %s", code, out)
	}
	if code, out := lattice(t, "state", "clear", "--config", config, "--yes"); code != exitOK || out != "deleted 2 files, 8 bytes, in "+state+"\n" {
		t.Errorf("%d: %s", code, out)
	}
	if left, err := os.ReadDir(state); err != nil || len(left) != 1 || left[0].Name() != "notes.txt" {
		t.Errorf("left: %v, %v", left, err)
	}
	if code, out := lattice(t, "state", "clear", "--config", config); code != exitOK || out != "nothing is stored in "+state+"\n" {
		t.Errorf("%d: %s", code, out)
	}
}

func TestImportNeedsAFolderOfWranglerDev(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "wrangler.toml")
	write(t, config, "name = \"w\"\n[[kv_namespaces]]\nbinding = \"K\"\nid = \"k\"\n")
	code, out := lattice(t, "state", "import", "--config", config)
	if code != exitFailure || !strings.Contains(out, "there is no folder "+filepath.Join(dir, ".wrangler", "state")) {
		t.Errorf("%d: %s", code, out)
	}
	if err := os.MkdirAll(filepath.Join(dir, ".wrangler", "state", "v3", "kv"), 0o755); err != nil {
		t.Fatal(err)
	}
	code, out = lattice(t, "state", "import", "--config", config)
	if code != exitOK || out != "there is nothing to import in "+filepath.Join(dir, ".wrangler", "state")+"\n" {
		t.Errorf("%d: %s", code, out)
	}
}
