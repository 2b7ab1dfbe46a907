package build

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"grove.place/lattice/internal/abi"
)

// Manifest is what a module says about itself.
type Manifest struct {
	ABI         int64        `json:"abi"`
	Go          string       `json:"go"`
	SHA256      string       `json:"sha256"` // of app.wasm
	Fetch       bool         `json:"fetch"`
	Scheduled   bool         `json:"scheduled"`
	Queue       bool         `json:"queue"`
	Sockets     bool         `json:"sockets"` // it opens TCP connections
	Classes     []Class      `json:"classes"`
	Entrypoints []Entrypoint `json:"entrypoints,omitempty"`
	Plain       bool         `json:"-"` // a program of github.com/syumai/workers, of which nothing else is known
	Types       string       `json:"-"` // TypeScript declarations that the signatures refer to
}

// Class is a Durable Object class of the module.
type Class struct {
	Name    string   `json:"name"`
	Fetch   bool     `json:"fetch"`
	Alarm   bool     `json:"alarm"`
	Methods []Method `json:"methods"`

	// Which events of hibernating sockets it handles.
	WebSocketMessage bool `json:"webSocketMessage"`
	WebSocketClose   bool `json:"webSocketClose"`
	WebSocketError   bool `json:"webSocketError"`

	Bindings []string `json:"-"` // names under which the program looks for it
	Exports  bool     `json:"-"` // the program reaches it through ctx.exports
	Facets   bool     `json:"-"` // the program starts it as a facet
}

// Entrypoint is a part of the Worker that service bindings name. That of the name "default" has the Worker's own handlers.
type Entrypoint struct {
	Name    string   `json:"name"`
	Fetch   bool     `json:"fetch"`
	Methods []Method `json:"methods"`

	Bindings []string `json:"-"` // names under which the program looks for it
	Exports  bool     `json:"-"` // the program reaches it through ctx.exports
}

const defaultEntrypoint = "default"

// Method is an RPC method. Signature is TypeScript: "(p: Params): Promise<Result>".
type Method struct {
	Name      string `json:"name"`
	Signature string `json:"signature"`
	Retryable bool   `json:"retryable,omitempty"` // it may be run twice
}

// class returns the class of that name, or nil.
func (m *Manifest) class(name string) *Class {
	for i := range m.Classes {
		if m.Classes[i].Name == name {
			return &m.Classes[i]
		}
	}
	return nil
}

// entrypoint returns the entrypoint of that name, or nil.
func (m *Manifest) entrypoint(name string) *Entrypoint {
	for i := range m.Entrypoints {
		if m.Entrypoints[i].Name == name {
			return &m.Entrypoints[i]
		}
	}
	return nil
}

// manifestOf takes apart what the module sent, and refuses what the generated files could not express.
func manifestOf(v abi.Value) (*Manifest, error) {
	r := fields{}
	o := r.object(v, "manifest")
	m := &Manifest{
		ABI: r.integer(o, "abi"), Go: r.text(o, "go"), Fetch: r.boolean(o, "fetch"), Scheduled: r.boolean(o, "scheduled"),
		Queue: o.Get("queue") == true, Sockets: o.Get("sockets") == true, Types: r.text(o, "types"), Classes: []Class{},
	}
	for _, v := range r.array(o, "classes") {
		c := r.object(v, "class")
		class := Class{
			Name: r.text(c, "name"), Fetch: r.boolean(c, "fetch"), Alarm: r.boolean(c, "alarm"), Methods: r.methods(c), Bindings: r.bindings(c),
			WebSocketMessage: r.boolean(c, "webSocketMessage"), WebSocketClose: r.boolean(c, "webSocketClose"), WebSocketError: r.boolean(c, "webSocketError"),
		}
		class.Exports, _ = c.Get("exports").(bool)
		class.Facets, _ = c.Get("facets").(bool)
		m.Classes = append(m.Classes, class)
	}
	entrypoints, _ := o.Get("entrypoints").(abi.Array) // absent from modules of the first releases
	for _, v := range entrypoints {
		e := r.object(v, "entrypoint")
		m.Entrypoints = append(m.Entrypoints, Entrypoint{
			Name: r.text(e, "name"), Fetch: r.boolean(e, "fetch"), Methods: r.methods(e), Bindings: r.bindings(e), Exports: r.boolean(e, "exports"),
		})
	}
	if r.err != nil {
		return nil, fmt.Errorf("the module's manifest: %w", r.err)
	}
	return m, m.validate()
}

var (
	identifier = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`)
	// What the entry itself declares, and words that JavaScript keeps.
	takenNames = strings.Fields(`wasm createRuntime entrypointClass rt retryable default class function var let const new delete typeof void return this super
		null true false import export extends enum await yield static interface package private protected public implements
		in of if else for while do switch case break continue try catch finally throw with instanceof debugger arguments eval`)
)

func (m *Manifest) validate() error {
	var errs []error
	seen := map[string]bool{}
	for _, name := range takenNames {
		seen[name] = true
	}
	check := func(what, name string) {
		switch {
		case !identifier.MatchString(name):
			errs = append(errs, fmt.Errorf("%s %q: JavaScript cannot export that name: use letters, digits and _", what, name))
		case seen[name]:
			errs = append(errs, fmt.Errorf("%s %q: the name is taken: give each class and entrypoint one of its own", what, name))
		}
		seen[name] = true
	}
	for _, c := range m.Classes {
		check("class", c.Name)
	}
	for _, e := range m.Entrypoints {
		if e.Name != defaultEntrypoint {
			check("entrypoint", e.Name)
		}
	}
	return errors.Join(errs...)
}

func (m *Manifest) json() []byte {
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		panic(err) // strings, booleans and numbers only
	}
	return append(b, '\n')
}

// Summary names the handlers and classes.
func (m *Manifest) Summary() string {
	if m.Plain {
		return "a program of github.com/syumai/workers, run afresh for each event"
	}
	var parts []string
	if m.Fetch {
		parts = append(parts, "fetch")
	}
	if m.Scheduled {
		parts = append(parts, "scheduled")
	}
	if m.Queue {
		parts = append(parts, "queue")
	}
	for _, e := range m.Entrypoints {
		if e.Name != defaultEntrypoint {
			parts = append(parts, e.Name)
		}
	}
	for _, c := range m.Classes {
		parts = append(parts, c.Name)
	}
	if len(parts) == 0 {
		return "no handlers and no classes"
	}
	return strings.Join(parts, ", ")
}

// fields reads properties of the manifest; the first that has the wrong type sticks.
type fields struct{ err error }

func (f *fields) fail(name, want string, got abi.Value) {
	if f.err == nil {
		f.err = fmt.Errorf("%s must be %s, not %T: build the module with the same release of Lattice as this command", name, want, got)
	}
}

func (f *fields) object(v abi.Value, name string) abi.Object {
	o, ok := v.(abi.Object)
	if !ok {
		f.fail(name, "an object", v)
	}
	return o
}

func typed[T any](f *fields, o abi.Object, name, want string) T {
	v, ok := o.Get(name).(T)
	if !ok {
		f.fail(name, want, o.Get(name))
	}
	return v
}

func (f *fields) array(o abi.Object, name string) abi.Array {
	return typed[abi.Array](f, o, name, "an array")
}

func (f *fields) methods(o abi.Object) []Method {
	methods := []Method{}
	for _, v := range f.array(o, "methods") {
		m := f.object(v, "method")
		retryable, _ := m.Get("retryable").(bool) // absent from modules of the first releases, and from entrypoints
		methods = append(methods, Method{Name: f.text(m, "name"), Signature: f.text(m, "signature"), Retryable: retryable})
	}
	return methods
}

func (f *fields) bindings(o abi.Object) (names []string) {
	list, _ := o.Get("bindings").(abi.Array) // absent from modules of the first releases
	for _, v := range list {
		name, ok := v.(string)
		if !ok {
			f.fail("binding", "text", v)
		}
		names = append(names, name)
	}
	return names
}

func (f *fields) text(o abi.Object, name string) string { return typed[string](f, o, name, "text") }

func (f *fields) boolean(o abi.Object, name string) bool { return typed[bool](f, o, name, "a boolean") }

func (f *fields) integer(o abi.Object, name string) int64 {
	return typed[int64](f, o, name, "an integer")
}
