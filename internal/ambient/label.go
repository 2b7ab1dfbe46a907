package ambient

import (
	"context"
	"unsafe"
)

// Go has no values that belong to a goroutine but the labels of profiles, which a new goroutine inherits from the one that starts it. The two functions
// are among those that the runtime keeps for who links them (https://go.dev/issue/67401).

//go:linkname getLabel runtime/pprof.runtime_getProfLabel
func getLabel() unsafe.Pointer

//go:linkname setLabel runtime/pprof.runtime_setProfLabel
func setLabel(unsafe.Pointer)

// label begins as the runtime's own labels do, with a slice of pairs; it is empty, so that whoever prints labels finds none.
type label struct {
	pairs []struct{ key, value string }
	ctx   context.Context
}

// mark is what the slices of our labels point to: those of runtime/pprof.Do do not.
var mark [1]struct{ key, value string }

func set(ctx context.Context) {
	setLabel(unsafe.Pointer(&label{mark[:0], ctx}))
}

// get returns the context of the goroutine's label, or nil.
func get() context.Context {
	p := getLabel()
	if p == nil || unsafe.SliceData(*(*[]struct{ key, value string })(p)) != &mark[0] {
		return nil
	}
	return (*label)(p).ctx
}
