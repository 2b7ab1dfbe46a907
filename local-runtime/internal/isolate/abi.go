package isolate

import (
	"fmt"

	"github.com/tetratelabs/wazero/api"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/gojs"
)

// call is lattice.call: an operation of the program.
func (in *Instance) call(mem api.Memory, stack []uint64) {
	var a [7]uint32
	for i := range a {
		a[i] = api.DecodeU32(stack[i])
	}
	frame, op, id, ptr, n, out, outcap := a[0], a[1], a[2], a[3], a[4], a[5], a[6]
	req, ok := mem.Read(ptr, n)
	if !ok {
		panic(fmt.Errorf("operation %d passed a request outside of memory: %d bytes at %#x", op, n, ptr))
	}
	var result []byte
	var code int32
	if op == abi.OpInit {
		result = in.init(req)
	} else {
		result, code = in.guest.Call(frame, op, id, req)
	}
	if result == nil {
		stack[0] = api.EncodeI32(code)
		return
	}
	in.result = nil
	if uint32(len(result)) > outcap {
		in.result = result
	} else if !mem.Write(out, result) {
		panic(fmt.Errorf("operation %d passed a result buffer outside of memory: %d bytes at %#x", op, outcap, out))
	}
	stack[0] = api.EncodeI32(int32(len(result)))
}

// take is lattice.take: the result that did not fit.
func (in *Instance) take(mem api.Memory, stack []uint64) {
	ptr, n := api.DecodeU32(stack[0]), api.DecodeU32(stack[1])
	if in.result == nil || uint32(len(in.result)) != n || !mem.Write(ptr, in.result) {
		panic(fmt.Errorf("take of %d bytes at %#x does not match the last result", n, ptr))
	}
	in.result = nil
}

func (in *Instance) init(req []byte) []byte {
	r := abi.NewReader(req)
	version := r.Uint()
	if r.Err() == nil && version != abi.Version {
		in.refused = fmt.Errorf("the module speaks ABI version %d and this host version %d: build both from the same release of Lattice", version, abi.Version)
		return Failure(abi.Errorf("%s", in.refused))
	}
	inbox, size, _ := r.U32(), r.U32(), r.Str()
	if err := r.End(); err != nil {
		in.refused = fmt.Errorf("the module's first message is malformed, build it with the same release of Lattice as this host: %w", err)
		return Failure(abi.Errorf("%s", in.refused))
	}
	in.initialised, in.inbox, in.inboxN = true, inbox, size
	var flags uint64
	if in.describe {
		flags |= abi.InitDescribe
	}
	return Success(func(w *abi.Writer) {
		w.Uint(flags)
		w.Str("local")
	})
}

// GoVersion is the Go release whose modules run here.
const GoVersion = gojs.GoVersion

// Success encodes a result; payload may be nil.
func Success(payload func(*abi.Writer)) []byte {
	w := abi.NewWriter([]byte{abi.StatusOK})
	if payload != nil {
		payload(w)
	}
	return w.Bytes()
}

// Failure encodes a failed result.
func Failure(e *abi.Error) []byte {
	w := abi.NewWriter([]byte{abi.StatusError})
	w.Error(e)
	return w.Bytes()
}
