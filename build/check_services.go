package build

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"grove.place/lattice/internal/wrangler"
)

// services checks the service bindings that go to this Worker, and those that its entrypoints are looked for under.
func (c *checker) services() {
	for i, s := range c.cfg.Services {
		name := cmp.Or(s.Entrypoint, defaultEntrypoint)
		if !toItself(c.cfg, s) || name == defaultEntrypoint || c.manifest.entrypoint(name) != nil {
			continue
		}
		line := c.cfg.Line(fmt.Sprintf("services[%d].entrypoint", i))
		if c.manifest.class(name) != nil {
			c.add(line, c.cfg.Add("durable_objects.bindings", true, "name", s.Binding, "class_name", name),
				"service binding %s goes to entrypoint %q, which is a Durable Object class. In its place write:", s.Binding, name)
			continue
		}
		c.add(line, "", "service binding %s goes to entrypoint %q of this Worker, which has %s. Declare it with workers.Entrypoint(%q) in a package that the program imports, or take the line out.",
			s.Binding, name, c.manifest.entrypointNames(), name)
	}
	for _, e := range c.manifest.Entrypoints {
		for _, name := range e.Bindings {
			c.entrypointBinding(e, name)
		}
	}
}

// toItself reports whether a service binding goes to the Worker that has it.
func toItself(cfg *wrangler.Config, s wrangler.Service) bool {
	return s.Service == cfg.Name && s.Environment == ""
}

// entrypointBinding checks a binding that goes to an entrypoint of that name, as the program takes it: its own, or one of another Worker.
func (c *checker) entrypointBinding(e Entrypoint, name string) {
	i := slices.IndexFunc(c.cfg.Services, func(s wrangler.Service) bool { return s.Binding == name })
	if i < 0 {
		pairs := []any{"binding", name, "service", c.cfg.Name}
		if e.Name != defaultEntrypoint {
			pairs = append(pairs, "entrypoint", e.Name)
		}
		c.add(0, c.cfg.Add("services", true, pairs...), "the program looks for entrypoint %s under the name %s, which no service binding has. Add:", e.Name, name)
		return
	}
	if has := cmp.Or(c.cfg.Services[i].Entrypoint, defaultEntrypoint); has != e.Name {
		c.add(c.cfg.Line(fmt.Sprintf("services[%d].binding", i)), c.cfg.Add("", false, "entrypoint", e.Name),
			"service binding %s goes to entrypoint %s, but the program looks for entrypoint %s under that name. It needs:", name, has, e.Name)
	}
}

func (m *Manifest) entrypointNames() string {
	var names []string
	for _, e := range m.Entrypoints {
		if e.Name != defaultEntrypoint {
			names = append(names, e.Name)
		}
	}
	if len(names) == 0 {
		return "no entrypoint but its default one"
	}
	return "the entrypoints " + strings.Join(names, ", ")
}
