package js

import (
	"strconv"

	"github.com/dop251/goja"
)

// String implements gojs.Engine.
func (vm *VM) String(s string) uint64 { return vm.store(vm.rt.ToValue(s)) }

// Get implements gojs.Engine.
func (vm *VM) Get(v uint64, name string) (ref uint64) {
	vm.try(func() { ref = vm.store(vm.load(v).ToObject(vm.rt).Get(name)) })
	return ref
}

// Set implements gojs.Engine.
func (vm *VM) Set(v uint64, name string, x uint64) {
	vm.try(func() {
		if err := vm.load(v).ToObject(vm.rt).Set(name, vm.load(x)); err != nil {
			panic(err)
		}
	})
}

// Delete implements gojs.Engine.
func (vm *VM) Delete(v uint64, name string) {
	vm.try(func() { _ = vm.load(v).ToObject(vm.rt).Delete(name) })
}

// Index implements gojs.Engine.
func (vm *VM) Index(v uint64, i int64) uint64 { return vm.Get(v, strconv.FormatInt(i, 10)) }

// SetIndex implements gojs.Engine.
func (vm *VM) SetIndex(v uint64, i int64, x uint64) { vm.Set(v, strconv.FormatInt(i, 10), x) }

// try runs f. What it throws has nowhere to go: wasm_exec.js lets it end the program, here it is printed.
func (vm *VM) try(f func()) {
	if ex := vm.rt.Try(f); ex != nil {
		vm.outside.Output(2, []byte("uncaught JavaScript error: "+ex.Error()+"\n"))
	}
}

// Call implements gojs.Engine.
func (vm *VM) Call(v uint64, name string, args []uint64) (uint64, bool) {
	var f goja.Value
	this := vm.load(v)
	vm.try(func() { f = this.ToObject(vm.rt).Get(name) })
	call, ok := goja.AssertFunction(f)
	if !ok {
		return vm.thrown(vm.missing("method", vm.describe(this)+"."+name))
	}
	return vm.result(call(this, vm.loadAll(args)...))
}

// Invoke implements gojs.Engine.
func (vm *VM) Invoke(v uint64, args []uint64) (uint64, bool) {
	call, ok := goja.AssertFunction(vm.load(v))
	if !ok {
		return vm.thrown(vm.missing("function", vm.describe(vm.load(v))))
	}
	return vm.result(call(goja.Undefined(), vm.loadAll(args)...))
}

// New implements gojs.Engine.
func (vm *VM) New(v uint64, args []uint64) (uint64, bool) {
	build, ok := goja.AssertConstructor(vm.load(v))
	if !ok {
		return vm.thrown(vm.missing("class", vm.describe(vm.load(v))))
	}
	o, err := build(nil, vm.loadAll(args)...)
	if err != nil {
		return vm.result(nil, err)
	}
	return vm.result(o, nil)
}

// result stores what a call came to.
func (vm *VM) result(v goja.Value, err error) (uint64, bool) {
	if err == nil {
		return vm.store(v), true
	}
	if ex, ok := err.(*goja.Exception); ok {
		return vm.store(ex.Value()), false
	}
	panic(err)
}

func (vm *VM) thrown(v goja.Value) (uint64, bool) { return vm.store(v), false }

// missing reports JavaScript that is not here, and makes the error that says so.
func (vm *VM) missing(kind, what string) goja.Value {
	vm.outside.Missing(kind + " " + what)
	return vm.rt.NewTypeError("the local host's JavaScript has no %s %s: docs/syumai.md lists what there is", kind, what)
}

// describe names a value for an error.
func (vm *VM) describe(v goja.Value) string {
	o, ok := v.(*goja.Object)
	if !ok {
		return v.String()
	}
	name := o.ClassName()
	vm.try(func() {
		if class, ok := o.Get("constructor").(*goja.Object); ok {
			if n := class.Get("name"); n != nil && n.String() != "" {
				name = n.String()
			}
		}
	})
	return name
}

// Length implements gojs.Engine.
func (vm *VM) Length(v uint64) (n int64) {
	vm.try(func() {
		if length := vm.load(v).ToObject(vm.rt).Get("length"); length != nil {
			n = length.ToInteger()
		}
	})
	return n
}

// PrepareString implements gojs.Engine.
func (vm *VM) PrepareString(v uint64) (ref uint64, n int) {
	var text string
	vm.try(func() { text = vm.load(v).String() })
	b := []byte(text)
	return vm.store(vm.bytes(b)), len(b)
}

// LoadString implements gojs.Engine.
func (vm *VM) LoadString(v uint64, to []byte) {
	if b, ok := vm.Bytes(v); ok {
		copy(to, b)
	}
}

// InstanceOf implements gojs.Engine.
func (vm *VM) InstanceOf(v, class uint64) (is bool) {
	vm.try(func() { is = vm.rt.InstanceOf(vm.load(v), vm.load(class).ToObject(vm.rt)) })
	return is
}

// Bytes implements gojs.Engine.
func (vm *VM) Bytes(v uint64) ([]byte, bool) { return vm.view(vm.load(v)) }

// view returns the bytes of a Uint8Array, which it shares.
func (vm *VM) view(v goja.Value) ([]byte, bool) {
	o, ok := v.(*goja.Object)
	if !ok || !vm.rt.InstanceOf(o, vm.bytesClass) && !vm.rt.InstanceOf(o, vm.clampedClass) {
		return nil, false
	}
	b, ok := o.Export().([]byte)
	return b, ok
}

// bytes returns a Uint8Array of b, which it takes over.
func (vm *VM) bytes(b []byte) *goja.Object {
	o, err := vm.rt.New(vm.bytesClass, vm.rt.ToValue(vm.rt.NewArrayBuffer(b)))
	if err != nil {
		panic(err)
	}
	return o
}
