package gate

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
)

// bench is an event loop that a test steps, and a record of what ran.
type bench struct {
	queue []func()
	got   []string
	gate  *Input
}

func newBench() *bench {
	b := &bench{}
	b.gate = New(func(f func()) { b.queue = append(b.queue, f) })
	return b
}

func (b *bench) run() {
	for len(b.queue) > 0 {
		f := b.queue[0]
		b.queue = b.queue[1:]
		f()
	}
}

func (b *bench) note(s string) func() { return func() { b.got = append(b.got, s) } }

func (b *bench) want(t *testing.T, want ...string) {
	t.Helper()
	b.run()
	if fmt.Sprint(b.got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", b.got, want)
	}
}

func TestEntriesWaitForTheSection(t *testing.T) {
	b := newBench()
	var s *Input
	b.gate.Do(b.note("before"), nil)
	b.gate.Enter(func(in *Input) { s = in; b.got = append(b.got, "begin") })
	b.gate.Do(b.note("e1"), nil) // held from the moment the section is asked for
	b.gate.Do(b.note("e2"), nil)
	b.want(t, "before", "begin")
	s.Do(b.note("inside"), nil)
	b.want(t, "before", "begin", "inside")
	s.Leave(b.note("caller goes on"))
	b.want(t, "before", "begin", "inside", "caller goes on", "e1", "e2")
	s.Do(b.note("left behind"), nil)
	b.want(t, "before", "begin", "inside", "caller goes on", "e1", "e2", "left behind")
}

func TestSectionsQueueBeforeEntries(t *testing.T) {
	b := newBench()
	var open []*Input
	for i := range 3 {
		b.gate.Enter(func(in *Input) { open = append(open, in); b.got = append(b.got, fmt.Sprint("begin", i)) })
	}
	b.gate.Do(b.note("entry"), nil)
	for i := range 3 {
		b.run()
		open[i].Leave(b.note(fmt.Sprint("end", i)))
	}
	b.want(t, "begin0", "end0", "begin1", "end1", "begin2", "end2", "entry")
}

func TestSectionsNest(t *testing.T) {
	b := newBench()
	var outer, inner *Input
	b.gate.Enter(func(in *Input) { outer = in })
	b.run()
	outer.Enter(func(in *Input) { inner = in })
	b.run()
	outer.Do(b.note("outer"), nil)
	b.gate.Do(b.note("root"), nil)
	inner.Do(b.note("inner"), nil)
	b.want(t, "inner")
	outer.Leave(b.note("outer left")) // waits for what is nested in it
	b.want(t, "inner")
	inner.Leave(b.note("inner left"))
	b.want(t, "inner", "inner left", "outer left", "root", "outer")
}

func TestAnEntryMayEnterASection(t *testing.T) {
	b := newBench()
	var s *Input
	b.gate.Enter(func(in *Input) { s = in })
	b.run()
	b.gate.Do(func() {
		b.got = append(b.got, "e1")
		b.gate.Enter(func(in *Input) { s = in; b.got = append(b.got, "begin") })
	}, nil)
	b.gate.Do(b.note("e2"), nil)
	s.Leave(nil)
	b.want(t, "e1", "begin")
	s.Leave(nil)
	b.want(t, "e1", "begin", "e2")
}

func TestNestingIsLimited(t *testing.T) {
	b := newBench()
	at := b.gate
	for range MaxDepth {
		if err := at.Enter(func(in *Input) { at = in }); err != nil {
			t.Fatal(err)
		}
		b.run()
	}
	if err := at.Enter(func(*Input) {}); !errors.Is(err, ErrDepth) {
		t.Errorf("level %d: %v", MaxDepth+1, err)
	}
}

func TestBreakFailsWhatWaits(t *testing.T) {
	b := newBench()
	var s *Input
	b.gate.Enter(func(in *Input) { s = in })
	b.run()
	fail := func(err error) { b.got = append(b.got, err.Error()) }
	b.gate.Do(b.note("never"), fail)
	s.Enter(func(*Input) { b.note("never")() })
	s.Do(b.note("never"), fail)
	b.gate.Break(errors.New("broken"))
	b.want(t, "broken", "broken")
}

func TestOutputsOfAFailedOwnerAreDropped(t *testing.T) {
	var o Output[string]
	var got []string
	for _, owner := range []string{"a", "b", "a"} {
		o.Add(owner, func() {
			got = append(got, "release "+owner)
			if len(got) == 1 {
				o.Add("a", func() { got = append(got, "said while releasing") }, nil)
			}
		}, func(err error) { got = append(got, "drop "+owner+": "+err.Error()) })
	}
	o.Flush(func(owner string) (*Locks, error) {
		if owner == "b" {
			return nil, errors.New("no commit")
		}
		return nil, nil
	})
	want := []string{"release a", "drop b: no commit", "release a", "said while releasing"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
