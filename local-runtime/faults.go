package local

import (
	"errors"
	"time"

	"grove.place/lattice/local-runtime/internal/host"
	"grove.place/lattice/local-runtime/internal/storage"
)

// Fault is something that goes wrong on purpose, until it is removed: a StorageFault, a NetworkFault, a D1Fault, a KVFault, an R2Fault,
// a QueueFault or a CacheFault.
type Fault interface {
	inject(*host.Host) (*host.Injection, error)
}

// Injection is a Fault in force. Its method Count returns how many operations it has struck, and Remove ends it.
type Injection = host.Injection

// Inject puts a fault in force. Of several that match an operation the first that strikes it counts. It panics on a fault of a class, a binding or a method
// that does not exist.
func (h *Host) Inject(f Fault) *Injection {
	i, err := f.inject(h.current())
	if err != nil {
		panic("local: Inject: " + err.Error())
	}
	return i
}

// StoragePoint is where an object's storage fails: OnRead, OnWrite, OnCommit or OnConfirm.
type StoragePoint = storage.Point

// The points at which storage fails.
const (
	OnRead   = storage.Read   // before a statement runs, or keys are read
	OnWrite  = storage.Write  // before a statement, a key or the alarm is written
	OnCommit = storage.Commit // before what a turn wrote is committed
	// OnConfirm is after it was committed, and before that counts as durable: what the object says to the outside waits for it. Production's
	// replicas may take their time here, or fail.
	OnConfirm = storage.Confirm
)

// Failures of a disk, for StorageFault.Err.
var (
	ErrDiskFull = storage.ErrDiskFull
	ErrDiskIO   = storage.ErrDiskIO
)

// StorageFault makes the storage of objects fail as a disk does. The object is reset: what its turn wrote is lost, what the turn said to the outside is
// held back, and its callers get the error.
type StorageFault struct {
	Class, Object string // whose; the object by name or id. Empty: all
	On            StoragePoint
	After         int   // so many operations go well first
	Times         int   // so many then fail; 0: all
	Err           error // default ErrDiskFull, or ErrDiskIO for reads

	// Delay is for OnConfirm, by the host's clock. Without an Err the write is then confirmed; it may take 30 seconds.
	Delay time.Duration
}

func (f StorageFault) inject(h *host.Host) (*host.Injection, error) {
	if f.Err == nil && f.Delay == 0 {
		f.Err = ErrDiskFull
		if f.On == OnRead {
			f.Err = ErrDiskIO
		}
	}
	return h.StorageFault(host.Fault{After: f.After, Times: f.Times, Err: f.Err, Delay: f.Delay}, f.Class, f.Object, f.On)
}

// ErrConnectionLost is what a Worker gets when the other side is gone.
var ErrConnectionLost = errors.New("Network connection lost.")

// NetworkFault makes outbound requests fail, or take long. Without Err and Delay they fail with ErrConnectionLost.
type NetworkFault struct {
	URL          string        // what the URL begins with; empty: all
	After, Times int           // as in StorageFault
	Err          error         // what the Worker gets
	Delay        time.Duration // by the host's clock, before that, or before the request is made
	Late         bool          // the request is made, and its answer is lost
}

func (f NetworkFault) inject(h *host.Host) (*host.Injection, error) {
	if f.Err == nil && (f.Delay == 0 || f.Late) {
		f.Err = ErrConnectionLost
	}
	return h.NetworkFault(host.Fault{After: f.After, Times: f.Times, Err: f.Err, Delay: f.Delay, Late: f.Late}, f.URL), nil
}

// ErrD1Timeout is what D1 answers when it gave up on a query that may have been committed.
var ErrD1Timeout = errors.New("D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.")

// D1Fault makes calls of a D1 database fail, or take long. Without Err and Delay they fail with ErrD1Timeout.
type D1Fault struct {
	Binding      string        // empty: all
	SQL          string        // a text that is in one of the statements; empty: all
	After, Times int           // as in StorageFault
	Err          error         // what the caller gets
	Delay        time.Duration // by the host's clock, before that, or before the statements run
	AfterCommit  bool          // the statements run and are committed, and then the answer is Err
	SlowAnswer   bool          // the statements run at once, and Delay is before the answer
}

func (f D1Fault) inject(h *host.Host) (*host.Injection, error) {
	if f.Err == nil && (f.Delay == 0 || f.AfterCommit) {
		f.Err = ErrD1Timeout
	}
	return h.D1Fault(host.Fault{After: f.After, Times: f.Times, Err: f.Err, Delay: f.Delay, Late: f.AfterCommit, Answer: f.SlowAnswer}, f.Binding, f.SQL)
}
