package js

import (
	"net/url"
	"strings"
	"time"

	"github.com/dop251/goja"

	"grove.place/lattice/internal/abi"
)

// hostObject is what the files under web/ ask for what JavaScript itself does not have.
func (vm *VM) hostObject() *goja.Object {
	o := vm.rt.NewObject()
	for name, f := range map[string]func(goja.FunctionCall) goja.Value{
		"call": vm.hostCall, "after": vm.hostAfter, "resume": vm.resume,
		"now":    func(goja.FunctionCall) goja.Value { return vm.rt.ToValue(float64(vm.outside.Now().UnixNano()) / 1e6) },
		"encode": func(c goja.FunctionCall) goja.Value { return vm.bytes([]byte(c.Argument(0).String())) },
		"decode": func(c goja.FunctionCall) goja.Value {
			b, _ := vm.view(c.Argument(0))
			return vm.rt.ToValue(strings.ToValidUTF8(string(b), "\uFFFD"))
		},
		"random": func(c goja.FunctionCall) goja.Value {
			b, _ := vm.view(c.Argument(0))
			vm.outside.Random(b)
			return c.Argument(0)
		},
		"output": func(c goja.FunctionCall) goja.Value {
			fd := int(c.Argument(0).ToInteger())
			if b, ok := vm.view(c.Argument(1)); ok {
				vm.outside.Output(fd, b)
			} else {
				vm.outside.Output(fd, []byte(c.Argument(1).String()))
			}
			return goja.Undefined()
		},
		"missing": func(c goja.FunctionCall) goja.Value {
			return vm.missing(c.Argument(0).String(), c.Argument(1).String())
		},
		"url": vm.hostURL,
		"id": func(c goja.FunctionCall) goja.Value {
			id, err := vm.outside.ID(c.Argument(0).String(), c.Argument(1).String(), c.Argument(2).String())
			if err != nil {
				panic(vm.errorToJS(asError(err)))
			}
			return vm.rt.ToValue(id)
		},
		"storage": func(c goja.FunctionCall) goja.Value { return vm.hostSync(vm.outside.Storage, c) },
		"do":      func(c goja.FunctionCall) goja.Value { return vm.hostSync(vm.outside.Do, c) },
		"clone": func(c goja.FunctionCall) goja.Value {
			v, err := vm.fromJS(c.Argument(0))
			if err != nil {
				panic(vm.errorToJS(asError(err)))
			}
			return vm.toJS(v)
		},
	} {
		_ = o.Set(name, f)
	}
	return o
}

// hostSync is an operation that ends at once: storage(method, args), do(op, args).
func (vm *VM) hostSync(perform func(string, []abi.Value) (abi.Value, error), c goja.FunctionCall) goja.Value {
	args, err := vm.fromJS(c.Argument(1))
	list, _ := args.(abi.Array)
	var result abi.Value
	if err == nil {
		result, err = perform(c.Argument(0).String(), list)
	}
	if err != nil {
		panic(vm.errorToJS(asError(err)))
	}
	return vm.toJS(result)
}

// hostCall is call(op, args, body): a promise of {value, body}.
func (vm *VM) hostCall(c goja.FunctionCall) goja.Value {
	promise, resolve, reject := vm.rt.NewPromise()
	fail := func(err error) goja.Value {
		_ = reject(vm.errorToJS(asError(err)))
		return vm.rt.ToValue(promise)
	}
	args, err := vm.fromJS(c.Argument(1))
	if err != nil {
		return fail(err)
	}
	list, _ := args.(abi.Array)
	body, err := vm.bodyFromJS(c.Argument(2))
	if err != nil {
		return fail(err)
	}
	vm.outside.Call(c.Argument(0).String(), list, body, func(v abi.Value, b *Body, err error) {
		vm.later(func() {
			if err != nil {
				_ = reject(vm.errorToJS(asError(err)))
				return
			}
			o := vm.rt.NewObject()
			_ = o.Set("value", vm.toJS(v))
			_ = o.Set("body", vm.bodyToJS(b))
			_ = resolve(o)
		})
	})
	return vm.rt.ToValue(promise)
}

// hostAfter is after(ms, f): a function that takes the timer back.
func (vm *VM) hostAfter(c goja.FunctionCall) goja.Value {
	f, ok := goja.AssertFunction(c.Argument(1))
	if !ok {
		panic(vm.rt.NewTypeError("a timer needs a function"))
	}
	d := time.Duration(max(c.Argument(0).ToFloat(), 0) * float64(time.Millisecond))
	stop := vm.outside.After(d, func() {
		vm.Enter(func() {
			if _, err := f(goja.Undefined()); err != nil {
				panic(err)
			}
		})
	})
	return vm.rt.ToValue(func(goja.FunctionCall) goja.Value {
		stop()
		return goja.Undefined()
	})
}

var defaultPorts = map[string]string{"http": "80", "https": "443", "ws": "80", "wss": "443", "ftp": "21"}

// hostURL is url(text, base): the parts of a URL, or null when it is none.
func (vm *VM) hostURL(c goja.FunctionCall) goja.Value {
	u, err := url.Parse(strings.TrimSpace(c.Argument(0).String()))
	if err != nil {
		return goja.Null()
	}
	if base := c.Argument(1); !goja.IsUndefined(base) {
		b, err := url.Parse(base.String())
		if err != nil || b.Scheme == "" {
			return goja.Null()
		}
		u = b.ResolveReference(u)
	}
	if u.Scheme == "" || (defaultPorts[u.Scheme] != "" && u.Host == "") {
		return goja.Null()
	}
	path := u.EscapedPath()
	if defaultPorts[u.Scheme] != "" {
		path = (&url.URL{Scheme: u.Scheme, Host: "h", Path: "/"}).ResolveReference(&url.URL{Path: u.Path, RawPath: u.RawPath}).EscapedPath()
	} else if u.Opaque != "" {
		path = u.Opaque
	}
	port := u.Port()
	if port == defaultPorts[u.Scheme] {
		port = ""
	}
	host := strings.ToLower(u.Hostname())
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	password, _ := u.User.Password()
	parts := map[string]any{
		"protocol": u.Scheme + ":", "username": u.User.Username(), "password": password, "hostname": host, "port": port, "pathname": path,
		"search": "", "hash": "", "slashes": u.Opaque == "",
	}
	if u.RawQuery != "" {
		parts["search"] = "?" + strings.ReplaceAll(u.RawQuery, " ", "%20")
	}
	if u.Fragment != "" {
		parts["hash"] = "#" + u.EscapedFragment()
	}
	return vm.rt.ToValue(parts)
}
