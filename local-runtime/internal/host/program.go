package host

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/symbols"
	"grove.place/lattice/local-runtime/internal/isolate"
	"grove.place/lattice/local-runtime/internal/js"
	"grove.place/lattice/local-runtime/internal/storage"
)

// program is one run of a Go program that was written for github.com/syumai/workers: a fresh Go instance and a fresh JavaScript VM for one
// event, on a loop of their own, as its worker.mjs makes them. It is gone when the event has its answer, the answer's body has been read,
// and what waitUntil was given is settled.
type program struct {
	host *Host
	loop *loop
	vm   *js.VM
	run  *isolate.Program

	owner *scripted   // of an object's VM, which has no Go program
	store *storage.DB // of that object
	turns turns

	start     event
	pending   int // what keeps it: the event, a body, waitUntil
	answered  bool
	body      *keptSource // of the answer
	dead      bool        // the Go program has ended
	closed    bool
	printed   [3]strings.Builder
	timers    map[int]func() // to take them back, by number
	lastTimer int
	sockets   map[int64]*tcpSocket
	lastSock  int64
	uploads   uploads
	bodies    map[*keptSource]bool // that others read, and that fail with the program

	webSockets map[int64]*programSocket
}

// event is what a program is run for. done is called once.
type event struct {
	kind   string // fetch, scheduled or queue
	args   []abi.Value
	body   *js.Body
	number uint64 // of its Event
	hops   int    // how many times the Worker called itself over the network to get here
	done   func(result abi.Value, body *js.Body, err error)
}

// begin runs the program for an event. It returns a function that gives up on it.
func (h *Host) begin(e event) (abandon func(reason string)) {
	p := &program{host: h, loop: newLoop(&h.work, h.number), start: e, pending: 1, timers: map[int]func(){}, sockets: map[int64]*tcpSocket{}, webSockets: map[int64]*programSocket{}, bodies: map[*keptSource]bool{}}
	h.mu.Lock()
	h.programs[p] = true
	h.mu.Unlock()
	h.live.Add(1)
	p.loop.post(p.boot)
	return func(reason string) { p.loop.post(func() { p.fail(abi.Errorf("%s", reason)) }) }
}

func (p *program) boot() {
	err := p.prepare()
	if err != nil {
		p.fail(&abi.Error{Name: bootFailure, Message: err.Error()})
		return
	}
	p.vm.Enter(func() {
		if err := p.vm.Run(p.run.Run); err != nil {
			p.over(err)
		}
	})
}

func (p *program) prepare() error {
	vm, err := js.New(p)
	if err != nil {
		return err
	}
	p.vm = vm
	vm.Enter(func() {
		if err = vm.SetUp(environment(p.host.cfg, p.host.version)); err == nil && len(p.host.cfg.Classes) > 0 {
			err = vm.Load(p.host.cfg.Classes)
		}
	})
	if err != nil {
		return err
	}
	p.run, err = p.host.currentEngine().NewProgram(context.Background(), programGuest{p}, vm, p, p.wake, p.ready)
	return err
}

// wake lets the program go on for a timer of its own.
func (p *program) wake() {
	p.vm.Enter(p.vm.Resume)
	p.check()
}

// ready is called by the program, in the middle of a call.
func (p *program) ready() {
	if p.answered {
		return
	}
	p.answered = true
	p.loop.post(func() {
		if p.closed {
			return
		}
		p.vm.Enter(func() { p.vm.Event(p.start.kind, p.start.args, p.start.body, p.socketed(p.finish)) })
		p.check()
	})
}

// finish passes the answer on.
func (p *program) finish(result abi.Value, body *js.Body, err error) {
	if end := p.vm.Ended(); end != nil && !errors.Is(end, js.ErrExited) {
		p.over(end)
		return
	}
	if err == nil && body != nil && body.Source != nil {
		p.pending++
		p.body = &keptSource{Source: body.Source, done: p.release, hold: p.afterUploads}
		body.Source = p.body
	}
	if done := p.start.done; done != nil {
		p.start.done = nil
		done(result, body, err)
		p.vm.Settled(p.released)
	}
}

// release is called from anywhere when something is over that kept the program.
func (p *program) release() { p.loop.post(p.released) }

func (p *program) released() {
	if p.pending--; p.pending == 0 {
		p.close()
	}
}

// check ends the event if the program has failed.
func (p *program) check() {
	if err := p.vm.Ended(); err != nil && !p.closed {
		p.over(err)
	}
}

// afterlife is how long promises of waitUntil may go on in JavaScript alone.
const afterlife = 30 * time.Second

// over is called when the Go program has ended. What is left of its answer may still be in JavaScript's hands.
func (p *program) over(err error) {
	if p.dead {
		return
	}
	p.dead = true
	p.vm.End(err)
	if !errors.Is(err, js.ErrExited) {
		if exit, ok := errors.AsType[*isolate.Exit](err); ok {
			logExit(p.host.cfg.Logger, exit, "the event that it ran for fails: "+p.start.kind)
			err = &abi.Error{Name: "Error", Message: exit.Cause, Logged: true}
		}
		p.fail(err)
		return
	}
	p.loop.post(func() {
		if p.start.done != nil {
			p.fail(abi.Errorf("the Go program ended before it answered: end func main with workers.Serve, which does not return"))
		}
	})
	p.After(afterlife, p.close)
}

// fail answers with an error, if there was no answer yet, and ends the program.
func (p *program) fail(err error) {
	if done := p.start.done; done != nil {
		p.start.done = nil
		done(nil, nil, err)
	}
	p.close()
}

// close frees everything. It runs on the loop.
func (p *program) close() {
	if p.closed {
		return
	}
	p.closed = true
	over := abi.Errorf("the event that this body belongs to is over")
	if p.body != nil {
		p.body.fail(over)
	}
	for b := range p.bodies {
		b.fail(over)
	}
	p.dropSockets()
	for _, stop := range p.timers { // which would hold all of it in memory until they go off
		stop()
	}
	if p.vm != nil {
		p.vm.End(js.ErrExited)
	}
	if p.store != nil {
		if err := p.store.Close(); err != nil {
			p.host.cfg.Logger.Error("the storage of an object was not closed cleanly", "error", err)
		}
	}
	if p.run != nil {
		p.run.Close()
	}
	for _, s := range p.sockets {
		s.conn.Close()
	}
	p.flush()
	p.host.mu.Lock()
	delete(p.host.programs, p)
	p.host.mu.Unlock()
	if p.owner != nil {
		return // its loop goes on
	}
	p.host.live.Add(-1)
	go p.loop.stop()
}

// endPrograms ends what runs, with an error for those who wait. It reports false when a program cannot be stopped.
func (h *Host) endPrograms(cause string) bool {
	h.mu.Lock()
	objects := h.scripted
	h.scripted = map[key]*scripted{}
	var all []*program
	for p := range h.programs {
		if p.owner == nil {
			all = append(all, p)
		}
	}
	h.mu.Unlock()
	for _, p := range all {
		if !p.loop.doWithin(stuckTime, func() { p.fail(abi.Errorf("%s", cause)) }) {
			return false
		}
	}
	for _, o := range objects {
		if !o.loop.doWithin(stuckTime, func() {
			o.sockets.goodbye()
			o.leave(abi.Errorf("%s", cause))
		}) {
			return false
		}
		go o.loop.stop()
	}
	return true
}

// Now implements js.Outside.
func (p *program) Now() time.Time { return p.host.cfg.Clock.Now() }

// Nanotime implements isolate.Guest.
func (p *program) Nanotime() int64 { return p.host.cfg.Clock.Now().UnixNano() }

// Walltime implements isolate.Guest.
func (p *program) Walltime() time.Time { return p.host.cfg.Clock.Now() }

// Random implements isolate.Guest and js.Outside.
func (p *program) Random(b []byte) { p.host.random.read(b) }

// Missing implements isolate.Guest and js.Outside.
func (p *program) Missing(what string) {
	if !p.host.watchdog.once("missing "+what, symbols.Call{}) {
		return
	}
	p.host.cfg.Logger.Warn("the program used JavaScript that the local host does not have: docs/syumai.md lists what there is", "missing", what)
}

// lenient warns of what the program does that fails on Cloudflare, once for each route.
func (p *program) lenient(text string) {
	route := p.start.kind
	if len(p.start.args) > 0 {
		if q, ok := p.start.args[0].(abi.Object); ok && p.start.kind == "fetch" {
			target, _ := q.Get("url").(string)
			method, _ := q.Get("method").(string)
			if u, err := url.Parse(target); err == nil {
				route = requestName(method, u.Path)
			}
		}
	}
	if p.host.watchdog.once(route+" "+text, symbols.Call{}) {
		p.host.cfg.Logger.Warn(text, "in", route)
	}
}

// programGuest is a program as package isolate sees it.
type programGuest struct{ *program }

// Call implements isolate.Guest: these programs have no ABI.
func (programGuest) Call(uint32, uint32, uint32, []byte) ([]byte, int32) { return nil, abi.WrongFrame }

// Post implements js.Outside.
func (p *program) Post(f func()) {
	p.loop.post(func() {
		if p.closed {
			return
		}
		f()
		p.check()
	})
}

// After implements js.Outside and isolate.Timers.
func (p *program) After(d time.Duration, f func()) (stop func()) {
	p.lastTimer++
	id := p.lastTimer
	unset := p.host.cfg.Clock.AfterFunc(d, func() {
		p.Post(func() {
			delete(p.timers, id)
			f()
		})
	})
	p.timers[id] = unset
	return func() {
		delete(p.timers, id)
		unset()
	}
}

// Resume implements js.Outside.
func (p *program) Resume() error {
	err := p.run.Resume()
	if errors.Is(err, isolate.ErrExited) {
		return js.ErrExited
	}
	return err
}

// Output implements isolate.Guest and js.Outside: a line is a message of the log.
func (p *program) Output(fd int, text []byte) {
	if fd != 2 {
		fd = 1
	}
	for b := &p.printed[fd]; ; {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		b.Write(line)
		if !whole {
			return
		}
		p.print(fd)
		text = rest
	}
}

func (p *program) print(fd int) {
	line := p.printed[fd].String()
	p.printed[fd].Reset()
	if fd == 2 {
		p.host.cfg.Logger.Warn(line)
	} else {
		p.host.cfg.Logger.Info(line)
	}
}

func (p *program) flush() {
	for fd := range p.printed {
		if p.printed[fd].Len() > 0 {
			p.print(fd)
		}
	}
}
