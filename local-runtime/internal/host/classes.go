package host

import (
	"context"
	"sync"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
)

// classes are the methods of the module's classes and entrypoints. Reading a method as a property needs them, and ctx.exports, so they are asked for when
// that happens first.
type classes struct {
	mu     sync.Mutex
	engine *isolate.Engine // that was asked
	known  description
}

// description is the methods of classes, and of entrypoints, by name.
type description struct{ classes, entrypoints map[string]map[string]bool }

// hasMethod reports whether a class of the module has a method.
func (h *Host) hasMethod(class, method string) bool { return h.described().classes[class][method] }

// hasClass reports whether the module has a class of that name.
func (h *Host) hasClass(class string) bool { return h.described().classes[class] != nil }

// described returns what the module says of itself.
func (h *Host) described() description {
	engine := h.currentEngine()
	if engine.IsProgram() || h.cfg.Still { // a module that does nothing says nothing
		return description{}
	}
	c := &h.classes
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.engine != engine {
		manifest, err := engine.Describe(context.Background())
		if err != nil {
			h.cfg.Logger.Error("the module does not describe itself", "error", err)
			return description{}
		}
		c.engine, c.known = engine, description{methodsOf(manifest, "classes"), methodsOf(manifest, "entrypoints")}
	}
	return c.known
}

func methodsOf(manifest abi.Value, what string) map[string]map[string]bool {
	out := map[string]map[string]bool{}
	top, _ := manifest.(abi.Object)
	list, _ := top.Get(what).(abi.Array)
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
