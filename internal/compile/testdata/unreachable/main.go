// Command unreachable does what only a machine's program can.
package main

import (
	"net"
	web "net/http"

	"grove.place/lattice/workers"
)

func main() {
	_, _ = web.Get("https://example.com/")
	_, _ = web.Get("https://example.com/again")
	_, _ = net.Dial("tcp", "example.com:25")
	_ = web.DefaultClient
	var http struct{ Get func() }
	http.Get()
	_ = web.ListenAndServe(":80", nil)
	workers.Serve(nil)
}
