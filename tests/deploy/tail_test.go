package deploy

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"grove.place/lattice/internal/symbols"
)

// lattice tail names the functions of the version that ran, whatever was built since.
func TestTailNamesGoFunctions(t *testing.T) {
	c := newCloud(t)
	w := c.api.Worker("plain")
	var table *symbols.Table
	for _, m := range w.Versions[0].Modules {
		if m.Type == "application/wasm" {
			var err error
			if table, err = symbols.Read(m.Content); err != nil {
				t.Fatal(err)
			}
		}
	}
	place, named := "", ""
	for i := 500; !strings.Contains(named, "tests/hello"); i++ {
		if i > 50000 {
			t.Fatal("no function of the program has a number")
		}
		place = fmt.Sprintf("wasm-function[%d]", i)
		named = table.Text(place)
	}
	path, err := command()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, "tail", "--json")
	cmd.Dir, cmd.Env = c.dir, environ(c.api.Environ()...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-c.api.Tailed()
	for _, version := range []string{w.Versions[0].ID, "00000000-0000-4000-8000-000000000000"} {
		c.api.Tail(`{"outcome":"exception","scriptVersion":{"id":"` + version + `"},"event":null,"logs":[{"level":"error","message":["at ` + place + `"]}],"exceptions":[{"name":"Error","message":"m","stack":"at ` + place + `"}]}`)
	}
	var e struct {
		Logs       []struct{ Message []string }
		Exceptions []struct{ Stack string }
	}
	lines := bufio.NewReader(out)
	for _, want := range []string{"at " + named, "at " + place} { // nobody has the module of the second
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Logs[0].Message[0] != want || e.Exceptions[0].Stack != want {
			t.Errorf("%v %s, want %s", err, line, want)
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, lines); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if n := len(c.api.Find("DELETE", "/accounts/*/workers/scripts/plain/tails/*")); n != 1 {
		t.Errorf("%d tails were deleted", n)
	}
}
