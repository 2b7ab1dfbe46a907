package gojs

import "context"

// Engine is the JavaScript of a program that uses syscall/js for more than the runtime needs. Values go by the references of wasm_exec.js.
// A method that ends the program panics. It may enter the program again through Resume.
type Engine interface {
	String(s string) (ref uint64)
	Get(v uint64, name string) (ref uint64)
	Set(v uint64, name string, x uint64)
	Delete(v uint64, name string)
	Index(v uint64, i int64) (ref uint64)
	SetIndex(v uint64, i int64, x uint64)
	// Call, Invoke and New report false when what they return was thrown.
	Call(v uint64, name string, args []uint64) (ref uint64, ok bool)
	Invoke(v uint64, args []uint64) (ref uint64, ok bool)
	New(v uint64, args []uint64) (ref uint64, ok bool)
	Length(v uint64) int64
	// PrepareString returns the text of a value as a reference for LoadString, and its length.
	PrepareString(v uint64) (ref uint64, n int)
	LoadString(v uint64, to []byte)
	InstanceOf(v, class uint64) bool
	// Bytes are those of a Uint8Array or Uint8ClampedArray.
	Bytes(v uint64) (b []byte, ok bool)
	Release(id uint32)
}

// Resume has the program handle the event that its engine holds for it, and run until it is idle. It may be called from inside of a call of
// the program.
func (in *Instance) Resume(ctx context.Context) error {
	// A function that is being executed cannot be entered again, so this is a fresh one.
	_, err := in.mod.ExportedFunction("resume").Call(ctx)
	return err
}

func (c *call) ref(off uint32) uint64 { return uint64(c.i64(off)) }

func (c *call) refs(off uint32) []uint64 {
	raw := c.view(c.i64(off), c.i64(off+8)*8)
	list := make([]uint64, len(raw)/8)
	for i := range list {
		for b := 7; b >= 0; b-- {
			list[i] = list[i]<<8 | uint64(raw[i*8+b])
		}
	}
	return list
}

// text copies the string at off: the engine keeps it.
func (c *call) text(off uint32) string { return string(c.bytes(off)) }

// returned stores a result and whether it was returned or thrown. The program may have run meanwhile.
func (c *call) returned(off uint32, ref uint64, ok bool) {
	c.reload()
	c.setI64(off, int64(ref))
	c.setBool(off+8, ok)
}

var engineImports = map[string]func(e Engine, c call){
	"syscall/js.finalizeRef": func(e Engine, c call) { e.Release(uint32(c.i32(8))) },
	"syscall/js.stringVal":   func(e Engine, c call) { c.setI64(24, int64(e.String(c.text(8)))) },
	"syscall/js.valueGet": func(e Engine, c call) {
		ref := e.Get(c.ref(8), c.text(16))
		c.reload()
		c.setI64(32, int64(ref))
	},
	"syscall/js.valueSet":      func(e Engine, c call) { e.Set(c.ref(8), c.text(16), c.ref(32)) },
	"syscall/js.valueDelete":   func(e Engine, c call) { e.Delete(c.ref(8), c.text(16)) },
	"syscall/js.valueIndex":    func(e Engine, c call) { c.setI64(24, int64(e.Index(c.ref(8), c.i64(16)))) },
	"syscall/js.valueSetIndex": func(e Engine, c call) { e.SetIndex(c.ref(8), c.i64(16), c.ref(24)) },
	"syscall/js.valueCall": func(e Engine, c call) {
		ref, ok := e.Call(c.ref(8), c.text(16), c.refs(32))
		c.returned(56, ref, ok)
	},
	"syscall/js.valueInvoke": func(e Engine, c call) {
		ref, ok := e.Invoke(c.ref(8), c.refs(16))
		c.returned(40, ref, ok)
	},
	"syscall/js.valueNew": func(e Engine, c call) {
		ref, ok := e.New(c.ref(8), c.refs(16))
		c.returned(40, ref, ok)
	},
	"syscall/js.valueLength": func(e Engine, c call) { c.setI64(16, e.Length(c.ref(8))) },
	"syscall/js.valuePrepareString": func(e Engine, c call) {
		ref, n := e.PrepareString(c.ref(8))
		c.reload()
		c.setI64(16, int64(ref))
		c.setI64(24, int64(n))
	},
	"syscall/js.valueLoadString": func(e Engine, c call) { e.LoadString(c.ref(8), c.bytes(16)) },
	"syscall/js.valueInstanceOf": func(e Engine, c call) { c.setBool(24, e.InstanceOf(c.ref(8), c.ref(16))) },
	"syscall/js.copyBytesToGo": func(e Engine, c call) {
		b, ok := e.Bytes(c.ref(32))
		if ok {
			c.setI64(40, int64(copy(c.bytes(8), b)))
		}
		c.setBool(48, ok)
	},
	"syscall/js.copyBytesToJS": func(e Engine, c call) {
		b, ok := e.Bytes(c.ref(8))
		if ok {
			c.setI64(40, int64(copy(b, c.bytes(16))))
		}
		c.setBool(48, ok)
	},
}
