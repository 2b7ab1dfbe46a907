//go:build js && wasm

package main

import (
	"fmt"
	"syscall/js"
)

// describeValue uses classes of JavaScript. It is what a program that moves to Lattice must write anew.
func describeValue(body js.Value) string {
	if body.InstanceOf(js.Global().Get("ArrayBuffer")) {
		view := js.Global().Get("Uint8Array").New(body)
		b := make([]byte, view.Length())
		js.CopyBytesToGo(b, view)
		return fmt.Sprintf("buffer %x", b)
	}
	return "value " + js.Global().Get("JSON").Call("stringify", body).String()
}
