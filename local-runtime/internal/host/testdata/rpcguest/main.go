//go:build js && wasm

// A guest that speaks the raw ABI, without the SDK, to pass stubs around: what a test asks for is the method of an rpc event.
package main

import (
	"os"
	"unsafe"

	"grove.place/lattice/internal/abi"
)

//go:wasmimport lattice call
func call(frame, op, id uint32, ptr unsafe.Pointer, n uint32, out unsafe.Pointer, outcap uint32) int32

//go:wasmimport lattice take
func take(ptr unsafe.Pointer, n uint32)

var (
	inbox    = make([]byte, 64<<10)
	large    []byte
	stubs    uint64
	ids      uint32
	pending  = map[uint32]chan []byte{}
	released = abi.Array{}
	late     string
	kept     = map[uint64]uint64{} // by object
)

//go:wasmexport lattice_inbox
func latticeInbox(n uint32) unsafe.Pointer {
	large = make([]byte, n)
	return unsafe.Pointer(&large[0])
}

//go:wasmexport lattice_deliver
func latticeDeliver(frame, n uint32) {
	buf := inbox
	if large != nil {
		buf, large = large, nil
	}
	r := abi.NewReader(append([]byte(nil), buf[:n]...))
	switch r.U8() {
	case abi.EventStart:
		go start(frame, r)
	case abi.EventComplete:
		if c := pending[r.U32()]; c != nil {
			c <- r.Rest()
		}
	case abi.EventReleased:
		released = append(released, int64(r.Uint()))
	}
}

//go:wasmexport lattice_run
func latticeRun(uint32) int32 { return abi.RunCommit }

func do(frame, op uint32, req []byte) []byte {
	ids++
	id := ids
	answer := make(chan []byte, 1)
	pending[id] = answer
	defer delete(pending, id)
	out := make([]byte, 256)
	var p unsafe.Pointer
	if len(req) > 0 {
		p = unsafe.Pointer(&req[0])
	}
	n := call(frame, op, id, p, uint32(len(req)), unsafe.Pointer(&out[0]), uint32(len(out)))
	switch {
	case n < 0:
		return <-answer
	case int(n) > len(out):
		out = make([]byte, n)
		take(unsafe.Pointer(&out[0]), uint32(n))
	}
	return out[:n]
}

func done(frame uint32, v abi.Value) {
	var w abi.Writer
	w.Bool(true)
	w.U8(abi.StatusOK)
	w.Value(v)
	do(frame, abi.OpDone, w.Bytes())
}

func made(kind byte) abi.StubValue {
	stubs++
	s := abi.StubValue{Owner: abi.HeldByGuest, Number: stubs, Kind: kind}
	if kind == abi.StubTarget {
		s.Methods = []string{"ping", "make", "hang"}
	}
	return s
}

func start(frame uint32, r *abi.Reader) {
	kind, object := r.U8(), r.Uint()
	switch kind {
	case abi.StartConstruct:
		done(frame, abi.Undefined{})
	case abi.StartRPC:
		method(frame, object, r.Str(), r.Values())
	case abi.StartCall:
		number, path, args := r.Uint(), r.Strs(), r.Values()
		switch {
		case len(path) == 0:
			done(frame, append(abi.Array{int64(number)}, args...))
		case path[0] == "make":
			done(frame, made(abi.StubTarget))
		case path[0] == "ping":
			done(frame, append(abi.Array{"pong"}, args...))
		}
	}
}

func method(frame uint32, object uint64, name string, args []abi.Value) {
	var w abi.Writer
	switch name {
	case "echo":
		done(frame, args[0])
	case "make":
		done(frame, made(abi.StubTarget))
	case "function":
		done(frame, abi.Object{{Name: "f", Value: made(abi.StubFunction)}, {Name: "n", Value: int64(1)}})
	case "raw": // whatever the test encoded
		do(frame, abi.OpDone, append([]byte{1, abi.StatusOK}, args[0].([]byte)...))
	case "call": // the stub among the arguments
		w.RPC(abi.RPC{Target: abi.Target{Kind: abi.TargetHeld, Held: args[0].(abi.StubValue).Number}})
		w.Values(args[1:])
		do(frame, abi.OpDone, append([]byte{1}, do(frame, abi.OpRPC, w.Bytes())...))
	case "keep":
		w.Uint(args[0].(abi.StubValue).Number)
		kept[object] = abi.NewReader(do(frame, abi.OpDup, w.Bytes())[1:]).Uint()
		done(frame, nil)
	case "drop":
		w.Uint(1)
		w.Uint(kept[object])
		do(frame, abi.OpRelease, w.Bytes())
		done(frame, nil)
	case "linger": // returns, and then calls its argument
		do(frame, abi.OpDone, []byte{0, abi.StatusOK, abi.TagNull})
		w.RPC(abi.RPC{Target: abi.Target{Kind: abi.TargetHeld, Held: args[0].(abi.StubValue).Number}})
		w.Values(nil)
		late = string(do(frame, abi.OpRPC, w.Bytes()))
		do(frame, abi.OpEnd, nil)
	case "late":
		done(frame, late)
	case "released":
		done(frame, released)
	case "abort":
		w.Str("aborted by the test")
		w.U8(0)
		do(frame, abi.OpReset, w.Bytes())
		done(frame, nil)
	case "exit":
		os.Exit(3)
	}
}

func main() {
	var w abi.Writer
	w.Uint(uint64(abi.Version))
	w.Uint(uint64(uintptr(unsafe.Pointer(&inbox[0]))))
	w.Uint(uint64(len(inbox)))
	w.Str("test")
	do(0, abi.OpInit, w.Bytes())
	select {}
}
