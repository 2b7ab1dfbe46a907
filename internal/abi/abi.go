// Package abi defines the binary interface between a Lattice module and its host: the numbers of operations and
// events, and the codec for messages. Both sides of the boundary use it, the guest SDK and the local host; the
// JavaScript shim mirrors it. docs/abi.md is the specification.
//
// Start with Writer and Reader, then Value.
package abi

// Version is the ABI version this package implements. Guest and host refuse to work together when theirs differ.
const Version = 1

// Results of the imported function call.
const (
	Pending    = -1 // the operation ends with a COMPLETE event
	WrongFrame = -2 // the frame named is not the current frame
)

// Status is the first byte of a result.
const (
	StatusOK    = 0
	StatusError = 1
)

// InlineBody is the size in bytes up to which a body of known length travels inside its message.
const InlineBody = 64 << 10

// Operations, guest to host.
const (
	OpInit        = 1
	OpManifest    = 2
	OpLog         = 3
	OpHop         = 4
	OpDone        = 5
	OpRespond     = 6
	OpEnd         = 7
	OpEnv         = 8
	OpRead        = 10
	OpCancel      = 11
	OpWrite       = 12
	OpClose       = 13
	OpAbort       = 14
	OpFetch       = 15
	OpRPC         = 16
	OpID          = 17
	OpReset       = 18
	OpSQLExec     = 20
	OpSQLNext     = 21
	OpSQLClose    = 22
	OpSQLSize     = 23
	OpKVGet       = 30
	OpKVPut       = 31
	OpKVDelete    = 32
	OpKVList      = 33
	OpDeleteAll   = 34
	OpSync        = 35
	OpGetAlarm    = 36
	OpSetAlarm    = 37
	OpDeleteAlarm = 38
	OpSyncKVGet   = 40
	OpSyncKVPut   = 41
	OpSyncKVDel   = 42
	OpSyncKVList  = 43
	OpTxnSync     = 44
	OpSection     = 45
	OpRollback    = 46
	OpD1          = 50
)

// Events, host to guest.
const (
	EventStart    = 1
	EventComplete = 2
	EventWake     = 3
	EventDead     = 4
	EventDrop     = 5
)

// Kinds of START events.
const (
	StartFetch     = 1
	StartRPC       = 2
	StartConstruct = 3
	StartAlarm     = 4
	StartScheduled = 5
	StartSection   = 6
)

// InitDescribe is the INIT flag that asks the guest for its manifest.
const InitDescribe = 1

// What lattice_run answers.
const (
	RunBlocked  = 0
	RunCommit   = 1
	RunRollback = 2
)

// Kinds of critical section.
const (
	SectionBlockConcurrency = 0
	SectionTransaction      = 1
)

// Targets of FETCH.
const (
	FetchNetwork = 0
	FetchService = 1
	FetchObject  = 2
)

// How ID makes an id.
const (
	IDFromName   = 0
	IDFromString = 1
	IDUnique     = 2
)

// Modes of a Body.
const (
	BodyNone   = 0
	BodyInline = 1
	BodyStream = 2
)

// Modes of D1.
const (
	D1Run   = 0
	D1Raw   = 1
	D1Batch = 2
	D1Exec  = 3
)

// Flags of key-value operations.
const (
	AllowConcurrency = 1
	AllowUnconfirmed = 2
	NoCache          = 4
)

// Log levels.
const (
	LogDebug = 0
	LogInfo  = 1
	LogWarn  = 2
	LogError = 3
)
