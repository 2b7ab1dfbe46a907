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
func TestTheCodeOfTheGuideCompilesAndItsTestPasses(t *testing.T) {
	blocks := goBlocks(t, "docs/guide.md")
	if len(blocks) != 16 {
		t.Fatalf("the guide has %d blocks of Go, this test knows 16: teach it the others", len(blocks))
	}
	worker, class, call, failure, references, entrypoint, blocks := blocks[0], blocks[1], blocks[2], blocks[3], blocks[4], blocks[5], blocks[6:]
	storage, database, values, objects, counts, room, join, outbound, tcp, test := blocks[0], blocks[1], blocks[2], blocks[3], blocks[4], blocks[5], blocks[6], blocks[7], blocks[8], blocks[9]
	references = strings.Replace(references, "{ … }", "{ return f.posts, nil }", 1)
	references = strings.Replace(references, "{ … }", "{ return rpc.None{}, nil }", 1)
	class = strings.Replace(class, "{ … }", "{ return n, nil }", 1)
	storage = strings.ReplaceAll(strings.Replace(storage, "{ … }", "{ _, _ = post, err }", 1), "{ … }", "{ return nil }")
	declaration, use, _ := strings.Cut(strings.Replace(values, "{ … }", "{ _, _ = key, err }", 1), "\n\n")
	bucket, transfers, _ := strings.Cut(objects, "\n\n")
	program := `package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/analyticsengine"
	"grove.place/lattice/workers/cache"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/fetch"
	"grove.place/lattice/workers/kv"
	"grove.place/lattice/workers/r2"
	"grove.place/lattice/workers/ratelimit"
	"grove.place/lattice/workers/rpc"
	"grove.place/lattice/workers/sockets"
	"grove.place/lattice/workers/versionmetadata"
	"grove.place/lattice/workers/websocket"
)

` + worker + class + references + entrypoint + room + join + `
var Rooms = Room.Namespace("ROOMS")

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

func read(ctx context.Context, author string) error {
` + database + `return err
}

` + declaration + `

func keep(ctx context.Context, token string, session, device any) error {
` + use + `_ = found
	return err
}

` + bucket + `

func transfer(ctx context.Context, req *http.Request, key string) error {
` + transfers + `_, _ = stored, object
	return err
}

var (
	logins = ratelimit.Limiter("LOGINS")
	visits = analyticsengine.Dataset("VISITS")
)

func count(ctx context.Context, r *http.Request, user, site, path string) error {
` + counts + `_, _ = allowed, version
	return err
}

func send(r *http.Request) error {
` + outbound + `_, _ = resp, where
	return err
}

func connect(ctx context.Context) error {
` + tcp + `_ = conn
	return err
}
`
	test = "package main\n\nimport (\n\"testing\"\n\nlocal \"grove.place/lattice/local-runtime\"\n)\n\n" + test
	dir := readmeProject(t)
	write(t, filepath.Join(dir, "main.go"), program)
	write(t, filepath.Join(dir, "main_test.go"), test)
	cmd := exec.Command("go", "test", ".") // which vets, too
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
