package host

import (
	"context"
	"errors"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/gate"
)

// frame is an event that the guest handles, or a critical section in one.
type frame struct {
	isolate  *Isolate
	id       uint32
	kind     byte
	object   *object     // nil in the Worker
	level    *gate.Input // of object's input gate
	reply    reply
	answered bool
	ended    bool   // nothing of it is left in the guest
	dead     bool   // it can never go on
	noRetry  bool   // of a scheduled event: it is not to be repeated
	panicked string // the last panic in it that the log has
	ctx      context.Context
	cancel   context.CancelFunc
	scope    *scope
	entry    entrypoint // of an event of the Worker: what was called
	args     []uint64   // stubs among the arguments, which end with the call
	reads    []uint64   // streams that the guest reads in it
	writes   []uint64   // streams that the guest writes in it

	event   uint64    // Number of its Event; 0: it has none
	upgrade bool      // the request asked for a WebSocket
	socks   []*socket // of an event of the Worker

	traced map[uint32]Event // operations under way, of a host with Spans
	slow   bool             // it has been looked at for having had no answer for long
	since  time.Time        // by the machine's clock; zero unless a Watch wants to know

	section *section
}

// reply is how the caller of a frame hears of its outcome. Functions may be nil.
type reply struct {
	value    func(v payload) // which it takes over
	response func(p *abi.Response, body content)
	thrown   func(*abi.Error) // the handler returned an error; nil: fail takes it
	fail     func(*abi.Error) // the event did not come to an end
	begun    func(*frame)     // the first turn of an object's event is over
	over     func()           // nothing of the event is left, of what it waits for neither

	cause, event uint64 // Numbers of Events: of what called, and of what is called
	what         string // Event.Name
}

// newFrame begins a frame. in is the scope of a call into what was passed on; nil means the object's, or a new one in the Worker.
func (s *Isolate) newFrame(kind byte, o *object, r reply, in *scope) *frame {
	s.lastFrame++
	f := &frame{isolate: s, id: s.lastFrame, kind: kind, object: o, reply: r, scope: in, event: r.event}
	switch {
	case in != nil:
	case o != nil:
		f.scope = o.scope
	default:
		f.scope = s.newScope(nil)
	}
	f.scope.enters(f)
	f.ctx, f.cancel = context.WithCancel(context.Background())
	s.frames[f.id] = f
	if s.host.cfg.Watch.Event > 0 {
		f.since = time.Now()
	}
	if o != nil {
		f.level = o.gate
	}
	if kind != abi.StartConstruct {
		s.host.live.Add(1)
		if o != nil {
			o.frames++
		}
	}
	return f
}

// started encodes the beginning of the START event of f.
func (f *frame) started() *abi.Writer {
	kind := f.kind
	if !f.entry.isDefault() {
		kind = abi.StartEntrypoint
	}
	w := abi.NewWriter([]byte{abi.EventStart, kind})
	var number uint64
	if f.object != nil {
		number = f.object.number
	}
	w.Uint(number)
	if !f.entry.isDefault() {
		w.Str(f.entry.name)
		w.U8(f.kind)
	}
	return w
}

// live returns the frame in which what f began goes on: f itself, or its object's constructor frame. It is nil when there is none.
func (f *frame) live() *frame {
	switch {
	case f.dead:
		return nil
	case !f.ended:
		return f
	case f.object != nil && f.object.failure == nil && f.object.construct != nil && !f.object.construct.dead:
		return f.object.construct
	}
	return nil
}

// deliver enters the guest in f with an event as soon as the input gate lets it. It must be called on the loop, outside of a turn.
func (f *frame) deliver(event []byte) {
	to := f.live()
	if to == nil {
		return
	}
	enter := func() {
		if to := f.live(); to != nil {
			to.isolate.turn(to, delivery{to.id, event})
		}
	}
	if to.level == nil {
		enter()
		return
	}
	to.level.Do(enter, nil)
}

// begin notes an operation of f that will end with complete.
func (f *frame) begin() {
	if f.object != nil {
		f.object.pending++
	}
}

// complete ends operation id of f with a result. Any goroutine may call it.
func (f *frame) complete(id uint32, result []byte) {
	f.completeIn(lane{kind: laneComplete, n: uint64(f.id)}, id, result)
}

// completeIn is complete for a result that keeps the order of a lane.
func (f *frame) completeIn(in lane, id uint32, result []byte) {
	f.isolate.deliver(in, func() {
		f.operationEnded(id, result)
		if f.object != nil {
			f.object.pending--
			f.object.checkIdle()
		}
		f.deliver(completion(id, result))
	})
}

func completion(id uint32, result []byte) []byte {
	w := abi.NewWriter(make([]byte, 0, len(result)+8))
	w.U8(abi.EventComplete)
	w.Uint(uint64(id))
	w.Raw(result)
	return w.Bytes()
}

// end forgets f: nothing of it is left in the guest.
func (f *frame) end() {
	if f.ended {
		return
	}
	f.ended = true
	if f.reply.over != nil {
		defer f.reply.over()
	}
	s := f.isolate
	delete(s.frames, f.id)
	for _, k := range f.socks {
		switch {
		case s.sockets.socks[k.number] != k: // it was given away
		case f.dead:
			k.drop()
		default:
			k.abandon()
		}
	}
	for _, id := range f.reads {
		s.streams.cancel(id, errors.New("the event that read this stream is over"))
	}
	f.endArguments()
	if f.object == nil {
		f.cancel()
		for _, id := range f.writes {
			s.streams.finish(id, errWriterGone)
		}
	} else {
		for _, id := range f.writes {
			f.scope.writes(id)
		}
	}
	if f.kind == abi.StartConstruct {
		return
	}
	s.host.live.Add(-1)
	if f.object != nil {
		f.object.frames--
		f.object.checkIdle()
	}
	f.scope.leaves(f)
}

// endArguments releases the stubs among the arguments that the guest has not duplicated: the call has returned.
func (f *frame) endArguments() {
	for _, n := range f.args {
		f.isolate.drop(n, f.scope)
	}
	f.args = nil
}

// die ends a frame that can never go on; its caller gets e unless it was answered. The guest is not told.
func (f *frame) die(e *abi.Error) {
	if f.dead {
		return
	}
	f.dead = true
	f.cancel()
	if !f.answered {
		f.answered = true
		if f.reply.fail != nil {
			f.reply.fail(e)
		}
	}
	for _, id := range f.writes {
		f.isolate.streams.finish(id, e)
	}
	f.untraced(e.Message)
	f.end()
}

// deadEvent tells the guest that f will not go on.
func (f *frame) deadEvent(reason string) delivery {
	w := abi.NewWriter([]byte{abi.EventDead})
	w.Str(reason)
	return delivery{f.id, w.Bytes()}
}

// abandon ends a frame whose caller has gone. The frames of objects go on: the object is not its caller's.
func (f *frame) abandon(reason string) {
	if f.dead || f.ended || f.answered || f.object != nil {
		return
	}
	f.die(abi.Errorf("%s", reason))
	f.isolate.turn(nil, f.deadEvent(reason))
}
