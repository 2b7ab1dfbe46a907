package guest

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"grove.place/lattice/internal/abi"
)

// The tables below are touched by goroutines and by lattice_deliver without locks: Wasm has one thread, goroutines on it
// change only where they block, and nothing here blocks while it changes a table.
var (
	frames    = map[uint32]*Frame{}
	pending   = map[uint32]*Operation{}
	objects   = map[uint64]*object{}
	sections  = map[uint32]*section{}
	callbacks = map[uint64]func() int32{}

	lastOperation uint32
	lastCallback  uint64
)

// Frame is one event of the host that is being handled.
type Frame struct {
	id      uint32
	object  *object // nil in the Worker
	ctx     context.Context
	cancel  context.CancelCauseFunc
	wake    chan struct{} // closed by WAKE; nil when nobody waits
	tasks   int           // handler, streaming body, WaitUntil functions still running
	ended   bool
	dead    error
	pending int    // operations
	done    bool   // DONE or RESPOND was said
	cf      string // of the request, JSON
	entry   string // the entrypoint of the Worker

	origin *Frame      // the Worker's event whose stub is called in this frame
	passed *references // of the result; each of its streams is a task
}

// object is the Go side of a Durable Object instance.
type object struct {
	number   uint64
	frame    *Frame // of its constructor; goroutines that outlive their event continue in it
	instance Instance
	sockets  map[uint64]any // hibernating ones, by number
}

type section struct {
	ctx context.Context
	run func(ctx context.Context) error
	err error
}

// FrameOf returns the frame that ctx belongs to, or nil.
func FrameOf(ctx context.Context) *Frame {
	f, _ := ctx.Value(transportKey{}).(*Frame)
	return f
}

func newFrame(parent context.Context, id uint32, o *object) *Frame {
	f := &Frame{id: id, object: o, tasks: 1}
	ctx, cancel := context.WithCancelCause(parent)
	f.cancel = cancel
	f.ctx = WithTransport(ctx, f)
	frames[id] = f
	return f
}

// event is the event of the Worker that f belongs to, or nil in an object.
func (f *Frame) event() *Frame {
	if f.object != nil {
		return nil
	}
	if f.origin != nil {
		return f.origin
	}
	return f
}

// target is the frame in which operations of f are made now.
func (f *Frame) target() (*Frame, error) {
	switch {
	case f.dead != nil:
		return nil, f.dead
	case !f.ended:
		return f, nil
	case f.object != nil && f.object.frame != nil && f.object.frame.dead == nil:
		return f.object.frame, nil
	default:
		return nil, ErrFrameEnded
	}
}

// Invoke implements Transport.
func (f *Frame) Invoke(ctx context.Context, op uint32, request []byte) ([]byte, error) {
	t, id, result, err := f.cross(ctx, op, request)
	if t == nil || err != nil {
		return result, err
	}
	o := t.begun(op, id)
	if ctx.Value(nonBlockingKey{}) != nil {
		o.abandon()
		return nil, errWouldBlock
	}
	return o.wait(ctx)
}

// cross makes an operation in the frame's I/O context. The frame it returns is the one that the operation is pending in; nil when it
// was done in place.
func (f *Frame) cross(ctx context.Context, op uint32, request []byte) (*Frame, uint32, []byte, error) {
	for {
		t, err := f.target()
		if err != nil {
			return nil, 0, nil, err
		}
		if ctx.Err() != nil && op != abi.OpDone && op != abi.OpRespond && op != abi.OpEnd && op != abi.OpLog {
			if err := stopped(ctx); err != nil {
				return nil, 0, nil, err
			}
		}
		lastOperation++
		id := lastOperation
		switch n, result := cross(t.id, op, id, request); n {
		case abi.Pending:
			return t, id, nil, nil
		case abi.WrongFrame:
			if err := t.hop(ctx); err != nil && err != errFinished {
				return nil, 0, nil, err
			}
		default:
			return nil, 0, result, nil
		}
	}
}

// hop parks until the host has entered the guest in f.
func (f *Frame) hop(ctx context.Context) error {
	if f.wake == nil {
		lastOperation++
		f.wake = make(chan struct{})
		if n, result := cross(f.id, abi.OpHop, lastOperation, nil); n != abi.Pending {
			f.wake = nil
			_, err := open(result)
			return err
		}
	}
	select {
	case <-f.wake:
		return nil
	case <-f.ctx.Done():
	}
	if f.ended || f.dead != nil {
		return cause(f.ctx)
	}
	if err := stopped(f.ctx); err != nil {
		return err
	}
	// A critical section goes on when the event is over whose context it has.
	select {
	case <-f.wake:
		return nil
	case <-f.object.frame.ctx.Done():
		return cause(f.object.frame.ctx)
	}
}

// die makes every operation of the frame fail from now on.
func (f *Frame) die(err error) {
	f.dead = err
	delete(frames, f.id)
	f.cancel(err)
	f.forgetAll()
}

// addTask keeps the frame alive until finishTask is called as often.
func (f *Frame) addTask() { f.tasks++ }

// lastTask reports whether ending the current task ends the frame; if so the caller says END, or sets an end flag.
func (f *Frame) lastTask() bool { return f.tasks == 1 && (f.object == nil || f.object.frame != f) }

// finishTask ends a task of the frame, and with the last one the frame. told: the host knows already.
func (f *Frame) finishTask(told bool) {
	f.tasks--
	if f.tasks > 0 || f.ended || f.dead != nil || (f.object != nil && f.object.frame == f) {
		return
	}
	if !told {
		_ = Do(f.ctx, abi.OpEnd, nil)
	}
	f.ended = true
	delete(frames, f.id)
	if f.object == nil {
		f.cancel(ErrFrameEnded)
		f.forgetAll()
	} else {
		f.cancel(errFinished)
	}
}

// errFinished is the cause of the contexts of an object's event that is over. What waits for them ends; operations that are made with them go on in
// the object.
var errFinished = errors.New("the event of this context is over")

// stopped is the reason why an operation with ctx is not to be made, or nil.
func stopped(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	err := cause(ctx)
	if err != errFinished {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

// Headroom is how many bytes an encoded result leaves before it for the head of DONE, so that it need not be copied.
const Headroom = 2

// undefinedResult is the result of what returns nothing.
func undefinedResult() []byte { return []byte{0, 0, abi.TagUndefined} }

// result says what the frame's event came to, unless that was said before. It overwrites the headroom of value.
func (f *Frame) result(value []byte, err error) {
	if f.done || f.dead != nil {
		f.unsent()
		f.finishTask(false)
		return
	}
	f.done = true
	if err != nil {
		f.unsent()
	}
	end := f.lastTask()
	head := abi.NewWriter(value[:0])
	head.Bool(end)
	if err != nil {
		head.U8(abi.StatusError)
		head.Error(ToABI(err))
		value = head.Bytes()
	} else {
		head.U8(abi.StatusOK)
	}
	if refused := Do(f.ctx, abi.OpDone, value); refused != nil {
		f.unsent()
		var w abi.Writer
		w.Bool(end)
		w.U8(abi.StatusError)
		w.Error(ToABI(refused))
		_ = Do(f.ctx, abi.OpDone, w.Bytes())
	}
	if f.passed != nil {
		for _, stream := range f.passed.streams {
			go func() {
				stream.copy()
				f.finishTask(false)
			}()
		}
		f.passed = nil
	}
	f.finishTask(end)
}

// unsent forgets what a result passes by reference that the host does not get.
func (f *Frame) unsent() {
	if f.passed != nil {
		f.tasks -= len(f.passed.streams)
		f.passed.withdraw()
		f.passed = nil
	}
}

// Guard turns a panic of user code into an error for its caller, with the stack in the log.
func Guard(ctx context.Context, what string, f func() error) error {
	_, err := Guarded(ctx, what, f)
	return err
}

// Guarded is Guard, and reports whether there was a panic, which the log has.
func Guarded(ctx context.Context, what string, f func() error) (panicked bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			panicked, err = true, panicError(p)
			Log(ctx, abi.LogPanic, fmt.Sprintf("%s: panic: %v\n%s", what, p, debug.Stack()))
		}
	}()
	return false, f()
}

// WaitUntil runs task in a goroutine of its own, and keeps the event of ctx alive until it returns. When that is over, task goes on with the object.
func WaitUntil(ctx context.Context, task func(ctx context.Context) error) {
	f := FrameOf(ctx)
	if f == nil {
		go func() { _ = Guard(ctx, "WaitUntil", func() error { return task(ctx) }) }()
		return
	}
	if t, err := f.target(); err == nil {
		f = t
	}
	f.addTask()
	go func() {
		ctx, forget := detach(ctx, f)
		logged, err := Guarded(f.ctx, "WaitUntil", func() error { return task(ctx) })
		if f.object != nil && f == f.object.frame {
			forget() // for f does not end
		}
		if err != nil && !logged {
			Log(f.ctx, abi.LogError, "WaitUntil: "+err.Error())
		}
		f.finishTask(false)
	}()
}

// detach keeps the values of ctx but ends only with the frame: a task may outlive the request's own deadline.
func detach(ctx context.Context, f *Frame) (out context.Context, forget func() bool) {
	out, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	return out, context.AfterFunc(f.ctx, func() { cancel(cause(f.ctx)) })
}

// Section runs f in a critical section of the object that ctx belongs to.
func Section(ctx context.Context, kind byte, f func(ctx context.Context) error) error {
	frame := FrameOf(ctx)
	if frame == nil {
		return ErrNoFrame
	}
	s := &section{ctx: ctx, run: f}
	var w abi.Writer
	w.U8(kind)
	err := frame.section(ctx, s, w.Bytes())
	if s.err != nil {
		return s.err
	}
	return err
}

func (f *Frame) section(ctx context.Context, s *section, request []byte) error {
	for {
		t, err := f.target()
		if err != nil {
			return err
		}
		if err := stopped(ctx); err != nil {
			return err
		}
		lastOperation++
		id := lastOperation
		sections[id] = s
		n, result := cross(t.id, abi.OpSection, id, request)
		if n == abi.WrongFrame {
			delete(sections, id)
			if err := t.hop(ctx); err != nil && err != errFinished {
				return err
			}
			continue
		}
		if n == abi.Pending {
			result, err = t.begun(abi.OpSection, id).wait(f.ctx)
		}
		delete(sections, id)
		if err != nil {
			return err
		}
		_, err = open(result)
		return err
	}
}

// Callback runs f while the host runs operation op, synchronously: the host calls back before the operation returns.
func Callback(ctx context.Context, op uint32, f func() error) error {
	lastCallback++
	id := lastCallback
	var failed error
	callbacks[id] = func() int32 {
		failed = Guard(ctx, "TransactionSync", f)
		if failed != nil {
			return abi.RunRollback
		}
		return abi.RunCommit
	}
	defer delete(callbacks, id)
	var w abi.Writer
	w.Uint(id)
	_, err := Invoke(ctx, op, w.Bytes())
	if failed != nil {
		return failed
	}
	return err
}

// Forsake makes every operation of the object that ctx belongs to fail, because it has been reset.
func Forsake(ctx context.Context, reason string) {
	f := FrameOf(ctx)
	if f == nil || f.object == nil {
		return
	}
	reset := &Error{Name: "Error", Message: reason, DurableObjectReset: true}
	for _, other := range frames {
		if other.object == f.object {
			other.dead = reset
		}
	}
	f.dead = reset
}

type nonBlockingKey struct{}

// NonBlocking returns a context for TransactionSync: operations that would wait fail at once instead.
func NonBlocking(ctx context.Context) context.Context {
	return context.WithValue(ctx, nonBlockingKey{}, true)
}

// errWouldBlock is the error of such operations.
var errWouldBlock = errors.New("this operation waits for I/O, which a TransactionSync function must not do: use Transaction")
