package compatibility

import "slices"

// Reasons that several tests share.
const (
	persistent   = "experimental: stubs kept in storage, for which Cloudflare announces data loss. See `restore` in the compatibility page"
	notDurable   = "not about Durable Objects"
	cpp          = "about the memory safety of C++ code that Lattice does not have"
	binaryTypes  = "`binaryType` is of JavaScript: in Go a binary message is a `[]byte`"
	kvBackEnd    = "the back end that is not on SQLite: a cache over a remote store, which only Cloudflare has. What an object sees of it is what it sees of SQLite"
	setPageCount = "A full disk is made with an experimental call there, which production does not have"
)

var portedFiles = slices.Concat(portedAPI, portedIO)

var portedAPI = []portedFile{
	{"api/tests/actor-alarms-test.js", []ported{{"test", "alarm/once; alarm time/set", ""}}},
	{"api/tests/actor-alarms-delete-test.js", []ported{{"default", "alarm/cleared in the handler; alarm/deleted in time; alarm time/delete", ""}}},
	{"api/tests/actor-alarms-name-test.js", []ported{{"test", "id/name restored for an alarm", ""}}},
	{"api/tests/delete-all-deletes-alarm-test.js", []ported{{"test", "kv/delete all deletes the alarm", "With the flag, the default since 2026-02-24; `lattice build` asks for a later date"}}},
	{"api/tests/actor-block-concurrency-depth-test.js", []ported{{"default", "section/64 deep; section/65 deep; local-runtime/internal/gate.TestNestingIsLimited", ""}}},
	{"api/tests/actor-kv-test.js", []ported{{"default", "kv/*; kv list/all; transaction/commit", "Its tail worker looks at trace spans, which Lattice leaves to the runtime"}}},
	{"api/tests/actor-stub-test.js", []ported{{"default", "id/name; id/unique; id/equals; id/from string; id/by name and by id are one object; object fetch/echo; rpc/number; stub options/location hint; stub/name and id", "Properties that are put on a stub are of JavaScript"}}},
	{"api/tests/sql-test.js", []ported{
		{"default", "sql/*; transaction/*; transactionSync/*; sql cost/*; database sql/*", "`prepare` and `ingest` are experimental"},
		{"testRollbackKvInit", "transaction/first key is rolled back", "Also for alarms: `transaction/first alarm is rolled back`"},
		{"testMultiStatement", "sql/several statements after a pragma", ""},
		{"testSessionsAPIBookmark", "bookmark/*", ""},
		{"testAutoRollBackOnCriticalError", "local-runtime/internal/storage.TestErrorsThatRollBackBreakTheObject; local-runtime/internal/storage.TestFullDiskBreaksTheObjectAndLosesNothingCommitted", setPageCount},
		{"testCriticalErrorOn*", "local-runtime/internal/storage.TestErrorsThatRollBackBreakTheObject", setPageCount},
		{"testCursorUaf", "", cpp},
	}},
	{"api/tests/sql-restrict-names-test.js", []ported{{"default", "sql/reserved names refused", ""}}},
	{"api/tests/sql-resizable-arraybuffer-test.js", []ported{{"test*", "sql/bound types", "Go has no resizable buffers; a slice is copied when it is bound"}}},
	{"api/tests/sync-kv-test.js", []ported{{"testAutoRollBackOnCriticalError", "sync kv/put and get; sync kv/delete; sync kv list/*", "No iterator can be invalidated: `List` returns all of it"}}},
	{"api/tests/websocket-hibernation.js", []ported{{"test", "socket close/by the client; socket close/by the object, with code and reason; socket ordinary/closed by the object; socket/failing handler", ""}}},
	{"api/tests/stub-storage-test.js", []ported{{"storeServiceBinding; bindingsInProps", "", persistent}}},
	{"api/tests/persistent-stubs-test.js", []ported{{"*", "", persistent}}},
	{"api/tests/js-rpc-test.js", []ported{
		{"basicServiceBinding; namedServiceBinding; extendingEntrypointClasses; defaultExportClass", "service/*; rpc/*; entrypoint/*", ""},
		{"namedActorBinding; loopbackJsRpcTarget", "rpc/*; rpc target/*; rpc object/*", ""},
		{"connectBinding; mapVirtualHost*", "", "raw TCP to a Worker: see `connect` in the compatibility page"},
		{"actorWithoutExtendsRejectsRpc", "", "every Go class extends DurableObject"},
		{"sendStubOverRpc; receiveStubOverRpc; serializeRpcPromiseOrProprety", "rpc target/passed to an object; rpc function/passed on to another object; rpc target/relayed; rpc pipelining/property of a result", ""},
		{"promisePipelining; promisePipeliningProxy", "rpc pipelining/*", ""},
		{"disposal", "rpc disposal/*", ""},
		{"crossContextSharingDoesntWork", "tests/stress.TestWorkerd; build/shim.TestOptimisedCodeKeepsItsContext", "In Go it does work: a stub is used in the frame that it belongs to, wherever the goroutine is"},
		{"waitUntilWorks", "wait until/*", ""},
		{"streams", "rpc stream/*", ""},
		{"serializeHttpTypes", "rpc http/*; rpc types/Headers", ""},
		{"serializeBlob", "", "Go has no Blob"},
		{"testAsyncStackTrace", "rpc error/*", "the stack of a Go error is the one of the goroutine"},
		{"testExceptionProperties; testDurableObjectExceptionProperties", "rpc error/props; rpc error/flags; abort/reason reaches the caller", ""},
		{"canUseGetPutDelete", "rpc/number", "methods may have any name that is not reserved"},
		{"logging", "", "about how `console.log` prints a stub"},
		{"proxiedRpcTarget", "", "Go has no Proxy"},
		{"testConstructEntrypoint", "", "about calling a class's constructor in JavaScript"},
		{"portAbortCall", "", notDurable},
		{"sendServiceStubOverRpc", "", "a service binding is not a value of RPC in Go; the other side has its own binding"},
		{"eOrderTest", "rpc/calls on one stub stay in order", ""},
		{"stubDepthLimitTest", "rpc path/64 deep; rpc path/too deep", ""},
	}},
	{"api/tests/js-rpc-params-ownership-test.js", []ported{
		{"rpcParams*", "rpc function/kept*; rpc disposal/of a parameter*; rpc disposal/waits for the duplicate", ""},
		{"rpcReturnsTransferOwnership", "rpc disposal/of a returned target; rpc function/returned, then disposed of", ""},
	}},
	{"api/tests/rpc-error-test.js", []ported{
		{"test", "rpc error/type; rpc error/range; rpc error/custom; rpc error/props", ""},
		{"structuredCloneNotBroken; domExceptionClone", "", "about `structuredClone` in JavaScript"},
	}},
	{"api/tests/websocket-allow-half-open-test.js", []ported{{"*", "socket ordinary/half open; socket ordinary/closed*", ""}}},
	{"api/tests/websocket-constructor-test.js", []ported{
		{"emptyProtocolsArray; singleProtocolString; invalidProtocolToken; duplicateProtocols", "socket/subprotocol*", ""},
		{"closeReason*; closeCode*", "socket pair/close codes; socket pair/close reasons", ""},
		{"binary*", "", binaryTypes},
	}},
	{"api/tests/websocket-client-error-test.js", []ported{{"default", "socket of the Worker/*", ""}}},
	{"api/tests/queue-do-uaf-test.js", []ported{{"default", "", cpp}}},
	{"api/tests/new-module-registry-do-test.js", []ported{{"durableObjectTest", "rpc/number", "the module registry is the runtime's"}}},
	{"api/tests/importable-exports-test.js", []ported{{"importableExports; nullableExports", "exports/*", ""}}},
	{"api/actor-state-test.c++", []ported{{"*", "rpc value/*; kv/values", "The bytes in which V8 stores values are not read by anything outside workerd: files of the two hosts are not exchanged. That stored values keep their types is what the cases show"}}},
	{"api/alarm-retry-test.c++", []ported{{"*", "alarm/retried after an error; local-runtime.TestAlarms", ""}}},
	{"api/output-gate-test.c++", []ported{{"*", "local-runtime.TestFailedSectionResetsTheObject; local-runtime/internal/gate.TestOutputsOfAFailedOwnerAreDropped", "Queues are bound by another package"}}},
	{"api/sql-toarray-oom-test.c++", []ported{{"*", "sql/300 rows", "Go's own memory limit ends an instance; `Query` streams"}}},
}
