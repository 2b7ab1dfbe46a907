package gate

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestLocksAgainstAModel compares Locks with the rule itself: an output is out when every lock that was held as it came is confirmed, and every
// output before it is out.
func TestLocksAgainstAModel(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		var l Locks
		var got, dropped []int
		type output struct {
			n     int
			needs []*Lock
		}
		var waiting []output
		var want, lost []int
		held, broken := []*Lock{}, false
		settle := func() {
			for !broken && len(waiting) > 0 && !slices.ContainsFunc(waiting[0].needs, func(k *Lock) bool { return slices.Contains(held, k) }) {
				want = append(want, waiting[0].n)
				waiting = waiting[1:]
			}
		}
		for n := range 80 {
			switch c := rnd.IntN(20); {
			case c < 6 && !broken:
				held = append(held, l.Lock())
			case c < 12 && len(held) > 0:
				i := rnd.IntN(len(held))
				k := held[i]
				held = slices.Delete(slices.Clone(held), i, i+1)
				k.Confirm()
				if rnd.IntN(4) == 0 {
					k.Confirm() // a second time is nothing
				}
			case c == 12 && n > 40:
				l.Break(errors.New("broken"))
				if !broken {
					for _, o := range waiting {
						lost = append(lost, o.n)
					}
					broken, waiting, held = true, nil, nil
				}
			default:
				l.Wait(func() { got = append(got, n) }, func(error) { dropped = append(dropped, n) })
				if broken {
					lost = append(lost, n)
				} else {
					waiting = append(waiting, output{n, slices.Clone(held)})
				}
			}
			settle()
			if !slices.Equal(got, want) || !slices.Equal(dropped, lost) {
				t.Fatalf("seed %d, step %d: out %v, want %v; dropped %v, want %v", seed, n, got, want, dropped, lost)
			}
			if l.Held() != (len(held) > 0) {
				t.Fatalf("seed %d, step %d: held %v", seed, n, l.Held())
			}
		}
	}
}

func TestAnOutputDoesNotWaitForLaterLocks(t *testing.T) {
	var l Locks
	var got []string
	out := func(s string) {
		l.Wait(func() { got = append(got, s) }, func(err error) { got = append(got, s+" "+err.Error()) })
	}
	a := l.Lock()
	out("after a")
	b := l.Lock()
	out("after b")
	a.Confirm()
	out("after b too")
	b.Confirm()
	out("free")
	c := l.Lock()
	out("lost")
	l.Break(errors.New("no commit"))
	l.Break(errors.New("another"))
	c.Confirm()
	out("late")
	want := []string{"after a", "after b", "after b too", "free", "lost no commit", "late no commit"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// section of the model of the input gate: what may run is decided from the whole state each time.
type node struct {
	parent *node
	in     *Input
	left   bool
}

// TestInputAgainstRules runs random schedules of entries and nested sections, and checks what the gate promises: entries of a level run in the order in
// which they came, and none while a section of the level is held; sections of a level are held one at a time, in the order in which they were asked
// for; and when every section has been left, everything has run.
func TestInputAgainstRules(t *testing.T) {
	for seed := range uint64(400) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		b := newBench()
		root := &node{in: b.gate}
		open := []*node{root}
		inside := map[*Input]int{} // sections of a level that are held
		asked, began := map[*node][]int{}, map[*node][]int{}
		entered, ran := map[*node][]int{}, map[*node][]int{}
		fault := func(format string, args ...any) { t.Fatalf("seed %d: %s", seed, fmt.Sprintf(format, args...)) }
		step := func() {
			if len(b.queue) > 0 {
				f := b.queue[0]
				b.queue = b.queue[1:]
				f()
			}
		}
		for n := range 120 {
			at := open[rnd.IntN(len(open))]
			switch c := rnd.IntN(10); {
			case c < 4:
				entered[at] = append(entered[at], n)
				at.in.Do(func() {
					ran[at] = append(ran[at], n)
					if !at.left && inside[at.in] > 0 {
						fault("entry %d ran while a section held its level", n)
					}
				}, nil)
			case c < 6 && at.in.depth < 8:
				parent := at
				asked[parent] = append(asked[parent], n)
				if err := at.in.Enter(func(in *Input) {
					if inside[parent.in]++; inside[parent.in] > 1 {
						fault("two sections hold one level")
					}
					began[parent] = append(began[parent], n)
					open = append(open, &node{parent: parent, in: in})
				}); err != nil {
					fault("%v", err)
				}
			case c == 6 && at != root && !slices.ContainsFunc(open, func(o *node) bool { return o.parent == at }) && at.in.holder == nil && len(at.in.waiting) == 0:
				at.left = true
				open = slices.DeleteFunc(open, func(o *node) bool { return o == at })
				at.in.Leave(func() { inside[at.parent.in]-- })
			default:
				step()
			}
		}
		for range 2000 { // let everything come to its end
			step()
			for _, o := range slices.Clone(open) {
				if o != root && o.in.holder == nil && len(o.in.waiting) == 0 && !o.left {
					o.left = true
					open = slices.DeleteFunc(open, func(x *node) bool { return x == o })
					o.in.Leave(func() { inside[o.parent.in]-- })
				}
			}
		}
		for at, list := range entered {
			if !slices.Equal(ran[at], list) {
				fault("entries came as %v and ran as %v", list, ran[at])
			}
		}
		for at, list := range asked {
			if !slices.Equal(began[at], list) {
				fault("sections were asked for as %v and held as %v", list, began[at])
			}
		}
		if b.gate.Held() {
			fault("the gate is held although nothing is open")
		}
	}
}
