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
}

// Add appends an output of owner. drop may be nil.
func (o *Output[Owner]) Add(owner Owner, release func(), drop func(error)) {
	o.waiting = append(o.waiting, output[Owner]{owner, release, drop})
}

// Empty reports whether nothing waits.
func (o *Output[Owner]) Empty() bool { return len(o.waiting) == 0 }

// Flush releases everything in order, except what belongs to an owner for which failed returns an error.
func (o *Output[Owner]) Flush(failed func(Owner) error) {
	for i := 0; i < len(o.waiting); i++ {
		out := o.waiting[i]
		o.waiting[i] = output[Owner]{}
		if err := failed(out.owner); err == nil {
			out.release()
		} else if out.drop != nil {
			out.drop(err)
		}
	}
	o.waiting = o.waiting[:0]
}
