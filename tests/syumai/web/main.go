//go:build js && wasm

// Command web verifies a signature with crypto.subtle, through syscall/js; its main has more of the Web's classes. It is for github.com/syumai/workers.
package main

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"syscall/js"

	"github.com/syumai/workers"
)

func await(p js.Value) js.Value {
	done := make(chan js.Value, 1)
	take := js.FuncOf(func(_ js.Value, args []js.Value) any { done <- args[0]; return nil })
	defer take.Release()
	p.Call("then", take, take)
	return <-done
}

func bytes(b []byte) js.Value {
	v := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(v, b)
	return v
}

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		subtle := js.Global().Get("crypto").Get("subtle")
		algorithm := map[string]any{"name": "HMAC", "hash": "SHA-256"}
		key := await(subtle.Call("importKey", "raw", bytes([]byte("key")), algorithm, false, []any{"sign", "verify"}))
		mac := await(subtle.Call("sign", "HMAC", key, bytes([]byte("The quick brown fox jumps over the lazy dog"))))
		sum := make([]byte, 32)
		js.CopyBytesToGo(sum, js.Global().Get("Uint8Array").New(mac))
		fmt.Fprintln(w, hex.EncodeToString(sum))
	})
	workers.Serve(nil)
}
