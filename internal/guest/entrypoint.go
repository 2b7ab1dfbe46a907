package guest

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"grove.place/lattice/internal/abi"
)

// Entrypoint is what other Workers call of the module, besides the handlers of its Worker. Its events have no state in common.
type Entrypoint interface {
	// RPC calls a method with encoded arguments and returns the encoded result, after Headroom bytes.
	RPC(ctx context.Context, method string, args []byte) ([]byte, error)
	// Handler serves fetch, or is nil.
	Handler() http.Handler
	// Describe returns the entrypoint for the manifest; types collects the TypeScript declarations it needs.
	Describe(types *Types) abi.Object
}

// DefaultEntrypoint is the name of the entrypoint that the Worker's own handlers belong to.
const DefaultEntrypoint = "default"

// entrypoints are those of the module. It is nil in most modules, which then link nothing of what is behind it.
var entrypoints interface {
	// find returns an entrypoint, or nil.
	find(name string) Entrypoint
	describe(types *Types) abi.Array
}

type entrypointTable map[string]Entrypoint

func (t entrypointTable) find(name string) Entrypoint { return t[name] }

func (t entrypointTable) describe(types *Types) abi.Array {
	list := abi.Array{}
	for _, name := range slices.Sorted(maps.Keys(t)) {
		list = append(list, t[name].Describe(types))
	}
	return list
}

// RegisterEntrypoint adds an entrypoint to the module. Two of one name are a programming error.
func RegisterEntrypoint(name string, e Entrypoint) {
	if entrypoints == nil {
		entrypoints = entrypointTable{}
	}
	table := entrypoints.(entrypointTable)
	if table[name] != nil {
		panic("lattice: two entrypoints are called " + name)
	}
	table[name] = e
}

// entrypoint is the one that f is an event of, or nil where the Worker has no more than handlers, and in objects.
func (f *Frame) entrypoint() Entrypoint {
	if entrypoints == nil || f.object != nil {
		return nil
	}
	return entrypoints.find(f.entry)
}
