package isolate

import (
	"context"
	"errors"
	"sync"

	"github.com/tetratelabs/wazero/api"

	"grove.place/lattice/internal/symbols"
	"grove.place/lattice/local-runtime/internal/profile"
)

// Sampler is a Guest that wants to know where the program is, when Engine.Tick has asked.
type Sampler interface {
	// Sampled gets the program's stack, the innermost program counter first, for so many ticks. It is called while the program runs.
	Sampled(trace []uint64, ticks int)
}

// Ending is a Guest that may end while the program computes, which then stops at its next probe.
type Ending interface{ Ending() bool }

var errUnwanted = errors.New("the Go program was still computing when it was to end")

// Symbols are the names of the module's functions.
func (e *Engine) Symbols() *symbols.Table { return e.symbols() }

// WithProbes compiles the module of an engine again, for Tick.
func (e *Engine) WithProbes(ctx context.Context, cfg Config) (*Engine, error) {
	cfg.Probe = true
	probed, err := Compile(ctx, e.source, cfg)
	if err == nil && probed.unprobed != nil {
		return nil, errors.Join(probed.unprobed, probed.Close())
	}
	return probed, err
}

// Unprobed is why a module that should have probes has none.
func (e *Engine) Unprobed() error { return e.unprobed }

// probe is an instance's side of package profile.
type probe struct {
	mu      sync.Mutex
	wanted  api.MutableGlobal // nil: the module has no probes
	place   api.Global
	ticks   int
	running int // entries
}

func (p *probe) attach(mod api.Module) {
	p.wanted, _ = mod.ExportedGlobal(profile.Wanted).(api.MutableGlobal)
	p.place = mod.ExportedGlobal(profile.Place)
}

// enters notes that the program runs, until leaves. What nobody answered is forgotten: the program did not run meanwhile.
func (p *probe) enters() {
	if p.wanted == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running++; p.running == 1 {
		p.ticks = 0
		p.wanted.Set(profile.Later)
	}
}

func (p *probe) leaves() {
	if p.wanted == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running--
}

func (p *probe) tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running > 0 {
		p.ticks++
		p.wanted.Set(profile.Now)
	}
}

func (p *probe) take() (ticks int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ticks, p.ticks = p.ticks, 0
	p.wanted.Set(profile.Later)
	return ticks
}

// Tick asks each instance that runs where it is. The engine was made with Config.Probe.
func (e *Engine) Tick() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for in := range e.instances {
		in.probe.tick()
	}
}

// track lets Tick find an instance until it is closed.
func (e *Engine) track(in *Instance) {
	in.probe.attach(in.mod)
	if in.probe.wanted == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.instances[in] = true
	in.forget = func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.instances, in)
	}
}

// Probe implements gojs.Probed.
func (e env) Probe() {
	in := e.in
	ticks := in.probe.take()
	if g, ok := in.guest.(Ending); ok && g.Ending() {
		panic(errUnwanted)
	}
	s, ok := in.guest.(Sampler)
	if !ok || ticks == 0 {
		return
	}
	if sp, ok := in.stackPointer(); ok {
		s.Sampled(in.symbols().Trace(in.mod.Memory(), in.probe.place.Get(), sp, 256), ticks)
	}
}

// Goroutines are those of the program, which must not be running. There are none to be seen in the program of another release of Go.
func (in *Instance) Goroutines() []symbols.Goroutine {
	return in.symbols().Goroutines(in.mod.Memory())
}

// StackOf are the calls of one of the Goroutines.
func (in *Instance) StackOf(g symbols.Goroutine) []symbols.Call {
	return in.symbols().StackOf(in.mod.Memory(), g)
}
