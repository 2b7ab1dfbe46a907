package workers_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"grove.place/lattice/workers"
	"grove.place/lattice/workers/rpc"
)

func nothing(context.Context, rpc.None) (rpc.None, error) { return rpc.None{}, nil }

func TestDeclarationsThatCannotBe(t *testing.T) {
	e := workers.Entrypoint("Declared")
	workers.Method(e, "once", nothing)
	for _, k := range []struct {
		name, want string
		declare    func()
	}{
		{"an entrypoint twice", "two entrypoints are called Declared", func() { workers.Entrypoint("Declared") }},
		{"a fetch handler of the default entrypoint", "the fetch handler of the default entrypoint is the one that Run or Serve gets", func() {
			workers.Entrypoint("default", workers.OnFetch(http.NotFoundHandler()))
		}},
		{"a method twice", "Declared has two methods called once", func() { workers.Method(e, "once", nothing) }},
		{"fetch", "Declared.fetch: the name is reserved", func() { workers.Method(e, "fetch", nothing) }},
		{"scheduled", "Declared.scheduled: the name is reserved", func() { workers.Method(e, "scheduled", nothing) }},
		{"env, which hides methods of that name", "Declared.env: the name is reserved", func() { workers.Method(e, "env", nothing) }},
		{"constructor", "Declared.constructor: the name is reserved", func() { workers.Method(e, "constructor", nothing) }},
		{"dup", "Declared.dup: the name is reserved", func() { workers.Method(e, "dup", nothing) }},
		{"then, which promises have", "Declared.then: the name is reserved", func() { workers.Method(e, "then", nothing) }},
		{"no name", "Declared.: the name is reserved", func() { workers.Implement(e, rpc.Remote[rpc.None, rpc.None](""), nothing) }},
		{"a path", `Declared.users.get: a method has one name, not a path`, func() { workers.Implement(e, rpc.Remote[rpc.None, rpc.None]("users.get"), nothing) }},
	} {
		t.Run(k.name, func(t *testing.T) {
			defer func() {
				if p := fmt.Sprint(recover()); !strings.Contains(p, k.want) {
					t.Errorf("panic %s, want %s", p, k.want)
				}
			}()
			k.declare()
		})
	}
}

func TestPropsThatCannotBe(t *testing.T) {
	e := workers.Entrypoint("Propped")
	none := workers.Method(e, "none", nothing)
	for _, k := range []struct {
		name    string
		service *workers.ServiceBinding
		want    string
	}{
		{"of a binding", workers.Service("AUTH").WithProps(map[string]int{"n": 1}), "service binding AUTH has the props that wrangler.toml gives it"},
		{"that are no object", e.Exports().WithProps("text"), "props for Propped must be a struct or a map, not string"},
		{"that cannot be encoded", e.Exports().WithProps(map[string]any{"c": make(chan int)}), "props for Propped:"},
	} {
		t.Run(k.name, func(t *testing.T) {
			if _, err := none.Call(t.Context(), k.service, rpc.None{}); err == nil || !strings.Contains(err.Error(), k.want) {
				t.Errorf("call: %v, want %s", err, k.want)
			}
			req, _ := http.NewRequestWithContext(t.Context(), "GET", "https://x/", nil)
			if _, err := k.service.Do(req); err == nil || !strings.Contains(err.Error(), k.want) {
				t.Errorf("fetch: %v, want %s", err, k.want)
			}
		})
	}
}
