package compatibility

var rpcSections = []section{
	{"", "RPC: what crosses", "", []member{
		{"null, booleans, numbers, strings", "durables.Method", "rpc value/*", ""},
		{"undefined", "rpc.Undefined", "rpc value/undefined", ""},
		{"BigInt", "durables.Method; (a `*big.Int`)", "rpc value/bigint; rpc types/BigInt", ""},
		{"Date", "durables.Method; (a `time.Time`)", "rpc value/*date; rpc types/Date", ""},
		{"Uint8Array, ArrayBuffer", "durables.Method; (a `[]byte`)", "rpc value/*bytes; rpc types/ArrayBuffer; rpc types/Uint8Array", ""},
		{"other typed arrays, DataView", "rpc.Int32Array", "rpc types/*Array; rpc types/DataView", ""},
		{"Array, Object", "durables.Method; (slices, structs by their `json` tags, and maps)", "rpc value/array; rpc value/object; rpc value/mixed; rpc value/deep", ""},
		{"Map", "rpc.Map", "rpc types/*map*; rpc value/map", ""},
		{"Set", "rpc.Set", "rpc types/*set", ""},
		{"RegExp", "rpc.RegExp", "rpc types/RegExp", ""},
		{"Error", "durables.Error", "rpc error/*; rpc types/error*; rpc thrown/*", ""},
		{"ReadableStream, WritableStream", "durables.Method; (`io.Reader` and `io.Writer`)", "rpc stream/*", ""},
		{"Request, Response, Headers", "durables.Method; (the types of net/http)", "rpc http/*", ""},
		{"functions", "rpc.Function", "rpc function/*", ""},
		{"a cycle, the same object twice", "", "", "Go values that reach themselves are refused with an error; the same object twice becomes two"},
		{"Blob, Proxy", "", "", "Go has neither; a Blob's bytes and type can be sent as a struct"},
		{"a class instance, Symbol, Promise, WeakMap", "durables.Method", "rpc/not cloneable", "refused there as here"},
	}},
	{"", "RpcTarget, RpcStub, RpcPromise", "", []member{
		{"class … extends RpcTarget", "rpc.Target", "rpc target/*", ""},
		{"new RpcStub(value)", "rpc.NewFunction", "rpc function/wrapped; rpc function/called back", ""},
		{"stub.method(…)", "rpc.Method", "rpc target/methods; rpc target/failing method; rpc target/passed to an object", ""},
		{"stub.property", "rpc.Any.Get", "rpc pipelining/property of a result; rpc path/*", ""},
		{"promise pipelining", "rpc.Promise", "rpc pipelining/*", ""},
		{"dup()", "rpc.Stub.Dup", "rpc function/kept with dup; rpc disposal/waits for the duplicate", ""},
		{"[Symbol.dispose]()", "rpc.Stub.Dispose", "rpc disposal/*; rpc function/returned, then disposed of", ""},
		{"RpcTarget's own [Symbol.dispose]", "rpc.Disposer", "rpc disposal/*", ""},
		{"getters of a class", "", "", "a Go type has fields and methods; declare a method"},
	}},
}
