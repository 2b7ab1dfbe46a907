package gojs

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/sys"

	"grove.place/lattice/local-runtime/internal/profile"
)

// A call is one call of an import. Go passes arguments and results on its own stack in linear memory: the first
// argument is 8 bytes above sp.
type call struct {
	ctx context.Context
	mod api.Module
	mem api.Memory
	sp  uint32
}

// A fault is a bad address from the guest; it becomes a trap of the guest, never a crash of the host.
func fault(addr uint32, n int64) {
	panic(fmt.Errorf("the Go program passed an address out of bounds: %d bytes at %#x", n, addr))
}

func (c *call) i32(off uint32) int32 {
	v, ok := c.mem.ReadUint32Le(c.sp + off)
	if !ok {
		fault(c.sp+off, 4)
	}
	return int32(v)
}

func (c *call) i64(off uint32) int64 {
	v, ok := c.mem.ReadUint64Le(c.sp + off)
	if !ok {
		fault(c.sp+off, 8)
	}
	return int64(v)
}

func (c *call) setI32(off uint32, v int32) {
	if !c.mem.WriteUint32Le(c.sp+off, uint32(v)) {
		fault(c.sp+off, 4)
	}
}

func (c *call) setI64(off uint32, v int64) {
	if !c.mem.WriteUint64Le(c.sp+off, uint64(v)) {
		fault(c.sp+off, 8)
	}
}

func (c *call) setBool(off uint32, v bool) {
	var b byte
	if v {
		b = 1
	}
	if !c.mem.WriteByte(c.sp+off, b) {
		fault(c.sp+off, 1)
	}
}

// view returns n bytes of linear memory at addr; it is valid until the guest runs again.
func (c *call) view(addr, n int64) []byte {
	if addr < 0 || addr > math.MaxUint32 || n < 0 || n > math.MaxUint32 {
		fault(uint32(addr), n)
	}
	b, ok := c.mem.Read(uint32(addr), uint32(n))
	if !ok {
		fault(uint32(addr), n)
	}
	return b
}

// bytes returns the slice or string whose pointer and length are at off.
func (c *call) bytes(off uint32) []byte { return c.view(c.i64(off), c.i64(off+8)) }

// reload finds the stack again after Go code has run inside the call: its goroutine may have moved to another one.
func (c *call) reload() {
	r, err := c.mod.ExportedFunction("getsp").Call(c.ctx)
	if err != nil {
		panic(err)
	}
	c.sp = api.DecodeU32(r[0])
}

var runtimeImports = map[string]hostFunc{
	"runtime.wasmExit": func(in *Instance, c call) {
		code := c.i32(8)
		in.env.Exit(code)
		panic(sys.NewExitError(uint32(code)))
	},
	"runtime.wasmWrite": func(in *Instance, c call) {
		in.env.Output(int(c.i64(8)), c.view(c.i64(16), int64(c.i32(24))))
	},
	"runtime.resetMemoryDataView": func(in *Instance, c call) {
		if e, ok := in.env.(Probed); ok && c.sp == profile.Asks {
			e.Probe()
		}
	},
	"runtime.nanotime1": func(in *Instance, c call) {
		c.setI64(8, in.env.Nanotime())
	},
	"runtime.walltime": func(in *Instance, c call) {
		now := in.env.Walltime()
		c.setI64(8, now.Unix())
		c.setI32(16, int32(now.Nanosecond()))
	},
	"runtime.scheduleTimeoutEvent": func(in *Instance, c call) {
		c.setI32(16, in.env.Schedule(time.Duration(c.i64(8))*time.Millisecond))
	},
	"runtime.clearTimeoutEvent": func(in *Instance, c call) {
		in.env.Unschedule(c.i32(8))
	},
	"runtime.getRandomData": func(in *Instance, c call) {
		in.env.Random(c.bytes(8))
	},
}
