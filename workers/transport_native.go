//go:build !(js && wasm)

package workers

func useDefaultTransport() {}
