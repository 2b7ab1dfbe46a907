package local_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/local-runtime/testdata/ring/node"
)

func ring() local.TestOptions {
	return local.TestOptions{
		Package: "./testdata/ring",
		Options: local.Options{Name: "ring", Objects: map[string]string{"NODES": "Node"}},
	}
}

func nodeOf(name string) *durables.Stub[node.Node] { return node.Nodes.GetByName(name) }

// busy is a bit of everything: it returns the trace, and what clients saw in the order in which they saw it.
func busy(t *testing.T, seed uint64) (trace []byte, seen string) {
	t.Helper()
	var out bytes.Buffer
	o := ring()
	o.Trace = &out
	sim := local.NewSim(t, o, seed)
	var log []string
	for i := range 4 {
		name := fmt.Sprint("c", i)
		sim.Go(name, func(ctx context.Context) error {
			note := func(v any, err error) {
				log = append(log, fmt.Sprint(name, " ", v, " ", err))
			}
			a, b := fmt.Sprint("n", i%3), fmt.Sprint("n", (i+1)%3)
			for round := range 3 {
				switch sim.Rand().IntN(7) {
				case 0:
					note(node.Lose.Call(ctx, nodeOf(a), b))
				case 1:
					note(node.Nap.Call(ctx, nodeOf(a), round))
				case 2:
					note(node.Guard.Call(ctx, nodeOf(b), 2))
				case 3:
					note(node.Dice.Call(ctx, nodeOf(a), 1000))
				case 4:
					note(node.Arm.Call(ctx, nodeOf(b), 3))
				case 5:
					note(node.Both.Call(ctx, nodeOf(a), []string{"n0", "n1", "n2", "n3"}))
				case 6:
					w := httptest.NewRecorder()
					sim.ServeHTTP(w, httptest.NewRequest("GET", "/add/"+a, nil).WithContext(ctx))
					note(w.Body.String(), nil)
				}
				sim.Sleep(time.Duration(sim.Rand().IntN(4)) * time.Millisecond)
			}
			return nil
		})
	}
	if err := sim.Run(); err != nil {
		t.Fatal(err)
	}
	sim.Clock.Advance(10 * time.Minute)
	if err := sim.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), strings.Join(log, "\n")
}

func TestTheSameSeedGivesTheSameTrace(t *testing.T) {
	traces := map[string]uint64{}
	for seed := range uint64(20) {
		seed++
		first, seen := busy(t, seed)
		second, again := busy(t, seed)
		if !bytes.Equal(first, second) {
			t.Fatalf("seed %d: the traces differ:\n%s", seed, difference(first, second))
		}
		if seen != again {
			t.Fatalf("seed %d: clients saw\n%s\nand then\n%s", seed, seen, again)
		}
		if other, same := traces[seen]; same {
			t.Errorf("seeds %d and %d found the same order", other, seed)
		}
		traces[seen] = seed
	}
}

// difference shows where two traces part.
func difference(a, b []byte) string {
	x, y := strings.Split(string(a), "\n"), strings.Split(string(b), "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			from := max(0, i-5)
			return fmt.Sprintf("line %d:\n%s\n\t- %s\n\t+ %s", i+1, strings.Join(x[from:i], "\n"), x[i], y[i])
		}
	}
	return fmt.Sprintf("%d and %d lines", len(x), len(y))
}

// lost runs two clients that each read, wait and write; it says whether an update was lost.
func lost(t *testing.T, seed uint64) bool {
	t.Helper()
	sim := local.NewSim(t, ring(), seed)
	for _, name := range []string{"a", "b"} {
		sim.Go(name, func(ctx context.Context) error {
			sim.Sleep(time.Duration(sim.Rand().IntN(3)) * time.Millisecond)
			_, err := node.Lose.Call(ctx, nodeOf("shared"), "other "+name)
			return err
		})
	}
	if err := sim.Run(); err != nil {
		t.Fatal(err)
	}
	n := must[int](t)(node.Add.Call(sim.Context(), nodeOf("shared"), 0))
	return n != 2
}

func TestARaceIsFoundAndComesBackWithItsSeed(t *testing.T) {
	var found, not uint64
	for seed := uint64(1); seed <= 50 && (found == 0 || not == 0); seed++ {
		if lost(t, seed) {
			found = seed
		} else {
			not = seed
		}
	}
	if found == 0 || not == 0 {
		t.Fatalf("in 50 seeds: the update is lost with seed %d, and not with seed %d", found, not)
	}
	for range 3 {
		if !lost(t, found) {
			t.Errorf("seed %d lost an update, and then did not", found)
		}
		if lost(t, not) {
			t.Errorf("seed %d lost no update, and then did", not)
		}
	}
}

func TestCallsThroughOneStubKeepTheirOrder(t *testing.T) {
	orders := map[string]bool{}
	for seed := uint64(1); seed <= 20; seed++ {
		sim := local.NewSim(t, ring(), seed)
		one, made := nodeOf("ordered"), 0
		for i, stub := range []*durables.Stub[node.Node]{one, one, one, nodeOf("ordered")} {
			sim.Go(fmt.Sprint(i), func(ctx context.Context) error {
				for made < i { // the calls are made in this order
					sim.Sleep(time.Nanosecond)
				}
				made++
				_, err := node.Add.Call(ctx, stub, i)
				return err
			})
		}
		if err := sim.Run(); err != nil {
			t.Fatal(err)
		}
		log := strings.Join(must[[]string](t)(node.Log.Call(sim.Context(), one, durables.None{})), ",")
		orders[log] = true
		if got := strings.ReplaceAll(strings.ReplaceAll(log, ",add 3", ""), "add 3,", ""); got != "add 0,add 1,add 2" {
			t.Errorf("seed %d: %s", seed, log)
		}
	}
	if len(orders) < 2 {
		t.Errorf("the other stub's call came at the same place in 20 seeds: %v", orders)
	}
}

func TestCriticalSectionsExcludeInEveryOrder(t *testing.T) {
	local.Simulate(t, ring(), 20, func(t *testing.T, sim *local.Sim) {
		for i := range 3 {
			sim.Go(fmt.Sprint("guard ", i), func(ctx context.Context) error {
				_, err := node.Guard.Call(ctx, nodeOf("g"), i)
				return err
			})
			sim.Go(fmt.Sprint("add ", i), func(ctx context.Context) error {
				_, err := node.Add.Call(ctx, nodeOf("g"), 10)
				return err
			})
		}
		if err := sim.Run(); err != nil {
			t.Fatal(err)
		}
		log := must[[]string](t)(node.Log.Call(sim.Context(), nodeOf("g"), durables.None{}))
		if text := strings.Join(log, ","); strings.Count(text, "in,add 1,out") != 3 {
			t.Errorf("something came into a critical section: %s", text)
		}
	})
}

func TestADeadlockSaysWhoWaitsForWhat(t *testing.T) {
	sim := local.NewSim(t, ring(), 1)
	sim.Go("ann", func(ctx context.Context) error {
		_, err := node.Embrace.Call(ctx, nodeOf("x"), []string{"y", "x"})
		return err
	})
	sim.Go("bob", func(ctx context.Context) error {
		_, err := node.Never.Call(ctx, nodeOf("z"), durables.None{})
		return err
	})
	err := sim.Run()
	if err == nil {
		t.Fatal("nothing was wrong")
	}
	for _, want := range []string{
		"deadlock: nothing can go on",
		"client ann waits for method embrace of NODES x",
		"client bob waits for method never of NODES z",
		`Node/"y" rpc waits for RPC`,
		`Node/"z" rpc waits for nothing of the host: a goroutine of the module waits for another`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the report has no %q:\n%v", want, err)
		}
	}
}

func TestAClientThatFailsIsNamed(t *testing.T) {
	sim := local.NewSim(t, ring(), 1)
	sim.Go("cleo", func(ctx context.Context) error {
		return nodeOf("x").Call(ctx, "nothing", nil)
	})
	if err := sim.Run(); err == nil || !strings.HasPrefix(err.Error(), "client cleo: TypeError: The RPC receiver does not implement") {
		t.Errorf("got %v", err)
	}
}

func TestASeededHostWithoutClients(t *testing.T) {
	o := ring()
	o.Seed = 7
	h := local.StartTest(t, o)
	before := h.Clock.Now()
	if n := must[int](t)(node.Nap.Call(h.Context(), nodeOf("n"), 1500)); n != 1 || h.Clock.Now().Sub(before) != 1500*time.Millisecond {
		t.Errorf("got %d after %s: the clock moves when everybody waits for it", n, h.Clock.Now().Sub(before))
	}
	if status, got := request(t, h, "GET", "/add/n", nil); status != 200 || got != "2 <nil>\n" {
		t.Errorf("%d %s", status, got)
	}
	must[durables.None](t)(node.Arm.Call(h.Context(), nodeOf("n"), 60_000))
	h.Clock.Advance(time.Minute)
	if n := must[int](t)(node.Add.Call(h.Context(), nodeOf("n"), 0)); n < 102 {
		t.Errorf("the alarm did not run: %d", n)
	}
}

func TestSQLHasTheTimeAndTheRandomnessOfTheHost(t *testing.T) {
	ask := func(seed uint64) (answers []string) {
		o := ring()
		o.Seed, o.Clock = seed, local.NewVirtualClock(time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC))
		h := local.StartTest(t, o)
		for range 3 {
			answers = append(answers, must[string](t)(node.SQLRandom.Call(h.Context(), nodeOf("sql"), durables.None{})))
			h.Clock.Advance(time.Minute) // it is evicted
		}
		return answers
	}
	first := ask(5)
	for i, want := range []string{"2031-05-06 07:08:09 1935817689", "2031-05-06 07:09:09 1935817749", "2031-05-06 07:10:09 1935817809"} {
		if !strings.HasSuffix(first[i], want) {
			t.Errorf("%s, want %s", first[i], want)
		}
	}
	if again := ask(5); strings.Join(again, ",") != strings.Join(first, ",") {
		t.Errorf("the same seed gives %q and %q", first, again)
	}
	if other := ask(6); other[0] == first[0] || strings.Fields(first[0])[0] == strings.Fields(first[1])[0] {
		t.Errorf("%q is not random, or %q", first, other)
	}
	unseeded := local.StartTest(t, ring())
	if got := must[string](t)(node.SQLRandom.Call(unseeded.Context(), nodeOf("sql"), durables.None{})); !strings.Contains(got, " 2026-01-02 03:04:05 ") {
		t.Errorf("with a virtual clock SQL says %s", got)
	}
}
