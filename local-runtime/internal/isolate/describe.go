package isolate

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/symbols"
)

// describeTime bounds how long a program may take to describe itself.
const describeTime = 30 * time.Second

// Describe starts a program only to ask it for its manifest. It compiles as a host does, with probes or without, so that the host finds
// the machine code in the cache; such code cannot be interrupted, and a program that never gets to main goes on in the background.
func Describe(ctx context.Context, wasm []byte, cacheDir string, probe bool) (abi.Value, error) {
	e, err := Compile(ctx, wasm, Config{CacheDir: cacheDir, Probe: probe})
	if err != nil {
		return nil, err
	}
	type answer struct {
		manifest abi.Value
		err      error
	}
	answers := make(chan answer, 1)
	go func() {
		defer e.Close()
		manifest, err := describe(context.WithoutCancel(ctx), e)
		answers <- answer{manifest, err}
	}()
	select {
	case a := <-answers:
		return a.manifest, a.err
	case <-ctx.Done():
		return nil, fmt.Errorf("describe the module: %w", ctx.Err())
	case <-time.After(describeTime):
		return nil, fmt.Errorf("the program did not describe itself within %s: main and package initialisation must not wait", describeTime)
	}
}

// Describe asks the program for its manifest, in an instance of its own.
func (e *Engine) Describe(ctx context.Context) (abi.Value, error) { return describe(ctx, e) }

func describe(ctx context.Context, e *Engine) (abi.Value, error) {
	g := &describer{start: time.Now()}
	in, err := e.Start(ctx, g, true)
	if err == nil {
		in.Close()
	}
	switch {
	case g.done:
		return g.manifest, g.err
	case err != nil:
		if exit, ok := errors.AsType[*Exit](err); ok && exit.Stack != nil {
			return nil, fmt.Errorf("describe the module: %w\n%s", err, strings.TrimRight(symbols.Shown(exit.Stack), "\n"))
		}
		return nil, fmt.Errorf("describe the module: %w", err)
	}
	return nil, errors.New("describe the module: it sent no manifest, build it with the same release of Lattice as this host")
}

// describer is a Guest that only takes a manifest.
type describer struct {
	start    time.Time
	manifest abi.Value
	err      error
	done     bool
}

func (d *describer) Call(frame, op, id uint32, req []byte) ([]byte, int32) {
	switch op {
	case abi.OpManifest:
		r := abi.NewReader(req)
		d.manifest, d.done = r.Value(), true
		if err := r.End(); err != nil {
			d.err = fmt.Errorf("describe the module: its manifest: %w", err)
		}
		return Success(nil), 0
	case abi.OpLog:
		return Success(nil), 0
	}
	return Failure(abi.Errorf("operation %d is not available while the module describes itself", op)), 0
}

func (d *describer) Nanotime() int64     { return int64(time.Since(d.start)) }
func (d *describer) Walltime() time.Time { return time.Now() }
func (d *describer) Random(p []byte)     { rand.Read(p) }
func (d *describer) Output(int, []byte)  {}
func (d *describer) Missing(string)      {}
