//go:build js && wasm

package main

import (
	"fmt"
	"syscall/js"
)

func useMissing(frame uint32) {
	defer func() { done(frame, fmt.Sprint(recover())) }()
	js.Global().Get("Headers").New()
}
