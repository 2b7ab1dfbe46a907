//go:build js && wasm

// A guest that speaks the raw ABI, without the SDK: what a test asks for is the method of an rpc event.
package main

import (
	"fmt"
	"os"
	"time"
	"unsafe"

	"grove.place/lattice/internal/abi"
)

//go:wasmimport lattice call
func call(frame, op, id uint32, ptr unsafe.Pointer, n uint32, out unsafe.Pointer, outcap uint32) int32

//go:wasmimport lattice take
func take(ptr unsafe.Pointer, n uint32)

var (
	inbox = make([]byte, 64<<10)
	large []byte
	hang  = make(chan int)
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
	event := append([]byte(nil), buf[:n]...)
	go handle(frame, event)
}

//go:wasmexport lattice_run
func latticeRun(id uint32) int32 {
	switch id {
	case 1:
		return abi.RunCommit
	case 2:
		return abi.RunRollback
	}
	<-hang
	return 0
}

func do(frame, op, id uint32, req []byte) ([]byte, int32) {
	out := make([]byte, 16)
	var p unsafe.Pointer
	if len(req) > 0 {
		p = unsafe.Pointer(&req[0])
	}
	n := call(frame, op, id, p, uint32(len(req)), unsafe.Pointer(&out[0]), uint32(len(out)))
	switch {
	case n < 0:
		return nil, n
	case int(n) > len(out):
		out = make([]byte, n)
		take(unsafe.Pointer(&out[0]), uint32(n))
	}
	return out[:n], 0
}

func done(frame uint32, v abi.Value) {
	var w abi.Writer
	w.Bool(true)
	w.U8(abi.StatusOK)
	w.Value(v)
	do(frame, abi.OpDone, 0, w.Bytes())
}

func handle(frame uint32, event []byte) {
	r := abi.NewReader(event)
	r.U8()
	r.U8()
	r.Uint()
	method := r.Str()
	args := r.Values()
	switch method {
	case "length":
		done(frame, int64(len(args[0].([]byte))))
	case "print":
		n, err := fmt.Println(args[0])
		done(frame, fmt.Sprint(n, err))
	case "file":
		_, err := os.ReadFile("/etc/passwd")
		done(frame, fmt.Sprint(err, os.IsNotExist(err)))
	case "sleep":
		start := time.Now()
		time.Sleep(time.Duration(args[0].(int64)) * time.Millisecond)
		done(frame, time.Since(start).Milliseconds())
	case "echo": // a result larger than the buffer
		got, _ := do(frame, abi.OpSyncKVGet, 0, []byte{1, 'k'})
		done(frame, string(got[1:]))
	case "missing":
		useMissing(frame)
	case "panic":
		panic("boom\nsecond line")
	case "exit":
		os.Exit(3)
	case "memory":
		var keep [][]byte
		for {
			keep = append(keep, make([]byte, 8<<20))
			keep[len(keep)-1][0] = 1
		}
	case "run":
		var w abi.Writer
		w.Uint(uint64(args[0].(int64)))
		got, _ := do(frame, abi.OpTxnSync, 0, w.Bytes())
		done(frame, int64(got[1]))
	case "version":
	}
}

func main() {
	var w abi.Writer
	version := uint64(abi.Version)
	if len(os.Args) > 1 {
		version = 99
	}
	w.Uint(version)
	w.Uint(uint64(uintptr(unsafe.Pointer(&inbox[0]))))
	w.Uint(uint64(len(inbox)))
	w.Str("test")
	got, _ := do(0, abi.OpInit, 0, w.Bytes())
	if got[0] != abi.StatusOK {
		os.Exit(1)
	}
	if got[1]&abi.InitDescribe != 0 {
		w.Reset()
		w.Value(abi.Object{{Name: "classes", Value: abi.Array{}}})
		do(0, abi.OpManifest, 0, w.Bytes())
	}
	select {}
}
