//go:build !(js && wasm)

package guest

import (
	"fmt"
	"os"

	"grove.place/lattice/internal/abi"
)

// Natively there are no frames: operations go to the Transport of a local host.
func cross(frame, op, id uint32, request []byte) (int, []byte) {
	var w abi.Writer
	w.U8(abi.StatusError)
	w.Error(&abi.Error{Name: "Error", Message: "lattice: frames exist in Wasm only"})
	return 0, w.Bytes()
}

// Announce is Serve.
func Announce() { Serve() }

// Serve explains that a Worker does not run as an ordinary program, and exits.
func Serve() {
	fmt.Fprintln(os.Stderr, "this program is a Cloudflare Worker: run it with `lattice dev`, or build it with `lattice build`")
	os.Exit(2)
}

func log(frame uint32, request []byte) {
	r := abi.NewReader(request)
	r.U8()
	fmt.Fprintln(os.Stderr, r.Str())
}
