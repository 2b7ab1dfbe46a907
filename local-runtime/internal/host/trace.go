package host

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/clock"
)

// tracer writes one line for each thing that happens. A nil tracer writes nothing.
type tracer struct {
	mu    sync.Mutex
	out   io.Writer
	clock clock.Clock
	start int64
}

func newTracer(out io.Writer, c clock.Clock) *tracer {
	if out == nil {
		return nil
	}
	return &tracer{out: out, clock: c, start: c.Now().UnixNano()}
}

func (t *tracer) line(format string, args ...any) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	ns := t.clock.Now().UnixNano() - t.start
	fmt.Fprintf(t.out, "%d.%09d ", ns/1e9, ns%1e9)
	fmt.Fprintf(t.out, format, args...)
	io.WriteString(t.out, "\n")
}

// digest stands for a payload in a trace.
func digest(b []byte) string {
	h := fnv.New64a()
	h.Write(b)
	return fmt.Sprintf("%016x", h.Sum64())
}

// label names the frame and its object.
func (f *frame) label() string {
	switch {
	case f == nil:
		return "f0"
	case f.object == nil:
		return "f" + strconv.Itoa(int(f.id)) + " worker"
	}
	return "f" + strconv.Itoa(int(f.id)) + " " + f.object.label()
}

// label names an object as people know it.
func (o *object) label() string {
	if o.name != nil {
		return o.key.class + "/" + strconv.Quote(*o.name)
	}
	return o.key.String()
}

// String names an object by the beginning of its id.
func (k key) String() string {
	if len(k.id) > 12 {
		return k.class + "/" + k.id[:12]
	}
	return k.class + "/" + k.id
}

var startNames = map[byte]string{
	abi.StartFetch: "fetch", abi.StartRPC: "rpc", abi.StartConstruct: "construct", abi.StartAlarm: "alarm",
	abi.StartScheduled: "scheduled", abi.StartSection: "section", abi.StartCall: "call",
}

func startName(kind byte) string {
	if name := startNames[kind]; name != "" {
		return name
	}
	return "start " + strconv.Itoa(int(kind))
}

var eventNames = map[byte]string{
	abi.EventComplete: "complete", abi.EventWake: "wake", abi.EventDead: "dead", abi.EventDrop: "drop", abi.EventReleased: "released",
}

// eventName says what an event for the guest is.
func eventName(event []byte) string {
	r := abi.NewReader(event)
	kind := r.U8()
	if kind != abi.EventStart {
		if name := eventNames[kind]; name != "" {
			return name
		}
		return "event " + strconv.Itoa(int(kind))
	}
	start := r.U8()
	r.Uint()
	of := ""
	if start == abi.StartEntrypoint {
		of, start = r.Str()+".", r.U8()
	}
	if start == abi.StartRPC {
		return "start rpc " + of + r.Str()
	}
	return "start " + of + startName(start)
}

var opNames = map[uint32]string{
	abi.OpInit: "INIT", abi.OpHop: "HOP", abi.OpDone: "DONE", abi.OpRespond: "RESPOND", abi.OpEnd: "END", abi.OpEnv: "ENV", abi.OpProps: "PROPS",
	abi.OpRead: "READ", abi.OpCancel: "CANCEL", abi.OpWrite: "WRITE", abi.OpPipe: "PIPE", abi.OpClose: "CLOSE", abi.OpAbort: "ABORT",
	abi.OpFetch: "FETCH", abi.OpRPC: "RPC", abi.OpID: "ID", abi.OpReset: "RESET", abi.OpSQLExec: "SQL_EXEC", abi.OpSQLNext: "SQL_NEXT",
	abi.OpSQLClose: "SQL_CLOSE", abi.OpSQLSize: "SQL_SIZE", abi.OpKVGet: "KV_GET", abi.OpKVPut: "KV_PUT", abi.OpKVDelete: "KV_DELETE",
	abi.OpKVList: "KV_LIST", abi.OpDeleteAll: "DELETE_ALL", abi.OpSync: "SYNC", abi.OpGetAlarm: "GET_ALARM", abi.OpSetAlarm: "SET_ALARM",
	abi.OpDeleteAlarm: "DELETE_ALARM", abi.OpSyncKVGet: "SKV_GET", abi.OpSyncKVPut: "SKV_PUT", abi.OpSyncKVDel: "SKV_DELETE",
	abi.OpSyncKVList: "SKV_LIST", abi.OpTxnSync: "TXN_SYNC", abi.OpSection: "SECTION", abi.OpRollback: "ROLLBACK", abi.OpD1: "D1",
	abi.OpRelease: "RELEASE", abi.OpDup: "DUP", abi.OpPassThrough: "PASS_THROUGH", abi.OpNoRetry: "NO_RETRY",
}

func opName(op uint32) string {
	if name := opNames[op]; name != "" {
		return name
	}
	return "operation " + strconv.Itoa(int(op))
}

// operation names an operation of a frame.
type operation struct{ frame, id uint32 }

// noteEvent traces what is delivered to the guest.
func (s *Isolate) noteEvent(e delivery) {
	h := s.host
	if h.sched == nil && h.trace == nil {
		return
	}
	if r := abi.NewReader(e.event); r.U8() == abi.EventComplete {
		delete(s.waiting, operation{e.frame, r.U32()})
	}
	where := "f" + strconv.Itoa(int(e.frame))
	if f := s.frames[e.frame]; f != nil {
		where = f.label()
	}
	h.trace.line("deliver %s %s %s", where, eventName(e.event), digest(e.event))
}

// noteOperation traces an operation of the guest and its outcome.
func (s *Isolate) noteOperation(f *frame, op, id uint32, req string, result []byte, code int32) {
	outcome := "…"
	switch {
	case result != nil:
		outcome = "= " + digest(result)
	case code == abi.Pending:
		s.waiting[operation{f.id, id}] = op
	default:
		outcome = "code " + strconv.Itoa(int(code))
	}
	s.host.trace.line("%s %s %d %s %s", f.label(), opName(op), id, req, outcome)
}

// sortedFrames returns the frames of an object, or all of them, in the order in which they began.
func (s *Isolate) sortedFrames(of *object) []*frame {
	var list []*frame
	for _, f := range s.frames {
		if of == nil || f.object == of {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b *frame) int { return cmp.Compare(a.id, b.id) })
	return list
}

// sortedObjects returns the live objects in the order in which they were constructed.
func (s *Isolate) sortedObjects() []*object {
	list := slices.Collect(maps.Values(s.objects))
	slices.SortFunc(list, func(a, b *object) int { return cmp.Compare(a.number, b.number) })
	return list
}

// blocked says what waits inside of the host, for a report of a deadlock.
func (h *Host) blocked() (list []string) {
	for _, s := range h.isolates {
		for _, o := range s.sortedObjects() {
			if o.gate.Held() {
				list = append(list, o.label()+" holds its input gate: a critical section has not ended")
			}
			if n := len(o.queue); n > 0 {
				list = append(list, fmt.Sprintf("%s has %d events that wait for its constructor", o.label(), n))
			}
		}
		for _, f := range s.sortedFrames(nil) {
			if f.kind == abi.StartConstruct && f.answered {
				continue
			}
			what := "nothing of the host: a goroutine of the module waits for another"
			var ops []string
			for at, op := range s.waiting {
				if at.frame == f.id {
					ops = append(ops, fmt.Sprintf("%s (operation %d)", opName(op), at.id))
				}
			}
			if len(ops) > 0 {
				slices.Sort(ops)
				what = strings.Join(ops, ", ")
			}
			list = append(list, fmt.Sprintf("%s %s waits for %s", f.label(), startName(f.kind), what))
		}
	}
	return list
}
