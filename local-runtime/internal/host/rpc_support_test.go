package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/clock"
)

var rpcGuest = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "guest.wasm")
	cmd := exec.Command("go", "build", "-o", out, "./testdata/rpcguest")
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, errors.New(string(text))
	}
	return os.ReadFile(out)
})

// nativeEcho is native code whose functions return their arguments.
type nativeEcho struct {
	mu       sync.Mutex
	released []uint64
}

func (n *nativeEcho) Call(number uint64, path []string, args []byte) []byte {
	if number == 404 {
		var w abi.Writer
		w.U8(abi.StatusError)
		w.Error(&abi.Error{Name: "RangeError", Message: "in native code"})
		return w.Bytes()
	}
	return append([]byte{abi.StatusOK, abi.TagArray}, args...)
}

func (n *nativeEcho) Released(number uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.released = append(n.released, number)
}

// rpcHost is a host with the guest of testdata/rpcguest, and native code that calls it.
type rpcHost struct {
	*Host
	t      testing.TB
	echo   *nativeEcho
	serial uint64
}

func newRPCHost(t testing.TB, isolates int) *rpcHost {
	module, err := rpcGuest()
	if err != nil {
		t.Fatal(err)
	}
	echo := &nativeEcho{}
	h, err := New(context.Background(), Config{
		Module: module, Script: "raw", Objects: map[string]string{"O": "Class"}, Services: map[string]string{"SELF": "raw"},
		Dir: t.TempDir(), CacheDir: filepath.Join(os.TempDir(), "lattice-test-cache"), Isolates: isolates, Network: noNetwork{},
		Clock: clock.NewVirtual(time.Unix(1e9, 0)), Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Native: echo,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return &rpcHost{Host: h, t: t, echo: echo}
}

// stub returns a new stub of an object.
func (h *rpcHost) stub(name string) abi.Target {
	h.serial++
	return abi.Target{Kind: abi.TargetObject, Stub: abi.Stub{Binding: "O", Named: true, Ref: name, Serial: h.serial}}
}

var worker = abi.Target{Kind: abi.TargetService, Service: "SELF"}

func held(number uint64) abi.Target { return abi.Target{Kind: abi.TargetHeld, Held: number} }

// call makes a call and returns its value or error.
func (h *rpcHost) call(t abi.Target, path string, args ...abi.Value) (abi.Value, *abi.Error) {
	h.t.Helper()
	return h.do(abi.RPC{Target: t, Path: steps(path)}, args...)
}

func steps(path string) []string {
	if path == "" {
		return nil
	}
	return strings.Split(path, ".")
}

func (h *rpcHost) do(c abi.RPC, args ...abi.Value) (abi.Value, *abi.Error) {
	h.t.Helper()
	var w abi.Writer
	w.RPC(c)
	w.Values(args)
	return h.invoke(abi.OpRPC, w.Bytes())
}

func (h *rpcHost) invoke(op uint32, request []byte) (abi.Value, *abi.Error) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	result, err := h.Invoke(ctx, op, request)
	if err != nil {
		h.t.Fatalf("operation %d: %v", op, err)
	}
	r := abi.NewReader(result)
	if r.U8() == abi.StatusError {
		return nil, r.Error()
	}
	if r.Remaining() == 0 {
		return nil, nil
	}
	if op != abi.OpRPC {
		return int64(r.Uint()), nil
	}
	return r.Value(), nil
}

// must is call for what succeeds.
func (h *rpcHost) must(t abi.Target, path string, args ...abi.Value) abi.Value {
	h.t.Helper()
	v, failed := h.call(t, path, args...)
	if failed != nil {
		h.t.Fatalf("%s: %v", path, failed)
	}
	return v
}

func (h *rpcHost) mustStub(t abi.Target, path string, args ...abi.Value) uint64 {
	h.t.Helper()
	s, ok := h.must(t, path, args...).(abi.StubValue)
	if !ok || s.Owner != abi.HeldByHost {
		h.t.Fatalf("%s returned %+v, want a stub that the host holds", path, s)
	}
	return s.Number
}

func (h *rpcHost) release(numbers ...uint64) {
	h.t.Helper()
	var w abi.Writer
	w.Uint(uint64(len(numbers)))
	for _, n := range numbers {
		w.Uint(n)
	}
	if _, failed := h.invoke(abi.OpRelease, w.Bytes()); failed != nil {
		h.t.Fatal(failed)
	}
	h.work.wait()
}

func (h *rpcHost) equal(what string, got, want abi.Value) {
	h.t.Helper()
	if !reflect.DeepEqual(got, want) {
		h.t.Errorf("%s: %#v, want %#v", what, got, want)
	}
}

// fails checks the text of an error.
func (h *rpcHost) fails(what string, failed *abi.Error, want string) {
	h.t.Helper()
	if failed == nil || failed.Message != want {
		h.t.Errorf("%s: %v, want %q", what, failed, want)
	}
}

// empty checks that nothing is left in any table.
func (h *rpcHost) empty() {
	h.t.Helper()
	h.work.wait()
	check := func(where string, p *peer) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.streams.mu.Lock()
		defer p.streams.mu.Unlock()
		if len(p.held)+len(p.streams.reads)+len(p.streams.writes)+len(p.streams.passed) > 0 {
			h.t.Errorf("%s: %d stubs held, streams: %d read, %d written, %d passed", where, len(p.held), len(p.streams.reads), len(p.streams.writes), len(p.streams.passed))
		}
	}
	check("native", h.native.peer)
	for i, s := range h.isolates {
		s.do(func() {
			check(fmt.Sprintf("isolate %d", i), s.peer)
			if len(s.exported)+len(s.resting) > 0 {
				h.t.Errorf("isolate %d: %d numbers passed on, %d events resting", i, len(s.exported), len(s.resting))
			}
			for _, o := range s.objects {
				if o.scope.referenced() {
					h.t.Errorf("%s: %d passed on, %d held", o.label(), o.scope.exports, len(o.scope.held))
				}
			}
			for _, f := range s.frames {
				if f.kind != abi.StartConstruct {
					h.t.Errorf("%s has not ended", f.label())
				}
			}
		})
	}
}

const (
	gone     = "The execution context which hosts this callback is no longer running."
	disposed = "RPC stub used after being disposed."
)

func (h *rpcHost) keyOf(t abi.Target) key {
	h.t.Helper()
	l, failed := h.resolve(t.Stub)
	if failed != nil {
		h.t.Fatal(failed)
	}
	return l.key
}
