// Package gojs is the host's half of Go's js/wasm runtime: the imports of module "gojs" for wazero. The runtime.*
// functions reach the outside through Env; the syscall/js.* functions work on a small table of Go-native values that
// provides what the standard library touches (Object, Array, Uint8Array, Date, process, fs, path, crypto, console) and
// nothing more. What is missing is named in one sentence.
//
// Start with Instance; globals.go lists what JavaScript there is.
package gojs

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// GoVersion is the Go release whose runtime imports this package knows.
const GoVersion = "1.26"

const moduleName = "gojs"

// Env is what a Go program may ask of the outside. Its methods are called while the program runs, on that goroutine.
type Env interface {
	Nanotime() int64                    // monotonic clock
	Walltime() time.Time                // wall clock
	Schedule(delay time.Duration) int32 // a resume is wanted after delay; returns its number
	Unschedule(id int32)                // that resume is not wanted any more
	Random(p []byte)                    // fills p with random bytes
	Output(fd int, p []byte)            // the program wrote to standard output (1) or standard error (2)
	Missing(what string)                // JavaScript that this host does not have was used
	Exit(code int32)                    // the program has ended; the call that runs it returns an error next
}

// Probed is an Env of modules that have been through profile.Probe.
type Probed interface {
	Probe() // the program says where it is
}

// Instance is the JavaScript side of one Go program.
type Instance struct {
	env     Env
	values  table
	global  *object
	self    *object // the Go object of wasm_exec.js: reference 6
	mod     api.Module
	pending any             // the event that the next resume handles, or nil
	engine  Engine          // nil: the table of this package
	ctx     context.Context // of the running program, for calls of its functions
}

type contextKey struct{}

// New returns an Instance that reaches the outside through env.
func New(env Env) *Instance {
	in := &Instance{env: env}
	in.global = in.newGlobal()
	in.self = in.newSelf()
	in.values.init(in.global, in.self)
	return in
}

// NewWith returns an Instance whose program sees all of engine's JavaScript.
func NewWith(env Env, engine Engine) *Instance { return &Instance{env: env, engine: engine} }

// Context returns a context for calls into in's program; host functions find in through it.
func (in *Instance) Context(ctx context.Context) context.Context {
	return context.WithValue(ctx, contextKey{}, in)
}

type hostFunc func(in *Instance, c call)

// Build adds the module "gojs" to a runtime. Every program of the runtime shares it.
func Build(ctx context.Context, r wazero.Runtime) error {
	b := r.NewHostModuleBuilder(moduleName)
	for name, f := range imports() {
		b = b.NewFunctionBuilder().
			WithGoModuleFunction(api.GoModuleFunc(func(ctx context.Context, mod api.Module, stack []uint64) {
				in := ctx.Value(contextKey{}).(*Instance)
				f(in, call{ctx: ctx, mod: mod, mem: mod.Memory(), sp: api.DecodeU32(stack[0])})
			}), []api.ValueType{api.ValueTypeI32}, nil).
			Export(name)
	}
	_, err := b.Instantiate(ctx)
	return err
}

// Check reports imports that neither this package nor the named other modules provide.
func Check(m wazero.CompiledModule, others ...string) error {
	known := imports()
	var unknown []string
next:
	for _, f := range m.ImportedFunctions() {
		module, name, _ := f.Import()
		for _, o := range others {
			if module == o {
				continue next
			}
		}
		if module != moduleName {
			return fmt.Errorf("the module imports %s.%s: only modules built with GOOS=js GOARCH=wasm and the Lattice SDK run here", module, name)
		}
		if known[name] == nil {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		sort.Strings(unknown)
		return fmt.Errorf("the module needs the Go runtime import %s, which this host does not know: it knows Go %s, so build the module with that release",
			strings.Join(unknown, ", "), GoVersion)
	}
	return nil
}

func imports() map[string]hostFunc {
	all := map[string]hostFunc{}
	for name, f := range runtimeImports {
		all[name] = f
	}
	for name, f := range valueImports {
		all[name] = func(in *Instance, c call) {
			if in.engine != nil {
				engineImports[name](in.engine, c)
				return
			}
			f(in, c)
		}
	}
	return all
}

const (
	argsStart = 4096
	// The linker keeps this address and above for the program's data (wasmMinDataAddr in cmd/link).
	argsEnd = argsStart + 8192
)

// Start runs the program in mod until it is idle for the first time. ctx must come from Context.
func (in *Instance) Start(ctx context.Context, mod api.Module, args, env []string) error {
	in.mod, in.ctx = mod, ctx
	at := uint32(argsStart)
	var pointers []uint64
	put := func(list []string) bool {
		for _, s := range list {
			if at+uint32(len(s))+8 > argsEnd || !mod.Memory().Write(at, append([]byte(s), 0)) {
				return false
			}
			pointers = append(pointers, uint64(at))
			at = (at + uint32(len(s)) + 8) &^ 7
		}
		pointers = append(pointers, 0)
		return true
	}
	if !put(args) || !put(env) || at+8*uint32(len(pointers)) > argsEnd {
		return fmt.Errorf("start Go program: arguments and environment exceed %d bytes", argsEnd-argsStart)
	}
	argv := at
	for i, p := range pointers {
		mod.Memory().WriteUint64Le(argv+8*uint32(i), p)
	}
	_, err := mod.ExportedFunction("run").Call(ctx, uint64(len(args)), uint64(argv))
	return err
}
