package guest

import (
	"context"
	"sync"

	"grove.place/lattice/internal/abi"
)

// CallTransport is a Transport of native code whose functions and targets can be called: the host calls CallOutside and ReleaseOutside.
type CallTransport interface {
	Transport
	// TakesCalls marks the transport.
	TakesCalls()
}

// outside are the stubs that native code has passed on, in all hosts of the process. Its lock guards the counts of every Callee as well, for
// native code has many threads.
var outside = struct {
	sync.Mutex
	callees map[uint64]*Callee
	last    uint64
}{callees: map[uint64]*Callee{}}

// exportOutside is export for native code.
func (c *Callee) exportOutside(s *references) (abi.Value, error) {
	if _, ok := s.ctx.Value(transportKey{}).(CallTransport); !ok {
		return nil, errOutside
	}
	outside.Lock()
	defer outside.Unlock()
	outside.last++
	outside.callees[outside.last] = c
	c.stubs++
	c.disposed = false
	s.outside = append(s.outside, outside.last)
	return abi.StubValue{Owner: abi.HeldByGuest, Number: outside.last, Kind: c.Kind, Methods: c.Methods}, nil
}

// CallOutside calls a stub of native code; the result is a status byte, then the Value or an Error.
func CallOutside(ctx context.Context, number uint64, path []string, args []byte) []byte {
	outside.Lock()
	c := outside.callees[number]
	outside.Unlock()
	var value []byte
	err := Guard(ctx, "RPC call", func() (err error) {
		if c == nil {
			return errDisposed
		}
		value, err = c.Call(ctx, path, args)
		return err
	})
	if err != nil {
		w := abi.NewWriter([]byte{abi.StatusError})
		w.Error(ToABI(err))
		return w.Bytes()
	}
	value[Headroom-1] = abi.StatusOK
	return value[Headroom-1:]
}

// ReleaseOutside drops a stub of native code that nobody holds any more.
func ReleaseOutside(number uint64) {
	outside.Lock()
	c := outside.callees[number]
	delete(outside.callees, number)
	if c != nil {
		c.stubs--
	}
	outside.Unlock()
	if c != nil {
		c.drop()
	}
}
