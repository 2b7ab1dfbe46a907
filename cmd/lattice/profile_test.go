package main

import (
	"context"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const busyProgram = `package main

import (
	"fmt"
	"net/http"

	"grove.place/lattice/workers"
)

func main() {
	http.HandleFunc("/busy", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, toil()) })
	workers.Serve(nil)
}

//go:noinline
func toil() (n int) {
	for i := range 3000 {
		n += step(i)
	}
	return n
}

//go:noinline
func step(n int) int {
	for i := range 1000 {
		n = n*31 + i
	}
	return n
}
`

// TestProfileNamesTheBusyFunctionForTheUsualTool: of a program that lattice dev runs, with the command and "go tool pprof".
func TestProfileNamesTheBusyFunctionForTheUsualTool(t *testing.T) {
	long(t)
	dir := readmeProject(t)
	write(t, filepath.Join(dir, "main.go"), busyProgram)
	write(t, filepath.Join(dir, "wrangler.toml"), "name = \"busy\"\nmain = \"build/dist/worker.mjs\"\ncompatibility_date = \"2026-10-01\"\n")
	config := filepath.Join(dir, "wrangler.toml")
	var none log
	none.changed = make(chan struct{})
	if code := run(t.Context(), []string{"profile", "--config", config, "--seconds", "1"}, &none, &none); code != exitFailure || !strings.Contains(none.text.String(), "no lattice dev runs on") {
		t.Errorf("without a server: %d %s", code, none.text.String())
	}
	out, _ := startArgs(t, "--config", config, "--inspector-port", "0")
	match, _ := out.await(t, 0, `ready on (http://\S+)`)
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		for ctx.Err() == nil {
			if resp, err := http.Get(match[1] + "/busy"); err == nil {
				resp.Body.Close()
			}
		}
	}()
	file := filepath.Join(dir, "cpu.pprof")
	said := &log{changed: make(chan struct{})}
	code := run(t.Context(), []string{"profile", "--config", config, "--seconds", "1", "-o", file}, said, said)
	cancel()
	<-asked
	if code != exitOK {
		t.Fatalf("%d %s", code, said.text.String())
	}
	top, err := exec.Command("go", "tool", "pprof", "-top", "-nodecount=1", file).CombinedOutput()
	if err != nil || !strings.Contains(string(top), "main.step") {
		t.Errorf("%v\n%s", err, top)
	}
}
