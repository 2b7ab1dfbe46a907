package local_test

import (
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/local-runtime/testdata/ring/node"
)

func TestMemoryLimit(t *testing.T) {
	o := ring()
	o.Logger, o.Isolates, o.MemoryLimit = quiet(), 1, 40<<20
	h := local.StartTest(t, o)
	ctx := h.Context()
	must[int](t)(node.Add.Call(ctx, nodeOf("x"), 5))
	if _, err := node.Churn.Call(ctx, nodeOf("x"), 500); err != nil {
		t.Errorf("garbage is not collected in time: %v", err)
	}
	if used := h.Memory(); used > o.MemoryLimit {
		t.Errorf("%d bytes are in use", used)
	}
	_, err := node.Hog.Call(ctx, nodeOf("x"), durables.None{})
	if err == nil || !strings.Contains(err.Error(), "the Go program exceeded the memory limit of its isolate, 40 MB: runtime: out of memory") {
		t.Errorf("it took all there is: %v", err)
	}
	if n := must[int](t)(node.Add.Call(ctx, nodeOf("x"), 1)); n != 6 {
		t.Errorf("%d in a fresh instance, want what was stored and one", n)
	}
}

func TestCPULimit(t *testing.T) {
	o := ring()
	o.Logger, o.Isolates, o.CPULimit = quiet(), 1, time.Second
	h := local.StartTest(t, o)
	ctx := h.Context()
	must[int](t)(node.Add.Call(ctx, nodeOf("x"), 5))
	for range 2 {
		_, err := node.Spin.Call(ctx, nodeOf("x"), durables.None{})
		if err == nil || !strings.Contains(err.Error(), "the Go program ran for more than 1s without waiting for anything") {
			t.Errorf("an endless loop ended with %v", err)
		}
	}
	if n := must[int](t)(node.Add.Call(ctx, nodeOf("x"), 1)); n != 6 {
		t.Errorf("%d in a fresh instance, want what was stored and one", n)
	}
}
