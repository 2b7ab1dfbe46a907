package gate

// Output collects what a turn says to the outside: results, responses, requests, writes to streams.
//
// Invariant: an output whose owner wrote something is released only after that is committed, and dropped when it cannot be.
type Output[Owner comparable] struct {
	waiting []output[Owner]
}

type output[Owner comparable] struct {
	owner   Owner
	release func()
	drop    func(error)
	inside  bool
}

// Add appends an output of owner. drop may be nil.
func (o *Output[Owner]) Add(owner Owner, release func(), drop func(error)) {
	o.waiting = append(o.waiting, output[Owner]{owner, release, drop, false})
}

// After appends what happens inside of owner once the turn is committed: no lock holds it back.
func (o *Output[Owner]) After(owner Owner, release func(), drop func(error)) {
	o.waiting = append(o.waiting, output[Owner]{owner, release, drop, true})
}

// Empty reports whether nothing waits.
func (o *Output[Owner]) Empty() bool { return len(o.waiting) == 0 }

// Flush hands everything to the gates of the owners, in order: gateOf returns an owner's gate (nil: there is none, the output leaves), or the error that drops
// what belongs to it.
func (o *Output[Owner]) Flush(gateOf func(Owner) (*Locks, error)) {
	for i := 0; i < len(o.waiting); i++ {
		out := o.waiting[i]
		o.waiting[i] = output[Owner]{}
		locks, err := gateOf(out.owner)
		switch {
		case err == nil && (locks == nil || out.inside):
			out.release()
		case err == nil:
			locks.Wait(out.release, out.drop)
		case out.drop != nil:
			out.drop(err)
		}
	}
	o.waiting = o.waiting[:0]
}
