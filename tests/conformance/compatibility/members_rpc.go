package compatibility

var rpcSections = []section{
	{"", "RPC: what crosses", "", []member{
		{"null, booleans, numbers, strings", "durables.Method", "rpc value/*", ""},
		{"undefined", "rpc.Undefined", "rpc*undefined*", ""},
		{"BigInt", "durables.Method; (a `*big.Int`)", "rpc value/bigint", ""},
		{"Date", "durables.Method; (a `time.Time`)", "rpc value/*date", ""},
		{"Uint8Array, ArrayBuffer", "durables.Method; (a `[]byte`)", "rpc value/*bytes", ""},
		{"other typed arrays, DataView", "rpc.Int32Array", "rpc*typed*", ""},
		{"Array, Object", "durables.Method; (slices, structs by their `json` tags, and maps)", "rpc value/array; rpc value/object; rpc value/mixed; rpc value/deep", ""},
		{"Map", "rpc.Map", "rpc*map*", ""},
		{"Set", "rpc.Set", "rpc*set*", ""},
		{"RegExp", "rpc.RegExp", "rpc*RegExp*", ""},
		{"Error", "durables.Error", "rpc error/*", ""},
		{"ReadableStream, WritableStream", "durables.Method; (`io.Reader` and `io.Writer`)", "rpc*stream*", ""},
		{"Request, Response, Headers", "durables.Method; (the types of net/http)", "rpc*request*; rpc*response*; rpc*headers*", ""},
		{"functions", "rpc.Function", "rpc*function*", ""},
		{"a cycle, the same object twice", "", "", "Go values that reach themselves are refused with an error; the same object twice becomes two"},
		{"Blob, Proxy", "", "", "Go has neither; a Blob's bytes and type can be sent as a struct"},
		{"a class instance, Symbol, Promise, WeakMap", "durables.Method", "rpc/not cloneable", "refused there as here"},
	}},
	{"", "RpcTarget, RpcStub, RpcPromise", "", []member{
		{"class … extends RpcTarget", "rpc.Target", "rpc*target*", ""},
		{"new RpcStub(value)", "rpc.NewFunction", "rpc*", ""},
		{"stub.method(…)", "rpc.Method", "rpc*stub*", ""},
		{"stub.property", "rpc.Any.Get", "rpc*property*", ""},
		{"promise pipelining", "rpc.Promise", "rpc*pipelin*", ""},
		{"dup()", "rpc.Stub.Dup", "rpc*dup*", ""},
		{"[Symbol.dispose]()", "rpc.Stub.Dispose", "rpc*dispos*", ""},
		{"RpcTarget's own [Symbol.dispose]", "rpc.Disposer", "rpc*dispos*", ""},
		{"getters of a class", "", "", "a Go type has fields and methods; declare a method"},
	}},
}
