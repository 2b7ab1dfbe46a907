// Package gate decides when things may go into and out of a Durable Object.
//
// The input gate (Input) holds back every entry into the object while one of its critical sections is held, except the
// entries of that section; sections nest and queue. The output gate holds back what an object says to the outside: Output until
// what the turn wrote is committed, Locks until that is confirmed. Mirrored from workerd's io/io-gate.h; nothing here locks, an event loop owns it all.
package gate

import "errors"

// MaxDepth is how deep critical sections nest.
const MaxDepth = 64

// ErrDepth is returned by Enter beyond MaxDepth.
var ErrDepth = errors.New("blockConcurrencyWhile() calls are nested too deeply.")

// Input is one level of an object's input gate: the root, or a critical section in it.
//
// Invariants:
//   - while a child holds the level, no entry of the level runs;
//   - entries of a level run in the order in which they came, sections are held one at a time in the order in which they were asked for, and a section that
//     waits goes before an entry that waits;
//   - what belongs to a section that has been left belongs to the level below, so that nothing is lost;
//   - a gate that breaks tells every entry that waits, on the level and in its sections, and runs none of them.
type Input struct {
	parent  *Input
	later   func(func()) // runs a function on the loop, after the present turn
	holder  *Input       // the child section that holds this level
	waiting []*Input
	entries []entry
	begin   func(*Input)
	depth   int

	leaving bool
	left    bool
	first   func()
}

type entry struct {
	run  func()
	fail func(error)
}

// New returns an open gate. later must run functions one after another, in order, never inside its own call.
func New(later func(func())) *Input { return &Input{later: later} }

// level is where entries of a section belong once it has been left.
func (g *Input) level() *Input {
	for g.left {
		g = g.parent
	}
	return g
}

// Do runs an entry at once when the gate is open, otherwise when it opens. If the gate breaks before, fail is called; it may be nil.
func (g *Input) Do(run func(), fail func(error)) {
	g = g.level()
	if g.holder == nil && len(g.entries) == 0 {
		run()
		return
	}
	g.entries = append(g.entries, entry{run, fail})
}

// Enter asks for a critical section of this level. The level is held from now on if it is free, and begin is called
// after the present turn; otherwise when the sections before it have been left.
func (g *Input) Enter(begin func(*Input)) error {
	g = g.level()
	if g.depth >= MaxDepth {
		return ErrDepth
	}
	s := &Input{parent: g, later: g.later, begin: begin, depth: g.depth + 1}
	if g.holder != nil || len(g.waiting) > 0 {
		g.waiting = append(g.waiting, s)
		return nil
	}
	g.hold(s)
	return nil
}

func (g *Input) hold(s *Input) {
	g.holder = s
	g.later(func() {
		if g.holder == s {
			s.begin(s)
		}
	})
}

// Leave ends the section. first runs before anything else of the level below: it is what the section's caller waits for.
func (g *Input) Leave(first func()) {
	if g.left || g.leaving || g.parent == nil {
		return
	}
	g.leaving, g.first = true, first
	g.later(g.pump)
}

// pump goes on after the holder has changed: sections before entries, as workerd does.
func (g *Input) pump() {
	for g.holder == nil && !g.left {
		switch {
		case len(g.waiting) > 0:
			next := g.waiting[0]
			g.waiting = g.waiting[1:]
			g.hold(next)
		case g.leaving:
			g.leave()
			return
		case len(g.entries) > 0:
			e := g.entries[0]
			g.entries = g.entries[1:]
			e.run()
		default:
			return
		}
	}
}

func (g *Input) leave() {
	p := g.parent
	g.left = true
	if p.holder == g {
		p.holder = nil
	}
	if g.first != nil {
		g.first()
	}
	p.entries = append(p.entries, g.entries...)
	g.entries = nil
	p.pump()
}

// Held reports whether a critical section holds or waits for the gate.
func (g *Input) Held() bool { return g.holder != nil || len(g.waiting) > 0 }

// Break gives up everything that waits, on this level and in its sections.
func (g *Input) Break(err error) {
	for _, e := range g.entries {
		if e.fail != nil {
			e.fail(err)
		}
	}
	g.entries, g.waiting = nil, nil
	if h := g.holder; h != nil {
		g.holder = nil
		h.left = true
		h.Break(err)
	}
}
