package local_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/local-runtime/testdata/ring/node"
)

// TestAnInstanceThatDiesTakesEverythingWithItAndComesBack: whatever kills the Go program, each event in flight fails with the cause, what was
// committed is there, and objects are constructed again.
func TestAnInstanceThatDiesTakesEverythingWithItAndComesBack(t *testing.T) {
	for _, c := range []struct {
		name, cause string
		kill        func(ctx context.Context) error
	}{
		{"os.Exit", "the Go program exited: exit code 3", func(ctx context.Context) error {
			_, err := node.Exit.Call(ctx, nodeOf("dies"), durables.None{})
			return err
		}},
		{"a panic in a stray goroutine", "the Go program exited: panic: nobody recovers this", func(ctx context.Context) error {
			_, err := node.Stray.Call(ctx, nodeOf("dies"), "nobody recovers this")
			return err
		}},
		{"out of memory", "the Go program exceeded the memory limit of its isolate, 128 MB: runtime: out of memory", func(ctx context.Context) error {
			_, err := node.Hog.Call(ctx, nodeOf("dies"), durables.None{})
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := ring()
			o.Logger = quiet()
			sim := local.NewSim(t, o, 1)
			if _, err := node.Add.Call(sim.Context(), nodeOf("dies"), 5); err != nil {
				t.Fatal(err)
			}
			failed := map[string]error{}
			sim.Go("sleeper", func(ctx context.Context) error {
				_, failed["sleeper"] = node.Nap.Call(ctx, nodeOf("another"), 60_000)
				return nil
			})
			sim.Go("section", func(ctx context.Context) error {
				_, failed["section"] = node.Guard.Call(ctx, nodeOf("a third"), 20_000)
				return nil
			})
			sim.Go("killer", func(ctx context.Context) error {
				sim.Sleep(time.Second)
				failed["killer"] = c.kill(ctx)
				return nil
			})
			if err := sim.Run(); err != nil {
				t.Fatal(err)
			}
			for _, who := range []string{"sleeper", "section", "killer"} {
				if err := failed[who]; err == nil || !strings.Contains(err.Error(), c.cause) {
					t.Errorf("%s got %v, want %s", who, err, c.cause)
				}
			}
			if n := must[int](t)(node.Add.Call(sim.Context(), nodeOf("dies"), 1)); n != 6 {
				t.Errorf("%d after the death, want what was committed and one", n)
			}
			if log := must[[]string](t)(node.Log.Call(sim.Context(), nodeOf("dies"), durables.None{})); len(log) != 1 {
				t.Errorf("the object remembers %q: it was not constructed again", log)
			}
		})
	}
}

func TestAModuleThatDoesNotStartSaysWhy(t *testing.T) {
	h := local.StartTest(t, local.TestOptions{Package: "./testdata/panics", Options: local.Options{
		Objects: map[string]string{"NODES": "Node"}, Logger: quiet(),
	}})
	const want = "panic: assignment to entry in nil map"
	for range 2 {
		if status, got := request(t, h, "GET", "/", nil); status != 500 || !strings.Contains(got, "The module does not start:") || !strings.Contains(got, want) {
			t.Errorf("%d %s", status, got)
		}
	}
	if _, err := node.Add.Call(h.Context(), nodeOf("x"), 1); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a call: %v", err)
	}
}

func TestReloadLetsRequestsFinishAndAlarmsRun(t *testing.T) {
	sim := local.NewSim(t, ring(), 3)
	ctx := sim.Context()
	module, err := local.BuildTest("./testdata/ring")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := node.Arm.Call(ctx, nodeOf("armed"), 60_000); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		sim.Go(fmt.Sprint("adder ", i), func(ctx context.Context) error {
			_, err := node.Both.Call(ctx, nodeOf("b"), []string{"c", "d"})
			return err
		})
	}
	sim.Go("reload", func(context.Context) error { return sim.Reload(context.Background(), module) })
	if err := sim.Run(); err != nil {
		t.Error(err)
	}
	sim.Clock.Advance(2 * time.Minute)
	if n := must[int](t)(node.Add.Call(ctx, nodeOf("armed"), 0)); n < 100 {
		t.Errorf("the alarm that was pending did not run: %d", n)
	}
	for _, name := range []string{"c", "d"} {
		if n := must[int](t)(node.Add.Call(ctx, nodeOf(name), 0)); n != 3 {
			t.Errorf("%s has %d of 3 calls", name, n)
		}
	}
}

func TestAReloadInAnAlarmRunsItAgain(t *testing.T) {
	o := ring()
	o.Logger = quiet()
	sim := local.NewSim(t, o, 1)
	ctx := sim.Context()
	module, err := local.BuildTest("./testdata/ring")
	if err != nil {
		t.Fatal(err)
	}
	for seed := range 5 { // the handler fails by chance as well: some of these objects are in their retries
		if _, err := node.Arm.Call(ctx, nodeOf(fmt.Sprint("n", seed)), 10); err != nil {
			t.Fatal(err)
		}
	}
	sim.Clock.Advance(10 * time.Millisecond)
	if err := sim.Reload(ctx, module); err != nil {
		t.Fatal(err)
	}
	sim.Clock.Advance(10 * time.Minute)
	for seed := range 5 {
		name := fmt.Sprint("n", seed)
		if n := must[int](t)(node.Add.Call(ctx, nodeOf(name), 0)); n < 100 {
			t.Errorf("the alarm of %s did not run: %d", name, n)
		}
		if _, set, err := sim.Storage("Node", name).Alarm(); err != nil || set {
			t.Errorf("the alarm of %s is set still: %v, %v", name, set, err)
		}
	}
}

func TestALogLineNamesItsObjectOnce(t *testing.T) {
	var log lockedBuffer
	o := ring()
	o.Logger = log.logger()
	h := local.StartTest(t, o)
	if _, err := node.Print.Call(h.Context(), nodeOf("x"), durables.None{}); err != nil {
		t.Fatal(err)
	}
	id := must[string](t)(h.ObjectID("Node", "x"))
	seen := 0
	for line := range strings.Lines(log.text()) {
		if n := strings.Count(line, id); strings.Contains(line, "named") || strings.Contains(line, "plain") {
			seen++
			if n != 1 {
				t.Errorf("%d times in %s", n, line)
			}
		}
	}
	if seen != 2 {
		t.Errorf("%d lines in\n%s", seen, log.text())
	}
}
