// Package calls says which methods the Workers of this test have, without the code of either.
package calls

import "grove.place/lattice/workers/rpc"

// Props are those of the binding ADMIN.
type Props struct {
	Role string `json:"role"`
}

// The methods of auth.
var (
	Greet = rpc.Remote[string, string]("greet")
	Twice = rpc.Remote[rpc.Function[string, string], string]("twice")
	Fail  = rpc.Remote[string, string]("fail")
	Open  = rpc.Remote[int, *rpc.Any]("open")
	Step  = rpc.Remote[int, int]("step") // of what Open returns
	Role  = rpc.Remote[rpc.None, Props]("role")
)

// Chain is a method of both: each calls the other's until n is 0.
var Chain = rpc.Remote[int, string]("chain")
