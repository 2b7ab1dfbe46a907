package guest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"grove.place/lattice/internal/abi"
)

// Deliver handles one event. It must not block; goroutines that it makes ready run when the host resumes the guest.
func deliver(frame uint32, message []byte) {
	r := abi.NewReader(message)
	switch kind := r.U8(); kind {
	case abi.EventStart:
		start(frame, r)
	case abi.EventComplete:
		id := r.U32()
		if o := pending[id]; o != nil {
			o.frame.forget(id)
			o.result = r.Rest()
			close(o.done)
			if o.abandoned {
				o.late()
			}
		}
	case abi.EventWake:
		if f := frames[frame]; f != nil && f.wake != nil {
			close(f.wake)
			f.wake = nil
		}
	case abi.EventDead:
		reason := r.Str()
		if f := frames[frame]; f != nil {
			f.die(errors.New(reason))
		}
	case abi.EventDrop:
		drop(r.Uint())
	case abi.EventReleased:
		released(r.Uint())
	default:
		r.Fail("unknown event %d", kind)
	}
	if err := r.Err(); err != nil {
		panic(fmt.Sprintf("lattice: the host sent an event this module does not understand: %v", err))
	}
}

func drop(number uint64) {
	o := objects[number]
	if o == nil {
		return
	}
	delete(objects, number)
	delete(unreleased, o)
	gone := errors.New("the Durable Object was evicted from memory")
	for _, f := range frames {
		if f.object == o {
			f.die(gone)
		}
	}
	if o.frame != nil && o.frame.dead == nil {
		o.frame.die(gone)
	}
	for _, operation := range pending { // of events that have ended, whose goroutines went on
		if operation.frame.object == o {
			operation.frame.die(gone)
		}
	}
}

func start(id uint32, r *abi.Reader) {
	kind, number := r.U8(), r.Uint()
	if kind == abi.StartSection {
		startSection(id, r.U32())
		return
	}
	var o *object
	if number != 0 {
		o = objects[number]
		if o == nil {
			o = &object{number: number}
			objects[number] = o
		}
	}
	f := newFrame(context.Background(), id, o)
	f.entry = DefaultEntrypoint
	if kind == abi.StartEntrypoint {
		if f.entry, kind = r.Str(), r.U8(); kind != abi.StartFetch && kind != abi.StartRPC {
			r.Fail("an entrypoint has no events of kind %d", kind)
			return
		}
	}
	switch kind {
	case abi.StartFetch:
		q := r.Request()
		if r.Err() == nil {
			f.spawn(func() { f.fetch(q) })
		}
	case abi.StartRPC:
		method, args := r.Str(), r.Rest()
		f.spawn(func() { f.rpc(method, args) })
	case abi.StartCall:
		number, path, args := r.Uint(), r.Strs(), r.Rest()
		f.spawn(func() { f.call(number, path, args) })
	case abi.StartConstruct:
		class, id := r.Str(), ObjectID{r.Str(), r.OptStr(), r.Value()}
		o.frame = f
		f.spawn(func() { f.construct(class, id) })
	case abi.StartAlarm:
		info := AlarmInfo{ScheduledTime: millis(r.F64()), RetryCount: int(r.Uint()), IsRetry: r.Bool()}
		f.spawn(func() { f.alarm(info) })
	case abi.StartScheduled:
		cron, at := r.Str(), millis(r.F64())
		f.spawn(func() { f.scheduled(cron, at) })
	case abi.StartSocketMessage, abi.StartSocketClose, abi.StartSocketError:
		number, e := r.Uint(), r.SocketEvent()
		if r.Err() == nil {
			f.spawn(func() { f.socket(number, e) })
		}
	case abi.StartQueue:
		queue, messages := r.Str(), r.QueueDeliveries()
		f.spawn(func() { f.queue(queue, messages) })
	default:
		r.Fail("unknown start kind %d", kind)
	}
}

func millis(ms float64) time.Time { return time.UnixMilli(int64(ms)).UTC() }

func startSection(id, operation uint32) {
	s := sections[operation]
	if s == nil {
		// The caller gave up waiting between asking and getting in.
		f := newFrame(context.Background(), id, nil)
		f.spawn(func() { f.result(undefinedResult(), errors.New("the critical section was given up")) })
		return
	}
	f := newFrame(s.ctx, id, FrameOf(s.ctx).object)
	f.spawn(func() {
		s.err = Guard(f.ctx, "critical section", func() error { return s.run(f.ctx) })
		f.result(undefinedResult(), s.err)
	})
}

func (f *Frame) construct(class string, id ObjectID) {
	c := classes[class]
	var err error
	if c == nil {
		err = NewError("TypeError", fmt.Sprintf("this module has no Durable Object class %q; is its package imported by main?", class))
	} else {
		err = Guard(f.ctx, class, func() (err error) {
			f.object.instance, err = c.Construct(f.ctx, id)
			return err
		})
	}
	f.result(undefinedResult(), err)
}

func (f *Frame) rpc(method string, args []byte) {
	var value []byte
	err := Guard(f.ctx, method, func() (err error) {
		if e := f.entrypoint(); e != nil {
			value, err = e.RPC(f.ctx, method, args)
			return err
		}
		if f.object == nil || f.object.instance == nil {
			return NoMethod(method)
		}
		value, err = f.object.instance.RPC(f.ctx, method, args)
		return err
	})
	f.result(value, err)
}

func (f *Frame) alarm(info AlarmInfo) {
	f.result(undefinedResult(), Guard(f.ctx, "alarm", func() error { return f.object.instance.Alarm(f.ctx, info) }))
}

func (f *Frame) scheduled(cron string, at time.Time) {
	f.result(undefinedResult(), Guard(f.ctx, "scheduled", func() error {
		if worker.Scheduled == nil {
			return errors.New("Handler does not export a scheduled() function.")
		}
		return worker.Scheduled(f.ctx, cron, at)
	}))
}

func (f *Frame) queue(name string, messages []abi.QueueDelivery) {
	var outcome abi.Object
	err := Guard(f.ctx, "queue", func() (err error) {
		if worker.Queue == nil {
			return errors.New("Handler does not export a queue() function.")
		}
		outcome, err = worker.Queue(f.ctx, name, messages)
		return err
	})
	w := abi.NewWriter(make([]byte, Headroom))
	w.Value(outcome)
	f.result(w.Bytes(), err)
}
