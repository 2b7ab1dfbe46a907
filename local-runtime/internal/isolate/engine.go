// Package isolate owns wazero: it compiles a Lattice module once, and runs instances of it. An Instance is one Go
// program, entered by one goroutine at a time; what the program asks for goes to a Guest's Call. When the program ends,
// every later entry fails with a *Exit that names the cause, and the owner makes a new Instance.
//
// Engine compiles; Instance enters. Loop is the event loop that an owner runs them on.
package isolate

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"grove.place/lattice/internal/symbols"
	"grove.place/lattice/local-runtime/internal/gojs"
	"grove.place/lattice/local-runtime/internal/profile"
)

// MemoryLimit is the memory that one instance may use, as on Cloudflare, unless Config says otherwise.
const MemoryLimit = 128 << 20

const pageSize = 64 << 10

// Limits is what an instance may use.
type Limits struct {
	Memory int64         // bytes of linear memory; 0: MemoryLimit
	CPU    time.Duration // for one entry; 0: no limit. Checking it makes the program two to five times slower
}

// memory returns the pages of linear memory.
func (l Limits) memory() uint32 {
	if l.Memory <= 0 {
		return MemoryLimit / pageSize
	}
	return uint32(min((l.Memory+pageSize-1)/pageSize, 65536))
}

// Engine holds a compiled module. Its instances share nothing but code.
type Engine struct {
	runtime wazero.Runtime
	module  wazero.CompiledModule
	cache   wazero.CompilationCache
	kept    bool // by the process, for its next host
	program bool // the module is a Program's
	limits  Limits
	source  []byte // the module
	symbols func() *symbols.Table

	unprobed error // why the module has no probes although it should

	mu        sync.Mutex
	instances map[*Instance]bool // that Tick asks
}

// Config is how an Engine compiles.
type Config struct {
	CacheDir string // where machine code is kept between runs; empty: nowhere
	Keep     bool   // keep the engine for the next Compile of the same module in this process
	Probe    bool   // let Engine.Tick ask instances where they are; the program is somewhat slower
	Limits
}

// Compile prepares a module to be instantiated.
func Compile(ctx context.Context, wasm []byte, cfg Config) (*Engine, error) {
	if cfg.Keep {
		return keep(ctx, wasm, cfg)
	}
	return compile(ctx, wasm, cfg)
}

var (
	kept   sync.Map // keptKey → func() (*Engine, error)
	hashes sync.Map // the first byte of a module that was kept → its SHA-256: the next host is usually given the same bytes
)

type moduleHash struct {
	size int
	sum  [sha256.Size]byte
}

func hashOf(wasm []byte) [sha256.Size]byte {
	p := unsafe.SliceData(wasm)
	if h, ok := hashes.Load(p); ok && h.(moduleHash).size == len(wasm) {
		return h.(moduleHash).sum
	}
	sum := sha256.Sum256(wasm)
	hashes.Store(p, moduleHash{len(wasm), sum})
	return sum
}

// keptKey is what engines differ in.
type keptKey struct {
	module [sha256.Size]byte
	limits Limits
	probe  bool
}

// keep compiles a module once in the process.
func keep(ctx context.Context, wasm []byte, cfg Config) (*Engine, error) {
	e, _ := kept.LoadOrStore(keptKey{hashOf(wasm), cfg.Limits, cfg.Probe}, sync.OnceValues(func() (*Engine, error) {
		e, err := compile(context.WithoutCancel(ctx), wasm, cfg)
		if err == nil {
			e.kept = true
		}
		return e, err
	}))
	return e.(func() (*Engine, error))()
}

func compile(ctx context.Context, wasm []byte, cfg Config) (*Engine, error) {
	rc := wazero.NewRuntimeConfig().
		WithMemoryLimitPages(cfg.memory()).
		WithCloseOnContextDone(cfg.CPU > 0).
		WithDebugInfoEnabled(false)
	e := &Engine{limits: cfg.Limits, source: wasm, instances: map[*Instance]bool{}, symbols: sync.OnceValue(func() *symbols.Table {
		t, err := symbols.Read(wasm)
		if err != nil {
			return &symbols.Table{} // which knows nothing
		}
		return t
	})}
	probed := wasm
	if cfg.Probe {
		if b, err := profile.Probe(wasm); err != nil {
			e.unprobed = err
		} else {
			probed = b
		}
	}
	if cfg.CacheDir != "" {
		cache, err := wazero.NewCompilationCacheWithDir(cfg.CacheDir)
		if err != nil {
			return nil, fmt.Errorf("open the compilation cache: %w", err)
		}
		e.cache = cache
		rc = rc.WithCompilationCache(cache)
	}
	e.runtime = wazero.NewRuntimeWithConfig(ctx, rc)
	if err := e.prepare(ctx, probed); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

func (e *Engine) prepare(ctx context.Context, wasm []byte) error {
	var err error
	if e.module, err = e.runtime.CompileModule(experimental.WithCompilationWorkers(ctx, runtime.GOMAXPROCS(0)), wasm); err != nil {
		return fmt.Errorf("compile the module: %w", err)
	}
	e.program = importsReady(e.module)
	if err := gojs.Check(e.module, latticeModule, programModule); err != nil {
		return err
	}
	exports := e.module.ExportedFunctions()
	if e.program {
		return errors.Join(gojs.Build(ctx, e.runtime), buildProgram(ctx, e.runtime))
	}
	for _, name := range []string{"run", "resume", "getsp", exportDeliver, exportInbox, exportRun} {
		if exports[name] == nil {
			return fmt.Errorf("the module does not export %s: end func main with workers.Serve (package grove.place/lattice/workers), and build it with GOOS=js GOARCH=wasm", name)
		}
	}
	if err := gojs.Build(ctx, e.runtime); err != nil {
		return err
	}
	return buildLattice(ctx, e.runtime)
}

// Close ends every instance and frees the code, unless the process keeps it.
func (e *Engine) Close() error {
	if e.kept {
		return nil
	}
	err := e.runtime.Close(context.Background())
	if e.cache != nil {
		err = errors.Join(err, e.cache.Close(context.Background()))
	}
	return err
}

const (
	latticeModule = "lattice"
	exportDeliver = "lattice_deliver"
	exportInbox   = "lattice_inbox"
	exportRun     = "lattice_run"
)

type contextKey struct{}

// buildLattice adds the module "lattice" to a runtime: call and take.
func buildLattice(ctx context.Context, r wazero.Runtime) error {
	i32 := api.ValueTypeI32
	_, err := r.NewHostModuleBuilder(latticeModule).
		NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(func(ctx context.Context, mod api.Module, stack []uint64) {
			ctx.Value(contextKey{}).(*Instance).call(mod.Memory(), stack)
		}), []api.ValueType{i32, i32, i32, i32, i32, i32, i32}, []api.ValueType{i32}).
		Export("call").
		NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(func(ctx context.Context, mod api.Module, stack []uint64) {
			ctx.Value(contextKey{}).(*Instance).take(mod.Memory(), stack)
		}), []api.ValueType{i32, i32}, nil).
		Export("take").
		Instantiate(ctx)
	return err
}
