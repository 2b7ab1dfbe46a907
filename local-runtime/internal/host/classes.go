package host

import (
	"context"
	"sync"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
)

// classes are the methods of the module's classes. Reading a method as a property needs them, and ctx.exports, so they are asked for when that
// happens first.
type classes struct {
	mu      sync.Mutex
	engine  *isolate.Engine // that was asked
	methods map[string]map[string]bool
}

// hasMethod reports whether a class of the module has a method.
func (h *Host) hasMethod(class, method string) bool { return h.described()[class][method] }

// hasClass reports whether the module has a class of that name.
func (h *Host) hasClass(class string) bool { return h.described()[class] != nil }

// described returns the methods of the module's classes.
func (h *Host) described() map[string]map[string]bool {
	engine := h.currentEngine()
	c := &h.classes
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.engine != engine {
		manifest, err := engine.Describe(context.Background())
		if err != nil {
			h.cfg.Logger.Error("the module does not describe itself", "error", err)
			return nil
		}
		c.engine, c.methods = engine, methodsOf(manifest)
	}
	return c.methods
}

func methodsOf(manifest abi.Value) map[string]map[string]bool {
	out := map[string]map[string]bool{}
	top, _ := manifest.(abi.Object)
	list, _ := top.Get("classes").(abi.Array)
	for _, c := range list {
		class, _ := c.(abi.Object)
		name, _ := class.Get("name").(string)
		methods, _ := class.Get("methods").(abi.Array)
		set := map[string]bool{}
		for _, m := range methods {
			method, _ := m.(abi.Object)
			if name, ok := method.Get("name").(string); ok {
				set[name] = true
			}
		}
		out[name] = set
	}
	return out
}
