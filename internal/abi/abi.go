// Package abi defines the binary interface between a Lattice module and its host: the numbers of operations and
// events, and the codec for messages. Both sides of the boundary use it, the guest SDK and the local host; the
// JavaScript shim mirrors it. docs/abi.md is the specification.
//
// Start with Writer and Reader, then Value.
package abi

// Version is the ABI version this package implements. Guest and host refuse to work together when theirs differ.
const Version = 2

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
	OpProps       = 9
	OpRead        = 10
	OpCancel      = 11
	OpWrite       = 12
	OpClose       = 13
	OpAbort       = 14
	OpFetch       = 15
	OpRPC         = 16
	OpID          = 17
	OpReset       = 18
	OpRelease     = 19
	OpSQLExec     = 20
	OpSQLNext     = 21
	OpSQLClose    = 22
	OpSQLSize     = 23
	OpDup         = 24
	OpPassThrough = 25
	OpAbandon     = 26
	OpNoRetry     = 27
	OpPipe        = 28
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
	OpBookmark    = 47
	OpRestore     = 48
	OpFacet       = 49
	OpD1          = 50
	OpQueueSend   = 51
	OpR2          = 52
	OpWorkersKV   = 53
	OpRateLimit   = 54
	OpDataPoint   = 55
	OpCache       = 56
	OpD1Session   = 57

	OpSocketPair         = 60
	OpSocketAccept       = 61
	OpSocketSend         = 62
	OpSocketClose        = 63
	OpSocketReceive      = 64
	OpSocketList         = 65
	OpSocketTags         = 66
	OpSocketAttach       = 67
	OpSocketAttachment   = 68
	OpSocketAutoResponse = 69
	OpSocketAutoTime     = 70
	OpSocketEventTimeout = 71
	OpSocketInfo         = 72
	OpSocketBroadcast    = 73

	OpTCPConnect  = 80
	OpTCPWait     = 81
	OpTCPStartTLS = 82
	OpTCPClose    = 83
)

// Events, host to guest.
const (
	EventStart    = 1
	EventComplete = 2
	EventWake     = 3
	EventDead     = 4
	EventDrop     = 5
	EventReleased = 6
)

// Kinds of START events.
const (
	StartFetch     = 1
	StartRPC       = 2
	StartConstruct = 3
	StartAlarm     = 4
	StartScheduled = 5
	StartSection   = 6

	StartSocketMessage = 7
	StartSocketClose   = 8
	StartSocketError   = 9
	StartCall          = 10
	StartQueue         = 11
	StartEntrypoint    = 12
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

// Kinds of Target, what FETCH and RPC go to.
const (
	TargetNetwork = 0
	TargetService = 1
	TargetObject  = 2
	TargetHeld    = 3
	TargetFacet   = 4
	TargetExport  = 5
)

// Modes of RPC.
const (
	RPCCall = 0
	RPCGet  = 1
)

// SenderNumbers is where the numbers begin that the other side of a stub, promise or stream chose (docs/abi.md, "Stubs").
const SenderNumbers = 1 << 40

// Owners of a StubValue.
const (
	HeldByHost  = 0
	HeldByGuest = 1
)

// Kinds of a StubValue that the guest holds.
const (
	StubFunction = 0
	StubTarget   = 1
)

// ResetKeepsNoAlarm is the RESET flag that suppresses the retry of the alarm that runs.
const ResetKeepsNoAlarm = 1

// What BOOKMARK asks for.
const (
	BookmarkCurrent = 0
	BookmarkForTime = 1
)

// What FACET does.
const (
	FacetAbort  = 0
	FacetDelete = 1
	FacetClone  = 2
)

// How SOCKET_ACCEPT accepts.
const (
	AcceptOrdinary   = 0
	AcceptHalfOpen   = 1
	AcceptHibernates = 2
)

// Kinds of what a socket receives.
const (
	SocketText   = 0
	SocketBinary = 1
	SocketClosed = 2
	SocketFailed = 3
)

// What SOCKET_AUTO_RESPONSE and SOCKET_EVENT_TIMEOUT do.
const (
	SettingGet   = 0
	SettingSet   = 1
	SettingUnset = 2
)

// How ID makes an id.
const (
	IDFromName   = 0
	IDFromString = 1
	IDUnique     = 2
)

// Values of secureTransport in TCP_CONNECT.
const (
	TransportOff      = 0
	TransportOn       = 1
	TransportStartTLS = 2
)

// What TCP_WAIT waits for.
const (
	TCPOpened = 0
	TCPClosed = 1
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

// Content types of queue messages.
const (
	QueueJSON  = 0
	QueueText  = 1
	QueueBytes = 2
	QueueV8    = 3
)

// What CACHE does.
const (
	CacheMatch  = 0
	CachePut    = 1
	CacheDelete = 2
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
	LogPanic = 4 // an error: what panicked, and from the second line on Go's trace, of which hosts show what is the program's
)

// Keys of a log line that is a JSON object. It begins with LogTime.
const (
	LogTime    = "timestamp"
	LogMessage = "message"
)
