package isolate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"grove.place/lattice/local-runtime/internal/gojs"
)

// programModule is what a program of github.com/syumai/workers imports to say that it is ready for its event.
const programModule = "workers"

// ErrExited is the end of a Program whose main has returned.
var ErrExited = errors.New("the Go program has ended")

// Timers wakes a Program.
type Timers interface {
	// After calls f, where the program may be entered, and returns a function that takes that back.
	After(d time.Duration, f func()) (stop func())
}

// Program is one running Go program without the Lattice SDK: instead of the host's ABI it sees the JavaScript of an engine, and it serves one event.
type Program struct {
	*Instance
	timers Timers
	wake   func()
	ready  func()
	stops  map[int32]func()
}

type programKey struct{}

// IsProgram reports whether the module is a Program's rather than an Instance's.
func (e *Engine) IsProgram() bool { return e.program }

// NewProgram returns a program that has not begun to run. wake is called when one of its timers has gone off and should call Resume; ready once the
// program is ready for its event.
func (e *Engine) NewProgram(ctx context.Context, guest Guest, engine gojs.Engine, timers Timers, wake, ready func()) (*Program, error) {
	p := &Program{Instance: &Instance{guest: guest, limits: e.limits, symbols: e.symbols}, timers: timers, wake: wake, ready: ready, stops: map[int32]func(){}}
	p.js = gojs.NewWith(programEnv{env{p.Instance}, p}, engine)
	p.ctx = context.WithValue(p.js.Context(ctx), programKey{}, p)
	mod, err := e.runtime.InstantiateModule(p.ctx, e.module, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		return nil, fmt.Errorf("instantiate the module: %w", err)
	}
	p.mod, p.resume = mod, mod.ExportedFunction("resume")
	e.track(p.Instance)
	return p, nil
}

// Run runs the program until it is idle for the first time.
func (p *Program) Run() error {
	ctx, cancel := p.entry()
	defer cancel()
	return p.over(p.ended(p.js.Start(ctx, p.mod, []string{"js"}, p.limits.programEnv())))
}

// Resume runs the program until it is idle. It may be called while the program is in a call of its engine.
func (p *Program) Resume() error {
	if p.exit != nil {
		return p.over(p.exit)
	}
	ctx, cancel := p.entry()
	defer cancel()
	return p.over(p.ended(p.js.Resume(ctx)))
}

// over tells the end of main from a failure.
func (p *Program) over(err error) error {
	exit, ok := errors.AsType[*Exit](err)
	if !ok {
		return err
	}
	for id := range p.stops {
		p.unschedule(id)
	}
	if exit.Code == 0 {
		return ErrExited
	}
	return err
}

func (p *Program) unschedule(id int32) {
	if stop := p.stops[id]; stop != nil {
		stop()
		delete(p.stops, id)
	}
}

// programEnv is a Program as package gojs sees it.
type programEnv struct {
	env
	p *Program
}

func (e programEnv) Schedule(delay time.Duration) int32 {
	p := e.p
	p.nextID++
	id := p.nextID
	p.stops[id] = p.timers.After(delay, func() {
		if p.stops[id] != nil {
			delete(p.stops, id)
			p.wake()
		}
	})
	return id
}

func (e programEnv) Unschedule(id int32) { e.p.unschedule(id) }

// buildProgram adds the module "workers" to a runtime: ready.
func buildProgram(ctx context.Context, r wazero.Runtime) error {
	_, err := r.NewHostModuleBuilder(programModule).
		NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(func(ctx context.Context, _ api.Module, _ []uint64) {
			ctx.Value(programKey{}).(*Program).ready()
		}), nil, nil).
		Export("ready").
		Instantiate(ctx)
	return err
}

// importsReady reports whether a module is a Program's.
func importsReady(m wazero.CompiledModule) bool {
	for _, f := range m.ImportedFunctions() {
		if module, name, _ := f.Import(); module == programModule && name == "ready" {
			return true
		}
	}
	return false
}
