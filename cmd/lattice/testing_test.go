package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The tests of docs/testing.md pass, but for the last, which has to fail.
func TestTheTestsOfTheTestingPageDoAsItSays(t *testing.T) {
	blocks := goBlocks(t, "docs/testing.md")
	if len(blocks) != 5 {
		t.Fatalf("the page has %d blocks of Go, this test knows 5: teach it the others", len(blocks))
	}
	dir := readmeProject(t)
	write(t, filepath.Join(dir, "main.go"), `package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
)

func main() { workers.Serve(http.NotFoundHandler()) }

`+blocks[0])
	write(t, filepath.Join(dir, "main_test.go"), `package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"grove.place/lattice/durables"
	local "grove.place/lattice/local-runtime"
)

`+strings.Join(blocks[1:], "\n"))
	cmd := exec.Command("go", "test", ".")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	text := string(out)
	if err == nil || !strings.Contains(text, "0 was given out twice") || !strings.Contains(text, "--- FAIL: TestNumbersAreGivenOutOnce/seed=") {
		t.Errorf("the race was not found as the page says: %v\n%s", err, text)
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "--- FAIL: ") && !strings.HasPrefix(line, "--- FAIL: TestNumbersAreGivenOutOnce") || strings.Contains(line, "[build failed]") {
			t.Errorf("another test fails as well:\n%s", text)
			break
		}
	}
}
