// Package ambient tells a goroutine which event it works for, without a context: the packages below workers/cloudflare need it, for the names and signatures
// they take over from github.com/syumai/workers come from a world in which a Go instance has one event in its life.
//
// The one idea: a goroutine has a label, which goroutines that it starts inherit (label.go). The goroutine of an event is labelled with the event's context
// before its handler runs; so is main with that of the first event, which waits until main is ready. Start with Context.
//
// Linked into modules that import one of those packages only.
package ambient

import (
	"context"
	"errors"

	"grove.place/lattice/internal/guest"
)

// Errors of Context.
var (
	ErrNone = errors.New("this goroutine works for no event: it was started by a timer, or by main after workers.Ready; start it in a handler, or with cloudflare.WaitUntil")
	// ErrNative is returned where there are no events.
	ErrNative = errors.New("bindings are reached in Wasm only: run the program with `lattice dev`")
)

var (
	ready = make(chan struct{}) // closed when main has exported its handlers
	first = make(chan context.Context, 1)
	given bool

	scheduled, queue bool
)

func init() {
	guest.OnStart = func(ctx context.Context) {
		if !given {
			given = true
			first <- ctx
		}
		<-ready
		set(ctx)
	}
	guest.OnReady = func() {
		select {
		case <-ready:
		default:
			close(ready)
		}
	}
}

// MayExport notes what the module will perhaps export, for the case that it must announce itself before main has said what it exports.
func MayExport(scheduledHandler, queueHandler bool) {
	scheduled, queue = scheduled || scheduledHandler, queue || queueHandler
}

// Context returns the context of the event that the goroutine works for. Main works for the first event of the Go instance until it serves: it waits for that event here.
func Context() (context.Context, error) {
	if ctx := get(); ctx != nil {
		return ctx, nil
	}
	if !inWasm {
		return nil, ErrNative
	}
	select {
	case <-ready:
		return nil, ErrNone
	default:
	}
	presume(guest.Exports())
	guest.Announce()
	select {
	case ctx := <-first:
		set(ctx)
		return ctx, nil
	case <-ready:
		return nil, ErrNone
	}
}

// Within returns ctx if it is that of an event, and otherwise what Context returns.
func Within(ctx context.Context) (context.Context, error) {
	if guest.FrameOf(ctx) != nil {
		return ctx, nil
	}
	return Context()
}

// Must is Context for functions that return no error: as in github.com/syumai/workers they panic.
func Must() context.Context {
	ctx, err := Context()
	if err != nil {
		panic(err)
	}
	return ctx
}

// Enter makes the goroutine one that works for the event of ctx.
func Enter(ctx context.Context) { set(ctx) }
