package local_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/local-runtime/testdata/thing"
	"grove.place/lattice/workers/rpc"
)

func TestNativeCodePassesFunctionsAndTargets(t *testing.T) {
	h := start(t)
	ctx, o := h.Context(), named("visited")
	double := rpc.NewFunction(ctx, func(ctx context.Context, n int) (int, error) {
		total, err := thing.Add.Call(ctx, named("another"), n) // it may call the host
		return 2 * total, err
	})
	if sum, err := thing.Visit.Call(ctx, o, double); err != nil || sum != 2*(1+3+6) {
		t.Errorf("%d, %v", sum, err)
	}
	failing := rpc.NewFunction(ctx, func(context.Context, int) (int, error) { return 0, errors.New("native code failed") })
	if _, err := thing.Visit.Call(ctx, o, failing); err == nil || !strings.Contains(err.Error(), "native code failed") {
		t.Errorf("a function that fails: %v", err)
	}
	tally := &thing.Tally{Sum: 10, Disposed: make(chan struct{})}
	if sum, err := thing.Count3.Call(ctx, o, thing.Tallies.New(ctx, tally)); err != nil || sum != 16 || tally.Sum != 16 {
		t.Errorf("%d, %d, %v", sum, tally.Sum, err)
	}
	select {
	case <-tally.Disposed:
	case <-time.After(time.Minute):
		t.Error("the target was not disposed of")
	}
}

func TestNativeCodeCallsWhatIsReturned(t *testing.T) {
	h := start(t)
	ctx := h.Context()
	tally, err := thing.NewTally.Call(ctx, named("counting"), 5)
	if err != nil {
		t.Fatal(err)
	}
	if sum, err := thing.TallyAdd.Call(ctx, tally, 7); err != nil || sum != 12 {
		t.Errorf("%d, %v", sum, err)
	}
	if sum, err := thing.Count3.Call(ctx, named("other"), tally); err != nil || sum != 18 {
		t.Errorf("called by another object: %d, %v", sum, err)
	}
	h.Clock.Advance(time.Minute)
	if sum, err := thing.TallyAdd.Call(ctx, tally, 1); err != nil || sum != 19 {
		t.Errorf("after a minute: %d, %v", sum, err)
	}
	if _, err := thing.TallyAdd.Call(ctx, tally, -1); err == nil || !strings.Contains(err.Error(), "no less") {
		t.Errorf("a call that fails: %v", err)
	}
	if err := tally.Dispose(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := thing.TallyAdd.Call(ctx, tally, 1); err == nil || !strings.Contains(err.Error(), "used after being disposed") {
		t.Errorf("after Dispose: %v", err)
	}
}
