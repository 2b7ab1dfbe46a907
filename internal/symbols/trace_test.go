package symbols

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestATraceIsShownWithTheCallsOfTheProgram: what is shown was written by hand; build/shim has the same test of its own half.
func TestATraceIsShownWithTheCallsOfTheProgram(t *testing.T) {
	files, err := filepath.Glob("testdata/*.trace")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text := read(t, file)
		head, calls := ReadTrace(text)
		got := strings.TrimRight(head+"\n"+Shown(calls), "\n") + "\n"
		if want := read(t, strings.TrimSuffix(file, ".trace")+".shown"); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTheSDKIsKnownByItsPackages: what else is below workers/ is an application.
func TestTheSDKIsKnownByItsPackages(t *testing.T) {
	entries, err := os.ReadDir("../../workers")
	if err != nil {
		t.Fatal(err)
	}
	applications := []string{"grove", "heartwood", "meadow"}
	for _, e := range entries {
		if e.IsDir() && slices.Contains(sdkPackages, e.Name()) == slices.Contains(applications, e.Name()) {
			t.Errorf("workers/%s is neither of the SDK, by sdkPackages, nor an application of this test's list", e.Name())
		}
	}
	for function, foreign := range map[string]bool{
		"main.main": false, "example.com/shop.Buy": false, "net/http.Serve": true, "panic": true, "strings.Cut": true,
		"grove.place/lattice/workers.Run": true, "grove.place/lattice/workers/d1.Database.Prepare": true, "grove.place/lattice/workers/cloudflare/kv.New": true,
		"grove.place/lattice/workers/grove/site.Serve": false, "grove.place/lattice/durables/session.New": false, "grove.place/lattice/durables.New": true,
		"hello/counter.(*Counter).add": false, "visits.Add": false, "slices.SortFunc[go.shape.struct { example.com/a.T }]": true, "type:.eq.main.T": true, "memeqbody": true,
		"created by main.leak": false, "created by net/http.Serve": true,
	} {
		if Foreign(function) != foreign {
			t.Errorf("%s: foreign %v", function, !foreign)
		}
	}
}

func TestTheStandardLibraryIsKnown(t *testing.T) {
	text, err := exec.Command("go", "list", "std").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.Lines(string(text)) {
		if first, _, _ := strings.Cut(strings.TrimSpace(name), "/"); !slices.Contains(standard, first) {
			t.Errorf("%s is taken for a program's own", name)
		}
	}
}

func FuzzReadTrace(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.trace")
	for _, file := range files {
		text, _ := os.ReadFile(file)
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		head, calls := ReadTrace(text)
		if len(head) > len(text) || len(calls) > strings.Count(text, "\n")+1 {
			t.Errorf("%d bytes and %d calls of %d bytes", len(head), len(calls), len(text))
		}
		Shown(calls)
	})
}
