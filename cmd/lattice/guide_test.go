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

// The guide's code leaves out what a reader adds: imports, the bodies that are dots, what goes on around a fragment.
func TestTheCodeOfTheGuideCompiles(t *testing.T) {
	blocks := goBlocks(t, "docs/guide.md")
	if len(blocks) != 5 {
		t.Fatalf("the guide has %d blocks of Go, this test knows 5: teach it the others", len(blocks))
	}
	worker, class, call, failure, storage := blocks[0], blocks[1], blocks[2], blocks[3], blocks[4]
	class = strings.Replace(class, "{ … }", "{ return 0, nil }", 1)
	storage = strings.ReplaceAll(strings.Replace(storage, "{ … }", "{ _, _ = post, err }", 1), "{ … }", "{ return nil }")
	program := `package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
)

` + worker + class + `
func call(ctx context.Context) (int, error) {
` + call + `return total, err
}

func failure() (*Counter, error) {
` + failure + `}

type Post struct {
	ID    int64
	Title string
}

func store(ctx context.Context, state *durables.State, storage *durables.Storage, author string, cfg map[string]string) {
` + storage + `_, _, _ = n, found, err
}
`
	dir := readmeProject(t)
	write(t, filepath.Join(dir, "main.go"), program)
	cmd := exec.Command("go", "vet", ".")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
