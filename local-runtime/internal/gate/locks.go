package gate

// Locks is the output gate of one object: closed while something that it wrote is not confirmed. The zero value is open.
//
// Invariants, as in workerd's OutputGate (io/io-gate.h):
//   - an output waits for the locks that were held when it came, and for no later one;
//   - outputs leave in the order in which they came;
//   - once the gate is broken nothing leaves any more: what waits, and whatever comes, is dropped with the failure.
type Locks struct {
	last    uint64
	held    []*Lock // in the order in which they were taken
	waiting []held
	broken  error
}

// Lock keeps the gate closed until it is confirmed.
type Lock struct {
	of     *Locks
	number uint64
}

type held struct {
	until   uint64 // the last lock it waits for
	release func()
	drop    func(error)
}

// Lock closes the gate.
func (l *Locks) Lock() *Lock {
	l.last++
	k := &Lock{l, l.last}
	l.held = append(l.held, k)
	return k
}

// Held reports whether the gate is closed.
func (l *Locks) Held() bool { return len(l.held) > 0 }

// Wait calls release when everything held now is confirmed, at once if nothing is; or drop, which may be nil, when the gate breaks before.
func (l *Locks) Wait(release func(), drop func(error)) {
	switch {
	case l.broken != nil:
		if drop != nil {
			drop(l.broken)
		}
	case len(l.held) == 0 && len(l.waiting) == 0:
		release()
	default:
		l.waiting = append(l.waiting, held{l.last, release, drop})
	}
}

// Confirm ends the lock, and lets out what waited for nothing else. Locks may be confirmed in any order, and a second time without effect.
func (k *Lock) Confirm() {
	l := k.of
	for i, other := range l.held {
		if other == k {
			l.held = append(l.held[:i:i], l.held[i+1:]...)
			break
		}
	}
	for len(l.waiting) > 0 && (len(l.held) == 0 || l.waiting[0].until < l.held[0].number) {
		out := l.waiting[0]
		l.waiting = l.waiting[1:]
		out.release()
	}
}

// Over reports whether nothing waits for the lock any more: it was confirmed, or the gate is broken.
func (k *Lock) Over() bool {
	for _, other := range k.of.held {
		if other == k {
			return k.of.broken != nil
		}
	}
	return true
}

// Break drops what waits, and everything from now on. The first failure stays.
func (l *Locks) Break(err error) {
	if l.broken != nil {
		return
	}
	l.broken = err
	waiting := l.waiting
	l.waiting, l.held = nil, nil
	for _, out := range waiting {
		if out.drop != nil {
			out.drop(err)
		}
	}
}
