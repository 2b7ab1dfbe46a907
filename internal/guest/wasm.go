//go:build js && wasm

package guest

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"grove.place/lattice/internal/abi"
)

//go:wasmimport lattice call
//go:noescape
func importCall(frame, op, id uint32, request unsafe.Pointer, n uint32, out unsafe.Pointer, capacity uint32) int32

//go:wasmimport lattice take
//go:noescape
func importTake(p unsafe.Pointer, n uint32)

var (
	inbox   [64 << 10]byte
	outbox  [64 << 10]byte // results of call; global, because a goroutine's stack may move during TXN_SYNC
	overbox []byte         // the inbox of one event larger than inbox
)

// cross makes one operation. The result is a copy; it is nil when n is Pending or WrongFrame.
func cross(frame, op, id uint32, request []byte) (int, []byte) {
	n := int(importCall(frame, op, id, unsafe.Pointer(unsafe.SliceData(request)), uint32(len(request)), unsafe.Pointer(&outbox), uint32(len(outbox))))
	if n < 0 {
		return n, nil
	}
	result := make([]byte, n)
	if n <= len(outbox) {
		copy(result, outbox[:n])
	} else {
		importTake(unsafe.Pointer(unsafe.SliceData(result)), uint32(n))
	}
	return 0, result
}

//go:wasmexport lattice_deliver
func exportDeliver(frame, n uint32) {
	var message []byte
	if overbox != nil {
		message, overbox = overbox[:n:n], nil
	} else {
		message = append([]byte(nil), inbox[:n]...)
	}
	deliver(frame, message)
}

//go:wasmexport lattice_inbox
func exportInbox(n uint32) uint32 {
	overbox = make([]byte, n)
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(overbox))))
}

//go:wasmexport lattice_run
func exportRun(id uint32) int32 {
	f := callbacks[uint64(id)]
	if f == nil {
		return abi.RunRollback
	}
	return f()
}

// Serve announces the module to its host and serves events for ever.
func Serve() {
	Ready()
	select {}
}

var announced bool

// Announce tells the host that the module is here: events come from now on, in goroutines. Only the first call does something.
func Announce() {
	if announced {
		return
	}
	announced = true
	var w abi.Writer
	w.Uint(abi.Version)
	w.Uint(uint64(uintptr(unsafe.Pointer(&inbox))))
	w.Uint(uint64(len(inbox)))
	w.Str(runtime.Version())
	_, result := cross(0, abi.OpInit, 0, w.Bytes())
	r, err := open(result)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	flags := r.Uint()
	if flags&abi.InitDescribe != 0 {
		var w abi.Writer
		w.Value(Manifest())
		cross(0, abi.OpManifest, 0, w.Bytes())
	}
}

// Log writes a line to the console. It works in any frame.
func log(frame uint32, request []byte) { cross(frame, abi.OpLog, 0, request) }
