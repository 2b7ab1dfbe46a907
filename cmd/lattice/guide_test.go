package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// goBlocks returns the Go code in a page, block by block.
func goBlocks(t *testing.T, page string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", page))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split(string(text), "```go\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		blocks = append(blocks, block)
	}
	return blocks
}

// That the guide's code compiles is for tests/documents to see. Its class and its test also run, and pass.
func TestTheTestOfTheGuidePasses(t *testing.T) {
	worker, class, test := goBlocks(t, "docs/guide/workers.md")[0], goBlocks(t, "docs/guide/objects.md")[0], goBlocks(t, "docs/guide/tests.md")[0]
	class = strings.Replace(class, "{ … }", "{ return n, nil }", 1)
	dir := readmeProject(t)
	write(t, filepath.Join(dir, "main.go"), `package main

import (
	"context"
	"fmt"
	"net/http"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
)

`+worker+class)
	write(t, filepath.Join(dir, "main_test.go"), "package main\n\nimport (\n\"testing\"\n\n\"grove.place/lattice/latticetest\"\n)\n\n"+test)
	cmd := exec.Command("go", "test", ".") // which vets, too
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
