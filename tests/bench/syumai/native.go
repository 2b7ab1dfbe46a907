//go:build !js

package main

func main() {
	panic("this program runs on Workers only: build it with GOOS=js GOARCH=wasm, or run lattice dev")
}
