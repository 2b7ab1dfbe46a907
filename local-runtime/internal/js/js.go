// Package js is the JavaScript of Go programs that reach the Workers runtime through syscall/js: a VM on goja, which nothing else imports, with
// Web classes and bindings of our own, written in JavaScript under web/. What those ask of the world goes through Outside.
//
// A VM belongs to one goroutine at a time. The way in is VM.Enter: when it returns, every microtask has run. Start with VM, then web/worker.js.
package js

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/dop251/goja"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/stream"
)

// Outside is what JavaScript asks of the world. Its methods are called by the goroutine that is in the VM.
type Outside interface {
	Now() time.Time
	Random(p []byte)
	Output(fd int, text []byte) // fd 1 or 2
	Missing(what string)        // JavaScript that is not there was used
	// Post has f run later, where the VM may be entered.
	Post(f func())
	// After is Post after a time; stop takes it back.
	After(d time.Duration, f func()) (stop func())
	// Resume has the program handle the event that the VM holds for it. An error is the program's end.
	Resume() error
	// ID makes the id of an object from a "name" or a "string", or a "unique" one.
	ID(binding, how, text string) (string, error)
	// Storage performs an operation on the storage of the object that the VM is for.
	Storage(method string, args []abi.Value) (abi.Value, error)
	// Do performs an operation that ends at once.
	Do(op string, args []abi.Value) (abi.Value, error)
	// Call performs an operation. done is called once, by any goroutine, perhaps before Call returns.
	Call(op string, args []abi.Value, body *Body, done func(abi.Value, *Body, error))
}

// Body is content on its way in or out: Bytes, or Source when it is not nil.
type Body struct {
	Bytes  []byte
	Source stream.Source
	Length int64 // of Source; -1 unknown
	Socket any   // of a response with status 101, whose content there is none
}

// VM is the JavaScript that one program sees. It implements gojs.Engine.
type VM struct {
	outside Outside
	rt      *goja.Runtime
	refs    refs
	goObj   *goja.Object
	inside  int   // programs' frames on the stack
	ended   error // the program's end
	web     *goja.Object
	enter   goja.Callable // of a JavaScript function that calls its argument
	sources map[*goja.Object]stream.Source

	bytesClass, clampedClass, dateClass, bufferClass *goja.Object
}

//go:embed web/*.js
var files embed.FS

// order is that in which the files run: each may use the ones before it.
var order = []string{"encoding", "url", "streams", "http", "globals", "node", "bindings", "worker"}

// lazy are the files that run when one of the names that they define is asked for: most events need few of them.
var lazy = []struct {
	file    string
	globals []string
	web     []string
}{
	{"crypto", []string{"crypto", "CryptoKey"}, nil},
	{"websocket", []string{"WebSocket", "WebSocketPair", "WebSocketRequestResponsePair", "MessageEvent", "CloseEvent", "ErrorEvent"}, []string{"socketOf", "hibernatingSocket", "socketArrived"}},
	{"compression", []string{"CompressionStream", "DecompressionStream"}, nil},
	{"urlpattern", []string{"URLPattern"}, nil},
	{"cache", []string{"caches", "Cache"}, nil},
	{"d1", nil, []string{"d1"}}, {"r2", nil, []string{"r2"}}, {"kv", nil, []string{"kv"}},
	{"sockets", nil, []string{"connect"}},
	{"objects", nil, []string{"construct", "DurableObject"}},
}

// programs are compiled once for all VMs, by name.
var programs = sync.OnceValues(func() (map[string]*goja.Program, error) {
	all := map[string]*goja.Program{}
	names := slices.Clone(order)
	for _, l := range lazy {
		names = append(names, l.file)
	}
	for _, name := range names {
		text, err := fs.ReadFile(files, "web/"+name+".js")
		if err != nil {
			return nil, err
		}
		p, err := goja.Compile("lattice:"+name+".js", "(function (host, web, global) {'use strict';"+string(text)+"\n})", true)
		if err != nil {
			return nil, fmt.Errorf("web/%s.js: %w", name, err)
		}
		all[name] = p
	}
	return all, nil
})

// New returns a VM with every Web class.
func New(outside Outside) (*VM, error) {
	all, err := programs()
	if err != nil {
		return nil, err
	}
	vm := &VM{outside: outside, rt: goja.New(), sources: map[*goja.Object]stream.Source{}}
	vm.rt.SetTimeSource(outside.Now)
	vm.rt.SetRandSource(func() float64 {
		var b [8]byte
		outside.Random(b[:])
		var n uint64
		for _, x := range b[:7] {
			n = n<<8 | uint64(x)
		}
		return float64(n>>3) / (1 << 53)
	})
	global := vm.rt.GlobalObject()
	vm.bytesClass, vm.clampedClass = global.Get("Uint8Array").ToObject(vm.rt), global.Get("Uint8ClampedArray").ToObject(vm.rt)
	vm.dateClass, vm.bufferClass = global.Get("Date").ToObject(vm.rt), global.Get("ArrayBuffer").ToObject(vm.rt)
	vm.web = vm.rt.NewObject()
	host := vm.hostObject()
	enter, err := vm.rt.RunString("(function (f) { return f(); })")
	if err != nil {
		return nil, err
	}
	vm.enter, _ = goja.AssertFunction(enter)
	run := func(name string) error {
		f, err := vm.rt.RunProgram(all[name])
		if err != nil {
			return err
		}
		call, _ := goja.AssertFunction(f)
		_, err = call(goja.Undefined(), host, vm.web, global)
		return err
	}
	for _, name := range order {
		if err := run(name); err != nil {
			return nil, err
		}
	}
	later, _ := goja.AssertFunction(vm.web.Get("later"))
	for _, l := range lazy {
		load := vm.rt.ToValue(func(goja.FunctionCall) goja.Value {
			if err := run(l.file); err != nil {
				panic(err)
			}
			return goja.Undefined()
		})
		if _, err := later(goja.Undefined(), vm.rt.ToValue(l.globals), vm.rt.ToValue(l.web), load); err != nil {
			return nil, err
		}
	}
	vm.goObj = vm.web.Get("go").ToObject(vm.rt)
	vm.refs.init(global, vm.goObj)
	return vm, nil
}

// Enter runs f with the VM entered, and then all microtasks. Whatever goes through JavaScript must run in f.
func (vm *VM) Enter(f func()) {
	_, err := vm.enter(goja.Undefined(), vm.rt.ToValue(func(goja.FunctionCall) goja.Value {
		f()
		return goja.Undefined()
	}))
	if err != nil {
		vm.outside.Output(2, []byte("uncaught JavaScript error: "+err.Error()+"\n"))
	}
}

// Run runs the program for the first time: f enters it.
func (vm *VM) Run(f func() error) error {
	vm.inside++
	err := f()
	vm.inside--
	if err != nil {
		vm.ended = err
	}
	return err
}

// Ended returns the error with which the program ended, if it did.
func (vm *VM) Ended() error { return vm.ended }

// End makes later calls of the program's functions fail.
func (vm *VM) End(err error) {
	if vm.ended == nil {
		vm.ended = err
	}
}

// resume has the program handle its pending event. It throws when there is no program any more.
func (vm *VM) resume(goja.FunctionCall) goja.Value {
	if vm.ended != nil {
		panic(vm.rt.NewGoError(errEnded))
	}
	vm.inside++
	err := vm.outside.Resume()
	vm.inside--
	if err == nil {
		return goja.Undefined()
	}
	vm.ended = err
	if vm.inside > 0 {
		panic(err) // through the frames of the program that wait for this one
	}
	return goja.Undefined()
}

// ErrExited is the end of a program whose main has returned.
var ErrExited = errors.New("the Go program has ended")

var errEnded = fmt.Errorf("Go program has already exited")

// Resume lets the program go on, for a timer of its own.
func (vm *VM) Resume() {
	if vm.ended == nil {
		vm.resume(goja.FunctionCall{})
	}
}

// SetUp sets what the program finds in globalThis.context: env has the bindings of the list, which is as ENV of docs/abi.md has it.
func (vm *VM) SetUp(bindings abi.Object) error {
	f, _ := goja.AssertFunction(vm.web.Get("setUp"))
	_, err := f(goja.Undefined(), vm.toJS(bindings))
	return vm.toError(err)
}

// Load runs a script that defines the classes of a Worker, as the object latticeClasses.
func (vm *VM) Load(script []byte) error {
	_ = vm.rt.Set("latticeDurableObject", vm.web.Get("DurableObject"))
	_ = vm.rt.Set("latticeLibrary", vm.web.Get("library"))
	_, err := vm.rt.RunScript("main", string(script))
	return vm.toError(err)
}

// Settled calls done when everything that waitUntil was given is settled.
func (vm *VM) Settled(done func()) {
	f, _ := goja.AssertFunction(vm.web.Get("settled"))
	p, err := f(goja.Undefined())
	if err != nil {
		done()
		return
	}
	vm.settled(p, func(goja.Value, error) { done() })
}

// Event gives the program an event: JavaScript's web.dispatch(kind, args…) does. done gets what its promise comes to.
func (vm *VM) Event(kind string, args []abi.Value, body *Body, done func(result abi.Value, body *Body, err error)) {
	dispatch, _ := goja.AssertFunction(vm.web.Get("dispatch"))
	list := make([]any, len(args))
	for i, a := range args {
		list[i] = vm.toJS(a)
	}
	p, err := dispatch(goja.Undefined(), vm.rt.ToValue(kind), vm.rt.NewArray(list...), vm.bodyToJS(body))
	if err != nil {
		done(nil, nil, vm.toError(err))
		return
	}
	vm.settled(p, func(v goja.Value, err error) {
		if err != nil {
			done(nil, nil, err)
			return
		}
		o := v.ToObject(vm.rt)
		result, err := vm.fromJS(o.Get("value"))
		if err != nil {
			done(nil, nil, err)
			return
		}
		b, err := vm.bodyFromJS(o.Get("body"))
		done(result, b, err)
	})
}

// settled calls done when a promise is settled.
func (vm *VM) settled(p goja.Value, done func(goja.Value, error)) {
	o := p.ToObject(vm.rt)
	then, ok := goja.AssertFunction(o.Get("then"))
	if !ok {
		done(p, nil)
		return
	}
	_, err := then(o, vm.rt.ToValue(func(c goja.FunctionCall) goja.Value {
		done(c.Argument(0), nil)
		return goja.Undefined()
	}), vm.rt.ToValue(func(c goja.FunctionCall) goja.Value {
		done(nil, vm.errorOf(c.Argument(0)))
		return goja.Undefined()
	}))
	if err != nil {
		done(nil, vm.toError(err))
	}
}
