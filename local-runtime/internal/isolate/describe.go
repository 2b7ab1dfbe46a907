package isolate

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"grove.place/lattice/internal/abi"
)

// describeTime bounds how long a program may take to describe itself.
const describeTime = 30 * time.Second

// Describe starts a program only to ask it for its manifest.
func Describe(ctx context.Context, wasm []byte, cacheDir string) (abi.Value, error) {
	ctx, cancel := context.WithTimeout(ctx, describeTime)
	defer cancel()
	e, err := Compile(ctx, wasm, Config{CacheDir: cacheDir, Interruptible: true})
	if err != nil {
		return nil, err
	}
	defer e.Close()
	g := &describer{start: time.Now()}
	in, err := e.Start(ctx, g, true)
	if g.done {
		if err == nil {
			in.Close()
		}
		return g.manifest, g.err
	}
	if err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("the program did not describe itself within %s: main and package initialisation must not wait", describeTime)
		}
		return nil, fmt.Errorf("describe the module: %w", err)
	}
	in.Close()
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
