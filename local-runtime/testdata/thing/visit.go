package thing

import (
	"context"
	"errors"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers/rpc"
)

// Tally is passed by reference.
type Tally struct {
	Sum      int
	Disposed chan struct{}
}

var (
	Tallies  = rpc.Target[Tally]("Tally")
	TallyAdd = rpc.Method(Tallies, "add", (*Tally).add)

	Visit    = durables.Method(Class, "visit", (*Thing).visit)
	Count3   = durables.Method(Class, "count3", (*Thing).count3)
	NewTally = durables.Method(Class, "newTally", (*Thing).newTally)
)

func (t *Tally) add(_ context.Context, n int) (int, error) {
	if n < 0 {
		return 0, errors.New("no less")
	}
	t.Sum += n
	return t.Sum, nil
}

// Dispose implements rpc.Disposer.
func (t *Tally) Dispose() {
	if t.Disposed != nil {
		close(t.Disposed)
	}
}

// visit calls f with 1 to 3.
func (t *Thing) visit(ctx context.Context, f rpc.Function[int, int]) (sum int, err error) {
	for i := range 3 {
		n, err := f.Call(ctx, i+1)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

func (t *Thing) count3(ctx context.Context, tally rpc.Stub[Tally]) (sum int, err error) {
	for i := range 3 {
		if sum, err = TallyAdd.Call(ctx, tally, i+1); err != nil {
			return 0, err
		}
	}
	return sum, nil
}

func (t *Thing) newTally(ctx context.Context, start int) (rpc.Stub[Tally], error) {
	return Tallies.New(ctx, &Tally{Sum: start}), nil
}
