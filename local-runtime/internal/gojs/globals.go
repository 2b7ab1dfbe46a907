package gojs

import "strings"

// absent are classes and functions of JavaScript that packages use without asking whether they are there.
var absent = []string{
	"AbortController", "AbortSignal", "Blob", "BroadcastChannel", "Cache", "Event", "EventTarget", "FormData", "Headers",
	"JSON", "Map", "Promise", "ReadableStream", "Reflect", "Request", "Response", "Set", "TextDecoder", "TextEncoder",
	"TransformStream", "URL", "URLSearchParams", "WebSocket", "WebSocketPair", "WritableStream", "clearTimeout",
	"queueMicrotask", "setTimeout", "structuredClone",
}

func (in *Instance) newGlobal() *object {
	g := &object{name: "globalThis", props: map[string]any{
		"Object":     in.class("Object", func([]any) (any, error) { return &object{}, nil }),
		"Array":      in.class("Array", newArray),
		"Uint8Array": in.class("Uint8Array", newUint8Array),
		"Date":       in.dateClass(),
		"process":    in.process(),
		"fs":         in.fileSystem(),
		"path":       in.path(),
		"crypto":     in.crypto(),
		"console":    in.console(),
	}}
	g.props["performance"] = &object{name: "performance", props: map[string]any{
		"now": function("now", func(any, []any) (any, error) { return float64(in.env.Nanotime()) / 1e6, nil }),
	}}
	for _, name := range absent {
		refuse := func() (any, error) { return nil, in.missing("class or function " + name) }
		f := function(name, func(any, []any) (any, error) { return refuse() })
		f.build = func([]any) (any, error) { return refuse() }
		g.props[name] = f
	}
	return g
}

// class returns a constructor whose results are instances of it.
func (in *Instance) class(name string, build func(args []any) (any, error)) *object {
	c := function(name, func(_ any, args []any) (any, error) { return build(args) })
	c.build = func(args []any) (any, error) {
		v, err := build(args)
		if o, ok := v.(*object); ok {
			o.class = c
		}
		return v, err
	}
	return c
}

func newArray(args []any) (any, error) {
	a := &object{isList: true}
	if n, ok := first(args).(float64); ok && len(args) == 1 {
		if n < 0 || n > 1<<24 {
			return nil, throwf("invalid array length")
		}
		a.list = make([]any, int(n))
		for i := range a.list {
			a.list[i] = undefined{}
		}
		return a, nil
	}
	a.list = append(a.list, args...)
	return a, nil
}

func newUint8Array(args []any) (any, error) {
	n, _ := first(args).(float64)
	if n < 0 || n > 1<<30 {
		return nil, throwf("invalid typed array length")
	}
	return &object{isView: true, bytes: make([]byte, int(n))}, nil
}

func first(args []any) any {
	if len(args) == 0 {
		return undefined{}
	}
	return args[0]
}

// dateClass answers only for the zone, which is always UTC, and the time.
func (in *Instance) dateClass() *object {
	millis := func(any, []any) (any, error) { return float64(in.env.Walltime().UnixMilli()), nil }
	c := in.class("Date", func([]any) (any, error) {
		return &object{props: map[string]any{
			"getTimezoneOffset": function("getTimezoneOffset", func(any, []any) (any, error) { return float64(0), nil }),
			"getTime":           function("getTime", millis),
		}}, nil
	})
	c.props = map[string]any{"now": function("now", millis)}
	return c
}

func (in *Instance) process() *object {
	p := &object{name: "process", props: map[string]any{"pid": float64(1), "ppid": float64(0)}}
	for _, name := range []string{"getuid", "getgid", "geteuid", "getegid"} {
		p.props[name] = function(name, func(any, []any) (any, error) { return float64(-1), nil })
	}
	for _, name := range []string{"getgroups", "umask", "chdir"} {
		p.props[name] = function(name, func(any, []any) (any, error) { return nil, throwf("a Worker has no process.%s", name) })
	}
	p.props["cwd"] = function("cwd", func(any, []any) (any, error) { return "/", nil })
	return p
}

func (in *Instance) path() *object {
	return &object{name: "path", props: map[string]any{
		"resolve": function("resolve", func(_ any, args []any) (any, error) {
			var parts []string
			for _, a := range args {
				parts = append(parts, toString(a))
			}
			return strings.Join(parts, "/"), nil
		}),
	}}
}

func (in *Instance) crypto() *object {
	return &object{name: "crypto", props: map[string]any{
		"getRandomValues": function("getRandomValues", func(_ any, args []any) (any, error) {
			o, ok := first(args).(*object)
			if !ok || !o.isView {
				return nil, throwf("crypto.getRandomValues takes a Uint8Array")
			}
			in.env.Random(o.bytes)
			return o, nil
		}),
	}}
}

func (in *Instance) console() *object {
	c := &object{name: "console", props: map[string]any{}}
	for name, fd := range map[string]int{"log": 1, "info": 1, "debug": 1, "warn": 2, "error": 2} {
		c.props[name] = function(name, func(_ any, args []any) (any, error) {
			var words []string
			for _, a := range args {
				words = append(words, toString(a))
			}
			in.env.Output(fd, []byte(strings.Join(words, " ")+"\n"))
			return undefined{}, nil
		})
	}
	return c
}

// newSelf makes the object through which the program receives calls of its functions.
func (in *Instance) newSelf() *object {
	o := &object{name: "Go"}
	o.get = func(name string) (any, bool) { return in.pending, name == "_pendingEvent" }
	o.set = func(name string, v any) bool {
		if name == "_pendingEvent" {
			in.pending = v
			return true
		}
		return false
	}
	o.props = map[string]any{"_makeFuncWrapper": function("_makeFuncWrapper", func(_ any, args []any) (any, error) {
		id := first(args)
		return function("", func(this any, args []any) (any, error) { return in.callGo(id, this, args) }), nil
	})}
	return o
}
