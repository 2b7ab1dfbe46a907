//go:build !(js && wasm)

package ambient

const inWasm = false
