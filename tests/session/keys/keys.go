// Package keys is what app and auth know of auth's entrypoints: their methods, without the code behind them, so that app exports none of it.
package keys

import (
	"io"

	"grove.place/lattice/workers/rpc"
)

// Signed is a text with a signature.
type Signed struct {
	Text string `json:"text"`
	By   string `json:"by"`
	May  string `json:"may"` // what the props of the caller's binding allow
}

// Methods of the entrypoint Keys.
var (
	Sign   = rpc.Remote[string, Signed]("sign")
	Refuse = rpc.Remote[string, rpc.None]("refuse")
	Each   = rpc.Remote[rpc.Function[string, string], []string]("each")
	Pages  = rpc.Remote[int, io.ReadCloser]("pages")
	Note   = rpc.Remote[string, int]("note")
)

// Health is a method of auth itself.
var Health = rpc.Remote[rpc.None, string]("health")
