package local

import (
	"time"

	"grove.place/lattice/local-runtime/internal/host"
)

// What KV, R2 and Queues say when they fail on Cloudflare. The method that failed comes before it, as in "KV PUT failed: 429 Too Many Requests". For KVFault.Err,
// R2Fault.Err and QueueFault.Err, which may be other errors as well.
var (
	ErrKVUnavailable error = host.Failing("503 Service Unavailable")
	ErrKVTooMany     error = host.Failing("429 Too Many Requests") // more than one write of a key in a second
	ErrR2Internal    error = host.Failing("We encountered an internal error. Please try again. (10001)")
	ErrQueueGateway  error = host.Failing("Bad Gateway")
	ErrQueueTooMany  error = host.Failing("Too Many Requests")
)

// KVFault makes calls of a KV namespace fail, or take long. Without Err and Delay they fail with ErrKVUnavailable.
type KVFault struct {
	Binding      string        // empty: all
	Method       string        // get, put, delete or list; empty: all
	Key          string        // what a key of the call begins with; empty: all
	After, Times int           // as in StorageFault
	Err          error         // what the caller gets
	Delay        time.Duration // by the host's clock, before that, or before the call is performed
	Late         bool          // the call is performed, and its answer is lost
}

func (f KVFault) inject(h *host.Host) (*host.Injection, error) {
	return h.StoreFault(storeFault(f.After, f.Times, f.Err, f.Delay, f.Late, ErrKVUnavailable), host.KVCalls, f.Binding, f.Method, f.Key)
}

// R2Fault makes calls of an R2 bucket fail, or take long. Without Err and Delay they fail with ErrR2Internal.
type R2Fault struct {
	Binding      string        // empty: all
	Method       string        // as Cloudflare calls it: get, put, completeMultipartUpload and so on; empty: all
	Key          string        // as in KVFault
	After, Times int           // as in StorageFault
	Err          error         // what the caller gets
	Delay        time.Duration // as in KVFault
	Late         bool          // the call is performed, and its answer is lost
}

func (f R2Fault) inject(h *host.Host) (*host.Injection, error) {
	return h.StoreFault(storeFault(f.After, f.Times, f.Err, f.Delay, f.Late, ErrR2Internal), host.R2Calls, f.Binding, f.Method, f.Key)
}

// storeFault is what goes wrong; without an error and a delay it is an error that is usual there.
func storeFault(after, times int, err error, delay time.Duration, late bool, usual error) host.Fault {
	if err == nil && (delay == 0 || late) {
		err = usual
	}
	return host.Fault{After: after, Times: times, Err: err, Delay: delay, Late: late}
}

// QueuePoint is where a queue fails.
type QueuePoint int

// The points at which queues fail.
const (
	OnSend    QueuePoint = iota // the producer sends
	OnOutcome                   // the consumer is done with a batch
)

// QueueFault makes a queue fail. OnSend the producer gets Err, ErrQueueGateway by default, and the messages are not stored; or they are, with Late, so that
// a producer that sends again has sent twice. OnOutcome what the consumer made of a batch is lost: its messages are delivered again, as if the
// consumer had failed, also those that it acknowledged. Messages come at least once.
type QueueFault struct {
	Queue        string // its name; empty: all
	On           QueuePoint
	After, Times int           // as in StorageFault; of OnOutcome they count batches
	Err          error         // OnSend: what the producer gets
	Delay        time.Duration // OnSend: as in KVFault
	Late         bool          // OnSend: the messages are stored, and the producer gets Err
}

func (f QueueFault) inject(h *host.Host) (*host.Injection, error) {
	if f.On == OnOutcome {
		return h.StoreFault(host.Fault{After: f.After, Times: f.Times, Err: ErrConnectionLost}, host.Outcomes, f.Queue, "", "")
	}
	return h.StoreFault(storeFault(f.After, f.Times, f.Err, f.Delay, f.Late, ErrQueueGateway), host.QueueSends, f.Queue, "", "")
}

// CacheFault makes the Cache API forget: nothing is found and nothing is kept, as in another data centre or after an eviction. With Err calls fail
// instead, with Delay they take long.
type CacheFault struct {
	URL          string        // what the URL begins with; empty: all
	Method       string        // match, put or delete; empty: all
	After, Times int           // as in StorageFault
	Err          error         // what the caller gets
	Delay        time.Duration // as in KVFault
}

func (f CacheFault) inject(h *host.Host) (*host.Injection, error) {
	fault := host.Fault{After: f.After, Times: f.Times, Err: f.Err, Delay: f.Delay, Miss: f.Err == nil && f.Delay == 0}
	return h.StoreFault(fault, host.CacheCalls, "", f.Method, f.URL)
}
