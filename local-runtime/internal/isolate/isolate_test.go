package isolate

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"grove.place/lattice/internal/abi"
)

var engine = sync.OnceValues(func() (*Engine, error) {
	wasm, err := build("./testdata/guest")
	if err != nil {
		return nil, err
	}
	return Compile(context.Background(), wasm, Config{CacheDir: filepath.Join(os.TempDir(), "lattice-test-cache")})
})

func build(dir string) ([]byte, error) {
	out, err := os.CreateTemp("", "guest*.wasm")
	if err != nil {
		return nil, err
	}
	defer os.Remove(out.Name())
	cmd := exec.Command("go", "build", "-o", out.Name(), dir)
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, errors.New(string(text))
	}
	return os.ReadFile(out.Name())
}

// recorder is a Guest that keeps what the program said.
type recorder struct {
	t       *testing.T
	in      *Instance
	now     int64
	result  abi.Value
	output  bytes.Buffer
	missing []string
}

func (g *recorder) Call(frame, op, id uint32, req []byte) ([]byte, int32) {
	r := abi.NewReader(req)
	switch op {
	case abi.OpDone:
		if !r.Bool() || r.U8() != abi.StatusOK {
			g.t.Errorf("DONE with an error")
		}
		g.result = r.Value()
		return Success(nil), 0
	case abi.OpSyncKVGet:
		return Success(func(w *abi.Writer) { w.Raw(bytes.Repeat([]byte{'x'}, 1000)) }), 0
	case abi.OpTxnSync:
		answer := g.in.Run(r.U32())
		return Success(func(w *abi.Writer) { w.Uint(uint64(answer)) }), 0
	}
	return nil, abi.WrongFrame
}

func (g *recorder) Nanotime() int64         { return g.now }
func (g *recorder) Walltime() time.Time     { return time.Unix(0, g.now) }
func (g *recorder) Random(p []byte)         { rand.Read(p) }
func (g *recorder) Output(fd int, p []byte) { g.output.Write(p) }
func (g *recorder) Missing(what string)     { g.missing = append(g.missing, what) }

func start(t *testing.T) *recorder {
	e, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	g := &recorder{t: t, now: 1e18}
	if g.in, err = e.Start(context.Background(), g, false); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.in.Close)
	return g
}

func (g *recorder) rpc(method string, args ...abi.Value) error {
	w := abi.NewWriter([]byte{abi.EventStart, abi.StartRPC, 0})
	w.Str(method)
	w.Values(args)
	g.result = nil
	if err := g.in.Deliver(1, w.Bytes()); err != nil {
		return err
	}
	return g.in.Resume()
}

func TestProgramIsServed(t *testing.T) {
	for _, c := range []struct {
		name, method string
		arg          abi.Value
		want         abi.Value
	}{
		{"an event larger than the inbox arrives whole", "length", make([]byte, 300_000), int64(300_000)},
		{"a result larger than the buffer is taken", "echo", nil, strings.Repeat("x", 1000)},
		{"standard output returns at once", "print", "hello", "6 <nil>"},
		{"a missing file is not there", "file", nil, "open /etc/passwd: No such file or directory true"},
		{"a callback that commits", "run", int64(1), int64(abi.RunCommit)},
		{"a callback that rolls back", "run", int64(2), int64(abi.RunRollback)},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := start(t)
			if err := g.rpc(c.method, c.arg); err != nil {
				t.Fatal(err)
			}
			if g.result != c.want {
				t.Errorf("got %v, want %v", g.result, c.want)
			}
			if c.method == "print" && g.output.String() != "hello\n" {
				t.Errorf("output %q", g.output.String())
			}
		})
	}
}

func TestTimerFiresWhenTheClockReachesIt(t *testing.T) {
	g := start(t)
	if err := g.rpc("sleep", int64(50)); err != nil {
		t.Fatal(err)
	}
	at, ok := g.in.Deadline()
	if !ok || at < g.now+50e6 || at > g.now+52e6 || g.result != nil {
		t.Fatalf("deadline after %d ns (%v), result %v", at-g.now, ok, g.result)
	}
	g.now = at
	if err := g.in.Resume(); err != nil {
		t.Fatal(err)
	}
	if ms, _ := g.result.(int64); ms < 50 || ms > 52 {
		t.Fatalf("slept %v ms", g.result)
	}
}

func TestMissingJavaScriptIsNamed(t *testing.T) {
	g := start(t)
	if err := g.rpc("missing"); err != nil {
		t.Fatal(err)
	}
	if s, _ := g.result.(string); !strings.Contains(s, "no JavaScript class or function Headers") {
		t.Errorf("the program saw %v", g.result)
	}
	if len(g.missing) != 1 {
		t.Errorf("reported %v", g.missing)
	}
}

func TestEndOfProgramNamesItsCause(t *testing.T) {
	for _, c := range []struct {
		method string
		arg    abi.Value
		want   string
	}{
		{"panic", nil, `the Go program exited: panic: boom`},
		{"exit", nil, "the Go program exited: exit code 3"},
		{"memory", nil, "the Go program exceeded the memory limit of its isolate, 128 MB: runtime: out of memory"},
		{"run", int64(3), "a transactionSync callback blocked"},
	} {
		t.Run(c.method, func(t *testing.T) {
			g := start(t)
			err := g.rpc(c.method, c.arg)
			var exit *Exit
			if !errors.As(err, &exit) || !strings.HasPrefix(exit.Cause, c.want) {
				t.Fatalf("got %v", err)
			}
			if again := g.in.Resume(); again != error(exit) {
				t.Errorf("the next entry: %v", again)
			}
		})
	}
}

func TestDescribe(t *testing.T) {
	wasm, err := build("./testdata/guest")
	if err != nil {
		t.Fatal(err)
	}
	v, err := Describe(context.Background(), wasm, filepath.Join(os.TempDir(), "lattice-test-cache"), false)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := v.(abi.Object).Get("classes").(abi.Array); !ok {
		t.Errorf("manifest %v", v)
	}
	for name, module := range map[string][]byte{"no module": []byte("hello"), "truncated": wasm[:1000], "empty module": []byte("\x00asm\x01\x00\x00\x00")} {
		if _, err := Describe(context.Background(), module, "", false); err == nil {
			t.Errorf("%s: described", name)
		} else {
			t.Logf("%s: %v", name, err)
		}
	}
}

func TestForeignModulesAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		message func(w *abi.Writer)
		want    string
	}{
		"another ABI version": {func(w *abi.Writer) { w.Uint(99); w.Uint(0); w.Uint(0); w.Str("go") }, "the module speaks ABI version 99 and this host version 2"},
		"garbage":             {func(w *abi.Writer) { w.Uint(abi.Version); w.U8(5) }, "the module's first message is malformed"},
	} {
		in := &Instance{}
		var w abi.Writer
		c.message(&w)
		if result := in.init(w.Bytes()); result[0] != abi.StatusError || in.refused == nil || !strings.HasPrefix(in.refused.Error(), c.want) {
			t.Errorf("%s: %v", name, in.refused)
		}
	}
	// A module with an import that no Go release that we know has.
	wasm := []byte("\x00asm\x01\x00\x00\x00\x01\x05\x01\x60\x01\x7f\x00\x02\x14\x01\x04gojs\x0bruntime.new\x00\x00")
	if _, err := Compile(context.Background(), wasm, Config{}); err == nil || !strings.Contains(err.Error(), "needs the Go runtime import runtime.new, which this host does not know: it knows Go 1.26") {
		t.Errorf("an unknown import: %v", err)
	}
}
