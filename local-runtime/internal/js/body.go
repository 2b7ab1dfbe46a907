package js

import (
	"errors"
	"strconv"

	"github.com/dop251/goja"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/stream"
)

func itoa(i int) string { return strconv.Itoa(i) }

// bodyToJS makes a Uint8Array, a ReadableStream or null of a body.
func (vm *VM) bodyToJS(b *Body) goja.Value {
	switch {
	case b == nil:
		return goja.Null()
	case b.Source == nil:
		return vm.bytes(b.Bytes)
	}
	source := vm.rt.NewObject()
	vm.sources[source] = b.Source
	_ = source.Set("read", func(c goja.FunctionCall) goja.Value {
		promise, resolve, reject := vm.rt.NewPromise()
		b.Source.Read(int(c.Argument(0).ToInteger()), func(chunk []byte, eof bool, err error) {
			vm.later(func() {
				switch {
				case err != nil:
					_ = reject(vm.errorToJS(asError(err)))
				case eof:
					_ = resolve(goja.Null())
				default:
					_ = resolve(vm.bytes(chunk))
				}
			})
		})
		return vm.rt.ToValue(promise)
	})
	_ = source.Set("cancel", func(goja.FunctionCall) goja.Value {
		b.Source.Cancel(stream.ErrCanceled)
		return goja.Undefined()
	})
	make, _ := goja.AssertFunction(vm.web.Get("streamOf"))
	s, err := make(goja.Undefined(), source, vm.rt.ToValue(b.Length))
	if err != nil {
		panic(err)
	}
	return s
}

// later enters the VM once the one who runs it is back at its loop.
func (vm *VM) later(f func()) { vm.outside.Post(func() { vm.Enter(f) }) }

// bodyFromJS makes a body of null, a Uint8Array or a ReadableStream, which is locked.
func (vm *VM) bodyFromJS(v goja.Value) (*Body, error) {
	if v == nil || goja.IsUndefined(v) || goja.IsNull(v) {
		return nil, nil
	}
	if b, ok := vm.view(v); ok {
		return &Body{Bytes: append([]byte{}, b...)}, nil
	}
	take, _ := goja.AssertFunction(vm.web.Get("takeStream"))
	taken, err := take(goja.Undefined(), v)
	if err != nil {
		return nil, vm.toError(err)
	}
	o := taken.ToObject(vm.rt)
	length := o.Get("length").ToInteger()
	if source, ok := o.Get("source").(*goja.Object); ok {
		return &Body{Source: vm.sources[source], Length: length}, nil
	}
	return &Body{Source: &reader{vm: vm, from: o}, Length: length}, nil
}

// reader reads a ReadableStream of JavaScript.
type reader struct {
	vm   *VM
	from *goja.Object // has read() and cancel()
	rest []byte
}

// Read implements stream.Source.
func (r *reader) Read(limit int, done func([]byte, bool, error)) {
	r.vm.later(func() { r.read(limit, done) })
}

func (r *reader) read(limit int, done func([]byte, bool, error)) {
	if len(r.rest) > 0 {
		r.give(limit, done)
		return
	}
	if err := r.vm.ended; err != nil && !errors.Is(err, ErrExited) {
		done(nil, false, err)
		return
	}
	read, _ := goja.AssertFunction(r.from.Get("read"))
	p, err := read(r.from)
	if err != nil {
		done(nil, false, r.vm.toError(err))
		return
	}
	r.vm.settled(p, func(v goja.Value, err error) {
		switch {
		case err != nil:
			done(nil, false, err)
		case goja.IsNull(v):
			done(nil, true, nil)
		default:
			b, ok := r.vm.view(v)
			if !ok {
				done(nil, false, abi.TypeErrorf("This TransformStream is being used as a byte stream, but received an object of non-ArrayBuffer/ArrayBufferView type on its writable side."))
				return
			}
			if len(b) == 0 {
				r.read(limit, done)
				return
			}
			r.rest = append([]byte{}, b...)
			r.give(limit, done)
		}
	})
}

func (r *reader) give(limit int, done func([]byte, bool, error)) {
	n := min(limit, len(r.rest))
	chunk := r.rest[:n:n]
	r.rest = r.rest[n:]
	done(chunk, false, nil)
}

// Cancel implements stream.Source.
func (r *reader) Cancel(reason error) {
	r.vm.later(func() {
		cancel, _ := goja.AssertFunction(r.from.Get("cancel"))
		_, _ = cancel(r.from)
	})
}
