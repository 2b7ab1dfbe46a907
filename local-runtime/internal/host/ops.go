package host

import (
	"bytes"
	"strings"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
)

// op performs an operation of frame f, which is current. It answers with a result, or with nil and abi.Pending.
type op func(s *Isolate, f *frame, id uint32, r *abi.Reader) (result []byte, code int32)

var ops = map[uint32]op{
	abi.OpDone: opDone, abi.OpRespond: opRespond, abi.OpEnd: opEnd, abi.OpEnv: opEnv, abi.OpProps: opProps,
	abi.OpRead: opRead, abi.OpCancel: opCancel, abi.OpWrite: opWrite, abi.OpPipe: opPipe, abi.OpClose: opClose, abi.OpAbort: opAbort,
	abi.OpFetch: opFetch, abi.OpRPC: opRPC, abi.OpRelease: opRelease, abi.OpDup: opDup, abi.OpPassThrough: opPassThrough, abi.OpNoRetry: opNoRetry, abi.OpID: opID, abi.OpReset: opReset,
	abi.OpSQLExec: stored(sqlExec), abi.OpSQLNext: stored(sqlNext), abi.OpSQLClose: stored(sqlClose), abi.OpSQLSize: stored(sqlSize),
	abi.OpKVGet: transactional("get", kvGet), abi.OpKVPut: transactional("put", kvPut),
	abi.OpKVDelete: transactional("delete", kvDelete), abi.OpKVList: transactional("list", kvList),
	abi.OpDeleteAll: stored(deleteAll), abi.OpSync: opSync,
	abi.OpGetAlarm: transactional("getAlarm", getAlarm), abi.OpSetAlarm: transactional("setAlarm", setAlarm),
	abi.OpDeleteAlarm: transactional("deleteAlarm", deleteAlarm),
	abi.OpSyncKVGet:   stored(syncGet), abi.OpSyncKVPut: stored(syncPut), abi.OpSyncKVDel: stored(syncDelete), abi.OpSyncKVList: stored(syncList),
	abi.OpTxnSync: opTxnSync, abi.OpSection: opSection, abi.OpRollback: opRollback,
	abi.OpBookmark: opBookmark, abi.OpRestore: opRestore,
	abi.OpD1: opD1, abi.OpFacet: opFacet, abi.OpQueueSend: opQueueSend, abi.OpR2: opStored((*Host).r2),
	abi.OpWorkersKV: opStored((*Host).workersKV), abi.OpRateLimit: opRateLimit, abi.OpDataPoint: opDataPoint, abi.OpCache: opCache, abi.OpD1Session: opD1Session,
}

func init() {
	ops[abi.OpAbandon] = opAbandon
	ops[abi.OpTCPConnect], ops[abi.OpTCPWait], ops[abi.OpTCPStartTLS], ops[abi.OpTCPClose] = opTCPConnect, opTCPWait, opTCPStartTLS, opTCPClose
	ops[abi.OpSocketReceive] = opSocketReceive
	for number, do := range socketOps {
		ops[number] = socketed(do)
	}
}

var errNoObject = abi.Errorf("this operation exists only in a Durable Object")

// Call implements isolate.Guest: the one door out of the guest.
func (s *Isolate) Call(frame, number, id uint32, req []byte) ([]byte, int32) {
	switch number {
	case abi.OpLog:
		return s.log(frame, req), 0
	case abi.OpManifest:
		return isolate.Success(nil), 0
	case abi.OpHop:
		return s.hop(frame)
	}
	if frame == 0 {
		return failure(abi.Errorf("operation %d outside of an event: it needs the context that a handler got", number)), 0
	}
	f := s.current
	if f == nil || f.id != frame {
		return nil, abi.WrongFrame
	}
	do := ops[number]
	if do == nil {
		return failure(abi.Errorf("unknown operation %d: build the module with the same release of Lattice as this host", number)), 0
	}
	if f.dead {
		return failure(abi.Errorf("the event this operation is for is over")), 0
	}
	if s.host.sched == nil && s.host.trace == nil {
		return s.perform(f, number, id, req, do)
	}
	sum := digest(req) // do may change what req is a view of
	result, code := s.perform(f, number, id, req, do)
	s.noteOperation(f, number, id, sum, result, code)
	return result, code
}

func (s *Isolate) perform(f *frame, number, id uint32, req []byte, do op) ([]byte, int32) {
	if s.host.cfg.Spans != nil {
		return f.traceOperation(number, id, req, do)
	}
	return do(s, f, id, abi.NewReader(req))
}

// hop answers with a WAKE event in the frame.
func (s *Isolate) hop(frame uint32) ([]byte, int32) {
	f := s.frames[frame]
	if f == nil || f.dead {
		return failure(abi.Errorf("the event this goroutine worked for is over")), 0
	}
	s.deliver(lane{kind: laneWake, n: uint64(frame)}, func() { f.deliver([]byte{abi.EventWake}) })
	return nil, abi.Pending
}

// Output implements isolate.Guest: lines of standard output and error go to the log.
func (s *Isolate) Output(fd int, p []byte) {
	if fd != 2 {
		fd = 1
	}
	b := &s.printed[fd]
	for {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			b.Write(p)
			return
		}
		b.Write(p[:i])
		s.print(fd, b.String())
		b.Reset()
		p = p[i+1:]
	}
}

func (s *Isolate) print(fd int, line string) {
	if fd == 2 {
		s.logger().Warn(line)
	} else {
		s.logger().Info(line)
	}
}

func (s *Isolate) flushPrinted() {
	for fd := range s.printed {
		if b := &s.printed[fd]; b.Len() > 0 {
			s.print(fd, strings.TrimRight(b.String(), "\n"))
			b.Reset()
		}
	}
}

func opEnv(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) { return s.host.env, 0 }

// opPassThrough does nothing: there is no origin behind the local host that an exception could pass a request on to.
func opPassThrough(*Isolate, *frame, uint32, *abi.Reader) ([]byte, int32) {
	return isolate.Success(nil), 0
}

// opNoRetry notes what Host.Scheduled reports.
func opNoRetry(_ *Isolate, f *frame, _ uint32, _ *abi.Reader) ([]byte, int32) {
	f.noRetry = true
	return isolate.Success(nil), 0
}

// outcome decodes what a frame came to: a value, or an error.
func (f *frame) outcome(r *abi.Reader) (v payload, failed *abi.Error, err error) {
	switch status := r.U8(); status {
	case abi.StatusOK:
		if f.kind != abi.StartRPC && f.kind != abi.StartCall {
			v.data = bytes.Clone(r.Rest())
			r.Scan(nil)
			return v, nil, r.End()
		}
		v, err = f.isolate.take(r, f.scope, false)
		return v, nil, err
	case abi.StatusError:
		failed = withoutReferences(r.Error())
	default:
		r.Fail("unknown status %d", status)
	}
	return v, failed, r.End()
}

// opDone is the outcome of every kind of frame but fetch, which it can only fail.
func opDone(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
	end := r.Bool()
	if f.answered {
		return failure(abi.Errorf("the event was answered before")), 0
	}
	value, failed, err := f.outcome(r)
	if err != nil {
		return failure(err), 0
	}
	f.answered = true
	if failed != nil {
		failed.Logged = f.panicked != "" && strings.Contains(f.panicked, failed.Message)
	}
	f.endArguments()
	switch {
	case f.kind == abi.StartConstruct:
		s.doneConstruct(f.object, failed)
	case f.kind == abi.StartSection:
		s.doneSection(f, failed)
	case failed != nil:
		tell := f.reply.thrown
		if tell == nil {
			tell = f.reply.fail
		}
		s.outputs.Add(f.object, func() { tell(failed) }, f.refuse)
	case f.kind == abi.StartFetch:
		s.outputs.Add(f.object, func() { f.reply.fail(abi.Errorf("the fetch event ended without a response")) }, f.refuse)
	default:
		if f.kind == abi.StartAlarm {
			if err := f.object.alarmSucceeded(); err != nil {
				f.object.fail(asError(err))
			}
		}
		s.outputs.Add(f.object, func() { f.reply.value(value) }, func(err error) {
			value.release()
			f.refuse(err)
		})
	}
	if end && f.kind != abi.StartConstruct {
		f.end()
	}
	return isolate.Success(nil), 0
}

// refuse is what becomes of an answer that the output gate dropped.
func (f *frame) refuse(err error) {
	if f.reply.fail != nil {
		f.reply.fail(asError(err))
	}
}

func (s *Isolate) doneConstruct(o *object, failed *abi.Error) {
	if failed != nil {
		e := *failed
		e.ObjectWasReset = true
		o.fail(&e)
		return
	}
	s.outputs.After(o, o.constructed, nil)
}

func opEnd(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
	if err := r.End(); err != nil {
		return failure(err), 0
	}
	if !f.answered {
		return failure(abi.Errorf("END before DONE or RESPOND")), 0
	}
	if f.kind != abi.StartConstruct {
		f.end()
	}
	return isolate.Success(nil), 0
}

// opReset is ctx.abort(): uncommitted writes are lost at once, the rest follows when the guest has left.
func opReset(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
	reason, flags := r.Str(), r.U8()
	if err := r.End(); err != nil {
		return failure(err), 0
	}
	if f.object == nil {
		return failure(errNoObject), 0
	}
	if reason == "" {
		reason = "Application called abort() to reset Durable Object."
	}
	if run := f.object.alarmRun; run != nil && flags&abi.ResetKeepsNoAlarm != 0 {
		run.abandoned = true
	}
	f.object.fail(&abi.Error{Name: "Error", Message: reason, ObjectWasReset: true})
	return isolate.Success(nil), 0
}
