package guest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"grove.place/lattice/internal/abi"
)

// Callee is Go code that stubs lead to: a function, or a target with methods.
type Callee struct {
	// Kind is abi.StubFunction or abi.StubTarget.
	Kind byte
	// Methods are the names of a target's methods.
	Methods []string
	// Call calls the function (path is empty) or a method with encoded arguments, and returns the encoded result after Headroom bytes.
	Call func(ctx context.Context, path []string, args []byte) ([]byte, error)
	// Dispose is called when the last stub is gone; it may be nil.
	Dispose func()

	stubs    int  // that the host holds
	disposed bool // since the last stub was passed on
}

// export is one stub of the guest.
type export struct {
	callee *Callee
	event  *Frame // of the Worker, whose stubs a call of this one may use; nil in an object
}

var (
	// exports are the guest's stubs that the host holds. Like the tables of frames it needs no lock.
	exports    = map[uint64]export{}
	lastExport uint64
	lastSender atomic.Uint64 // native code has many threads
)

// senderNumber numbers something whose other side is the host's.
func senderNumber() uint64 {
	return abi.SenderNumbers + lastSender.Add(1)
}

var errOutside = errors.New("functions and targets can be passed only in an event of the module, or by native code to a host that calls it back")

// export numbers another stub of c for the host.
func (c *Callee) export(s *references) (abi.Value, error) {
	f := FrameOf(s.ctx)
	if f == nil {
		return c.exportOutside(s)
	}
	lastExport++
	exports[lastExport] = export{c, f.event()}
	c.stubs++
	c.disposed = false
	s.stubs = append(s.stubs, lastExport)
	return abi.StubValue{Owner: abi.HeldByGuest, Number: lastExport, Kind: c.Kind, Methods: c.Methods}, nil
}

// released drops a stub of the guest that nobody outside holds any more.
func released(number uint64) {
	c := exports[number].callee
	if c == nil {
		return
	}
	delete(exports, number)
	c.stubs--
	c.drop()
}

// drop disposes of c if no stub is left.
func (c *Callee) drop() {
	outside.Lock()
	last := c.stubs == 0 && !c.disposed
	c.disposed = c.disposed || last
	outside.Unlock()
	if last && c.Dispose != nil {
		go func() {
			_ = Guard(context.Background(), "Dispose", func() error {
				c.Dispose()
				return nil
			})
		}()
	}
}

// NoMethod is the error of a call to a method that does not exist.
func NoMethod(name string) error {
	return NewError("TypeError", fmt.Sprintf("The RPC receiver does not implement the method %q.", name))
}

// call runs a START of kind 10.
func (f *Frame) call(number uint64, path []string, args []byte) {
	c := exports[number].callee
	f.origin = exports[number].event
	var value []byte
	err := Guard(f.ctx, "RPC call", func() (err error) {
		if c == nil {
			return errDisposed
		}
		value, err = c.Call(f.ctx, path, args)
		return err
	})
	f.result(value, err)
}
