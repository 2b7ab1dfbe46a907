package gojs

import (
	"errors"
	"math"
)

func (in *Instance) load(c *call, off uint32) any { return in.values.load(uint64(c.i64(off))) }

func (in *Instance) store(c *call, off uint32, v any) { c.setI64(off, int64(in.values.store(v))) }

func (in *Instance) loadList(c *call, off uint32) []any {
	addr, n := c.i64(off), c.i64(off+8)
	raw := c.view(addr, n*8)
	list := make([]any, n)
	for i := range list {
		var ref uint64
		for b := 7; b >= 0; b-- {
			ref = ref<<8 | uint64(raw[i*8+b])
		}
		list[i] = in.values.load(ref)
	}
	return list
}

// result stores what a call produced at off, and whether it returned normally in the byte after it.
func (in *Instance) result(c *call, off uint32, v any, err error) {
	c.reload()
	if err != nil {
		var t thrown
		if !errors.As(err, &t) {
			panic(err) // the program died inside a callback
		}
		v = t.value
	}
	in.store(c, off, v)
	c.setBool(off+8, err == nil)
}

var valueImports = map[string]hostFunc{
	"syscall/js.finalizeRef": func(in *Instance, c call) { in.values.release(uint32(c.i32(8))) },
	"syscall/js.stringVal":   func(in *Instance, c call) { in.store(&c, 24, string(c.bytes(8))) },
	"syscall/js.valueGet": func(in *Instance, c call) {
		in.store(&c, 32, in.get(in.load(&c, 8), string(c.bytes(16))))
	},
	"syscall/js.valueSet": func(in *Instance, c call) {
		if o, ok := in.load(&c, 8).(*object); ok {
			o.setProperty(string(c.bytes(16)), in.load(&c, 32))
		}
	},
	"syscall/js.valueDelete": func(in *Instance, c call) {
		if o, ok := in.load(&c, 8).(*object); ok {
			delete(o.props, string(c.bytes(16)))
		}
	},
	"syscall/js.valueIndex": func(in *Instance, c call) {
		in.store(&c, 24, index(in.load(&c, 8), c.i64(16)))
	},
	"syscall/js.valueSetIndex": func(in *Instance, c call) {
		setIndex(in.load(&c, 8), c.i64(16), in.load(&c, 24))
	},
	"syscall/js.valueCall": func(in *Instance, c call) {
		v, err := in.callMethod(in.load(&c, 8), string(c.bytes(16)), in.loadList(&c, 32))
		in.result(&c, 56, v, err)
	},
	"syscall/js.valueInvoke": func(in *Instance, c call) {
		v, err := in.invoke(in.load(&c, 8), undefined{}, in.loadList(&c, 16))
		in.result(&c, 40, v, err)
	},
	"syscall/js.valueNew": func(in *Instance, c call) {
		v, err := in.construct(in.load(&c, 8), in.loadList(&c, 16))
		in.result(&c, 40, v, err)
	},
	"syscall/js.valueLength": func(in *Instance, c call) {
		n, _ := in.get(in.load(&c, 8), "length").(float64)
		c.setI64(16, int64(n))
	},
	"syscall/js.valuePrepareString": func(in *Instance, c call) {
		s := []byte(toString(in.load(&c, 8)))
		in.store(&c, 16, &object{bytes: s, isView: true})
		c.setI64(24, int64(len(s)))
	},
	"syscall/js.valueLoadString": func(in *Instance, c call) {
		if o, ok := in.load(&c, 8).(*object); ok {
			copy(c.bytes(16), o.bytes)
		}
	},
	"syscall/js.valueInstanceOf": func(in *Instance, c call) {
		o, ok := in.load(&c, 8).(*object)
		class, isClass := in.load(&c, 16).(*object)
		c.setBool(24, ok && isClass && o.class == class)
	},
	"syscall/js.copyBytesToGo": func(in *Instance, c call) {
		o, ok := in.load(&c, 32).(*object)
		if ok = ok && o.isView; ok {
			c.setI64(40, int64(copy(c.bytes(8), o.bytes)))
		}
		c.setBool(48, ok)
	},
	"syscall/js.copyBytesToJS": func(in *Instance, c call) {
		o, ok := in.load(&c, 8).(*object)
		if ok = ok && o.isView; ok {
			c.setI64(40, int64(copy(o.bytes, c.bytes(16))))
		}
		c.setBool(48, ok)
	},
}

func (in *Instance) get(v any, name string) any {
	switch v := v.(type) {
	case *object:
		return v.property(name)
	case string:
		if name == "length" {
			return float64(len(v))
		}
	}
	return undefined{}
}

func index(v any, i int64) any {
	o, ok := v.(*object)
	switch {
	case !ok || i < 0:
	case o.isList && i < int64(len(o.list)):
		return o.list[i]
	case o.isView && i < int64(len(o.bytes)):
		return float64(o.bytes[i])
	}
	return undefined{}
}

func setIndex(v any, i int64, x any) {
	o, ok := v.(*object)
	switch {
	case !ok || i < 0:
	case o.isList && i < math.MaxInt32:
		for int64(len(o.list)) <= i {
			o.list = append(o.list, undefined{})
		}
		o.list[i] = x
	case o.isView && i < int64(len(o.bytes)):
		if f, ok := x.(float64); ok {
			o.bytes[i] = byte(int64(f))
		}
	}
}

func (in *Instance) callMethod(this any, name string, args []any) (any, error) {
	f := in.get(this, name)
	if o, ok := f.(*object); !ok || o.call == nil {
		return nil, in.missing("method " + describe(this) + "." + name)
	}
	return in.invoke(f, this, args)
}

func (in *Instance) invoke(f, this any, args []any) (any, error) {
	o, ok := f.(*object)
	if !ok || o.call == nil {
		return nil, throwf("%s is not a function", describe(f))
	}
	return o.call(this, args)
}

func (in *Instance) construct(f any, args []any) (any, error) {
	o, ok := f.(*object)
	if !ok || o.build == nil {
		return nil, throwf("%s is not a constructor", describe(f))
	}
	return o.build(args)
}

// missing reports JavaScript that is not here, to the log and as an exception to the program.
func (in *Instance) missing(what string) error {
	in.env.Missing(what)
	return throwf("the local host has no JavaScript %s: use the Lattice SDK instead of syscall/js", what)
}

func describe(v any) string {
	if o, ok := v.(*object); ok && o.name != "" {
		return o.name
	}
	return toString(v)
}
