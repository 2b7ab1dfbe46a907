// Package state moves what a Worker has stored from wrangler dev to the local host.
package state

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"grove.place/lattice/build"
	"grove.place/lattice/internal/wrangler"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/tests/workerd"
)

// project makes a folder with the Worker, built, and its configuration.
func project(t *testing.T) (dir string, module []byte) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range []string{"entry.mjs", "wrangler.toml"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := wrangler.Load(filepath.Join(dir, "wrangler.toml"), "")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Main = filepath.Join("dist", build.WorkerFile)
	result, err := build.Build(t.Context(), build.Options{Package: "./app", Out: filepath.Join(dir, "dist"), Config: cfg, NoSizes: true, CacheDir: local.TestCacheDir()})
	if err != nil {
		t.Fatal(err)
	}
	return dir, result.Module
}

// wranglerDev starts wrangler dev. kill ends it and workerd, with nothing put in order.
func wranglerDev(t *testing.T, dir string) (address string, kill func()) {
	t.Helper()
	cmd, err := workerd.Wrangler(t.Context(), "dev", "--port", "0", "--inspector-port", "0")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it starts workerd, which must end with it
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killed := false
	kill = func() {
		if !killed {
			killed = true
			syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			cmd.Wait()
		}
	}
	t.Cleanup(kill)
	ready := regexp.MustCompile(`Ready on (http://\S+)`)
	var log bytes.Buffer
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		fmt.Fprintln(&log, lines.Text())
		if m := ready.FindStringSubmatch(lines.Text()); m != nil {
			go io.Copy(io.Discard, out)
			return m[1], kill
		}
	}
	t.Fatalf("wrangler dev did not start:\n%s", log.String())
	return "", nil
}

// asked gets a path of a Worker.
type asked func(path string) string

func of(t *testing.T, address string) asked {
	return func(path string) string {
		t.Helper()
		resp, err := http.Get(address + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s: %s %v", path, resp.Status, text, err)
		}
		return string(text)
	}
}

func ofHost(t *testing.T, h http.Handler) asked {
	return func(path string) string {
		t.Helper()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "http://moving.example"+path, nil))
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d: %s", path, w.Code, w.Body)
		}
		return w.Body.String()
	}
}

// everything is what the program shows of all that it has stored.
func (get asked) everything(id string) (shown map[string]string) {
	shown = map[string]string{}
	for _, path := range []string{"/show?name=ann", "/show?name=java", "/show?id=" + url.QueryEscape(id), "/stores/show"} {
		shown[path] = get(path)
	}
	return shown
}

// The program says the same of what it has stored before it moves, on workerd in wrangler dev, and after, on the local host.
func TestEverythingMovesFromWranglerDev(t *testing.T) {
	dir, module := project(t)
	address, kill := wranglerDev(t, dir)
	before := of(t, address)
	id := before("/id")
	alarm := time.Now().Add(30 * time.Minute).UnixMilli()
	for _, path := range []string{fmt.Sprintf("/fill?name=ann&alarm=%d", alarm), fmt.Sprintf("/fill?id=%s&alarm=%d", id, alarm), "/stores/fill"} {
		before(path)
	}
	before(fmt.Sprintf("/fill?name=java&alarm=%d", alarm))
	before("/?javascript=java&call=fillFromJavaScript")
	want := before.everything(id)
	before("/?javascript=java&call=putBlob") // with it there is no listing the object in Go
	kill()
	if logs, _ := filepath.Glob(filepath.Join(dir, ".wrangler", "state", "v3", "do", "moving-Vault", "*.sqlite-wal")); len(logs) == 0 {
		t.Error("there is no write-ahead log: the test does not show that what is in one moves as well")
	}
	bin := filepath.Join(dir, "lattice")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "grove.place/lattice/cmd/lattice").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	lattice := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), bin, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	state := filepath.Join(dir, ".lattice", "state")
	plan, err := lattice("state", "import", "--dry-run")
	if _, missing := os.Stat(state); err != nil || missing == nil {
		t.Errorf("a dry run: %v, the folder: %v\n%s", err, missing, plan)
	}
	done, err := lattice("state", "import")
	for _, line := range []string{"3 objects of Vault: 3 tables, 41 keys, 3 alarms\n", "D1 DB: 1 table\n", "KV CACHE: 4 keys, 23 bytes\n", "KV NO_ID: 4 keys, 23 bytes\n",
		"R2 PICTURES: 3 objects, 5.2 MB\n", "Vault: object \"java\": key \"unreadable\": it has a Blob in it, which storage in Go cannot hold\n"} {
		if err != nil || !strings.Contains(done, line) || !strings.Contains(plan, line) {
			t.Errorf("lattice state import: %v, want %q in\n%s\nand planned\n%s", err, line, done, plan)
		}
	}
	if again, err := lattice("state", "import"); err == nil || !strings.Contains(again, "--force") || !strings.Contains(again, filepath.Join("d1", "moving-users.sqlite")) {
		t.Errorf("importing twice: %v\n%s", err, again)
	}
	compare(t, state, module, id, alarm, want)
	if again, err := lattice("state", "import", "--force"); err != nil || again != done {
		t.Errorf("importing again: %v\n%s", err, again)
	}
}

// compare starts a local host in the folder, and has it say what is stored.
func compare(t *testing.T, state string, module []byte, id string, alarm int64, want map[string]string) {
	h := local.StartTest(t, local.TestOptions{Options: local.Options{
		Module: module, Name: "moving", Dir: state, Clock: local.NewVirtualClock(time.Now()), Objects: map[string]string{"VAULTS": "Vault"},
		Databases: map[string]local.Database{"DB": {ID: "moving-users"}}, Buckets: map[string]string{"PICTURES": "moving-pictures"},
		KV: map[string]string{"CACHE": "0123456789abcdef0123456789abcdef", "NO_ID": "NO_ID"},
	}})
	after := ofHost(t, h)
	for path, text := range after.everything(id) {
		if text != want[path] {
			t.Errorf("%s on the local host:\n%s\nin wrangler dev:\n%s", path, text, want[path])
		}
		if !strings.Contains(want[path], map[bool]string{true: "ann", false: "héllo €"}[path == "/stores/show"]) {
			t.Errorf("%s shows nothing:\n%s", path, want[path])
		}
	}
	h.Clock.Advance(2 * time.Hour) // past the alarms, and past what one key was kept for
	if text := after("/show?name=ann"); !strings.Contains(text, "alarm: string rang for anntrue") {
		t.Errorf("after its alarm the object has\n%s", text)
	}
	if text := after("/stores/show"); strings.Contains(text, "kept for an hour") {
		t.Errorf("a value of KV did not expire:\n%s", text)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
}
