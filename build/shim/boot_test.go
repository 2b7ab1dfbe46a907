package shim_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A module that cannot run here says so in one sentence.
func TestBoot(t *testing.T) {
	guest := compile(t, "./testdata/guest")
	for _, c := range []struct{ name, file, version, want string }{
		{"a Lattice module", guest, "2", "hello"},
		{"another ABI version", guest, "3",
			"the Go instance was refused: the module speaks version 2 of the Lattice ABI and this shim version 3: build both with the same Lattice release"},
		{"a newer Go", "unknown", "2",
			"the module imports novelty?, which Go 1.26 does not have: build it with Go 1.26, or use the Lattice version for your Go"},
		{"another Go program", compile(t, "./testdata/plain"), "2",
			"the module does not export lattice_deliver, lattice_inbox, lattice_run: it was not built with the Lattice SDK"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := node(t, "testdata/boot.mjs", c.file, c.version)
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimSpace(string(out)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func compile(t *testing.T, pkg string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "app.wasm")
	cmd := exec.Command("go", "build", "-o", file, pkg)
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return file
}
