package js

import (
	"errors"
	"math"
	"math/big"

	"github.com/dop251/goja"

	"grove.place/lattice/internal/abi"
)

// toJS makes a value of JavaScript of a structured one.
func (vm *VM) toJS(v abi.Value) goja.Value {
	switch x := v.(type) {
	case nil:
		return goja.Null()
	case abi.Undefined:
		return goja.Undefined()
	case []byte:
		return vm.bytes(x)
	case abi.ArrayBuffer:
		return vm.rt.ToValue(vm.rt.NewArrayBuffer(x))
	case abi.Date:
		return vm.construct(vm.dateClass, vm.rt.ToValue(float64(x)))
	case abi.BigInt:
		n, _ := new(big.Int).SetString(string(x), 10)
		return vm.rt.ToValue(n)
	case abi.Array:
		list := make([]any, len(x))
		for i, e := range x {
			list[i] = vm.toJS(e)
		}
		return vm.rt.NewArray(list...)
	case abi.Object:
		o := vm.rt.NewObject()
		for _, f := range x {
			_ = o.Set(f.Name, vm.toJS(f.Value))
		}
		return o
	case *abi.Error:
		return vm.errorToJS(x)
	case bool, int64, float64, string:
		return vm.rt.ToValue(x)
	}
	return goja.Undefined()
}

func (vm *VM) construct(class *goja.Object, args ...goja.Value) *goja.Object {
	o, err := vm.rt.New(class, args...)
	if err != nil {
		panic(err)
	}
	return o
}

// maxDepth bounds how deeply values are nested.
const maxDepth = 200

var (
	errDeep      = abi.Errorf("a value is nested too deeply, or contains itself")
	errFunction  = &abi.Error{Name: "DataCloneError", Message: "a function cannot be passed on: only data can"}
	errSymbol    = &abi.Error{Name: "DataCloneError", Message: "a symbol cannot be passed on: only data can"}
	errDataClass = &abi.Error{Name: "DataCloneError", Message: "an object of this class cannot be passed on: use plain objects, arrays, Uint8Array, ArrayBuffer, Date"}
)

// fromJS makes a structured value of one of JavaScript.
func (vm *VM) fromJS(v goja.Value) (abi.Value, error) { return vm.fromJSAt(v, 0) }

func (vm *VM) fromJSAt(v goja.Value, depth int) (abi.Value, error) {
	if v == nil || goja.IsUndefined(v) {
		return abi.Undefined{}, nil
	}
	if goja.IsNull(v) {
		return nil, nil
	}
	switch x := v.(type) {
	case goja.String:
		return x.String(), nil
	case *goja.Symbol:
		return nil, errSymbol
	case *goja.Object:
		if depth > maxDepth {
			return nil, errDeep
		}
		return vm.objectFromJS(x, depth)
	}
	switch x := v.Export().(type) {
	case bool:
		return x, nil
	case int64:
		return x, nil
	case float64:
		if x == math.Trunc(x) && math.Abs(x) <= abi.MaxSafeInt && !(x == 0 && math.Signbit(x)) {
			return int64(x), nil
		}
		return x, nil
	case *big.Int:
		return abi.BigInt(x.String()), nil
	}
	return nil, errDataClass
}

func (vm *VM) objectFromJS(o *goja.Object, depth int) (abi.Value, error) {
	if _, ok := goja.AssertFunction(o); ok {
		return nil, errFunction
	}
	switch o.ClassName() {
	case "Array":
		n := int(o.Get("length").ToInteger())
		list := make(abi.Array, n)
		for i := range list {
			e, err := vm.fromJSAt(o.Get(itoa(i)), depth+1)
			if err != nil {
				return nil, err
			}
			list[i] = e
		}
		return list, nil
	case "Date":
		return abi.Date(vm.number(o, "getTime")), nil
	case "Error":
		return vm.errorOf(o), nil
	}
	switch x := o.Export().(type) {
	case []byte:
		return append([]byte{}, x...), nil
	case goja.ArrayBuffer:
		return abi.ArrayBuffer(append([]byte{}, x.Bytes()...)), nil
	case map[string]any:
		object := abi.Object{}
		for _, name := range o.Keys() {
			e, err := vm.fromJSAt(o.Get(name), depth+1)
			if err != nil {
				return nil, err
			}
			object = append(object, abi.Field{Name: name, Value: e})
		}
		return object, nil
	}
	return nil, errDataClass
}

func (vm *VM) number(o *goja.Object, method string) float64 {
	f, _ := goja.AssertFunction(o.Get(method))
	v, err := f(o)
	if err != nil {
		return math.NaN()
	}
	return v.ToFloat()
}

// errorToJS makes an Error of JavaScript, of the class that its name says.
func (vm *VM) errorToJS(e *abi.Error) goja.Value {
	class := vm.rt.Get("Error").ToObject(vm.rt)
	if c, ok := vm.rt.Get(e.Name).(*goja.Object); ok && e.Name != "" {
		if _, isClass := goja.AssertConstructor(c); isClass && c.Get("prototype") != nil {
			class = c
		}
	}
	o := vm.construct(class, vm.rt.ToValue(e.Message))
	if e.Name != "" && o.Get("name").String() != e.Name {
		_ = o.Set("name", e.Name)
	}
	for name, set := range map[string]bool{"remote": e.Remote, "retryable": e.Retryable, "overloaded": e.Overloaded, "durableObjectReset": e.ObjectWasReset} {
		if set {
			_ = o.Set(name, true)
		}
	}
	return o
}

// asError makes the error of an operation one that crosses.
func asError(err error) *abi.Error {
	if e, ok := errors.AsType[*abi.Error](err); ok {
		return e
	}
	return abi.Errorf("%s", err)
}

// errorOf makes an error of what was thrown.
func (vm *VM) errorOf(v goja.Value) *abi.Error {
	o, ok := v.(*goja.Object)
	if !ok {
		return abi.Errorf("%s", v)
	}
	text := func(name string) string {
		p := o.Get(name)
		if p == nil || goja.IsUndefined(p) {
			return ""
		}
		return p.String()
	}
	e := &abi.Error{Name: text("name"), Message: text("message"), Stack: text("stack")}
	if e.Name == "" && e.Message == "" {
		e.Message = o.String()
	}
	if e.Name == "" {
		e.Name = "Error"
	}
	return e
}

// toError makes an error of one of goja's.
func (vm *VM) toError(err error) error {
	if ex, ok := errors.AsType[*goja.Exception](err); ok {
		return vm.errorOf(ex.Value())
	}
	return err
}
