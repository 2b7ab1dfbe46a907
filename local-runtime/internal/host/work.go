package host

import (
	"sync"
	"time"
)

// work counts what is under way: tasks posted to loops, and I/O whose completion will post one. A virtual clock moves only at zero.
type work struct {
	mu    sync.Mutex
	n     int
	idle  *sync.Cond
	sched *scheduler // of a seeded host, which counts nothing
}

func (w *work) add() {
	if w.sched != nil {
		return
	}
	w.mu.Lock()
	w.n++
	w.mu.Unlock()
}

func (w *work) done() {
	if w.sched != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.n--; w.n == 0 && w.idle != nil {
		w.idle.Broadcast()
	}
}

// run runs f in a goroutine that counts; a seeded host runs it between two events.
func (w *work) run(f func()) {
	if w.sched != nil {
		w.sched.add(lane{}, f)
		return
	}
	w.add()
	go func() {
		defer w.done()
		f()
	}()
}

// wait returns when nothing is under way.
func (w *work) wait() {
	if w.sched != nil {
		w.sched.settle()
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.idle == nil {
		w.idle = sync.NewCond(&w.mu)
	}
	for w.n > 0 {
		w.idle.Wait()
	}
}

// settle runs what a seeded host can run.
func (w *work) settle() {
	if w.sched != nil {
		w.sched.settle()
	}
}

// store runs f, which writes to a queue or a bucket, as work; Close waits for it.
func (s *Session) store(f func()) {
	if s.sched != nil {
		s.work.run(f)
		return
	}
	s.storing.add()
	s.work.run(func() {
		defer s.storing.done()
		f()
	})
}

// waitStored waits until nothing is written to queues and buckets any more, with patience for a body that does not come.
func (s *Session) waitStored() {
	idle := make(chan struct{})
	go func() {
		defer close(idle)
		s.storing.wait()
	}()
	select {
	case <-idle:
	case <-time.After(stuckTime):
	}
}

// settleTime is how long a clock that is moved by hand waits for what a timer set off: a request may go on for ever.
const settleTime = 500 * time.Millisecond

// waitAWhile returns when nothing is under way, or after settleTime.
func (s *Session) waitAWhile() {
	idle := make(chan struct{})
	go func() {
		defer close(idle)
		s.work.wait()
	}()
	select {
	case <-idle:
	case <-time.After(settleTime):
	}
}

// loop runs tasks one after another, in the order in which they were posted.
type loop struct {
	work   *work
	home   int // the number of its Worker
	mu     sync.Mutex
	ready  *sync.Cond
	tasks  []func()
	closed bool
	ended  chan struct{}
	after  func() // runs after every task; nil: nothing does
}

func newLoop(w *work, home int) *loop {
	l := &loop{work: w, home: home, ended: make(chan struct{})}
	l.ready = sync.NewCond(&l.mu)
	if w.sched == nil {
		go l.run()
	}
	return l
}

// whole is a task with what comes after it.
func (l *loop) whole(f func()) func() {
	if l.after == nil {
		return f
	}
	return func() {
		f()
		l.after()
	}
}

// post appends a task; it reports false when the loop has stopped and the task will not run.
func (l *loop) post(f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	f = l.whole(f)
	if l.work.sched != nil {
		l.work.sched.post(f)
		return true
	}
	l.work.add()
	l.tasks = append(l.tasks, f)
	l.ready.Signal()
	return true
}

// deliver is post for what need not come in the order of everything else: a seeded host chooses among the lanes.
func (l *loop) deliver(in lane, f func()) bool {
	if l.work.sched == nil {
		return l.post(f)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	if in.home == 0 && in.kind != laneNone {
		in.home = l.home
	}
	l.work.sched.add(in, l.whole(f))
	return true
}

// do posts a task and waits for it. It must not be called on the loop.
func (l *loop) do(f func()) bool {
	if l.work.sched != nil {
		return l.inline(f)
	}
	done := make(chan struct{})
	if !l.post(func() { defer close(done); f() }) {
		return false
	}
	<-done
	return true
}

// doWithin is do with patience: it reports false when the task has not ended in time, which means that the guest does not leave Wasm.
func (l *loop) doWithin(patience time.Duration, f func()) bool {
	if l.work.sched != nil {
		l.inline(f)
		return true
	}
	done := make(chan struct{})
	if !l.post(func() { defer close(done); f() }) {
		return true
	}
	select {
	case <-done:
		return true
	case <-time.After(patience):
		return false
	}
}

// inline runs f between two steps of a seeded host.
func (l *loop) inline(f func()) bool {
	l.mu.Lock()
	closed := l.closed
	l.mu.Unlock()
	if !closed {
		l.work.sched.inline(l.whole(f))
	}
	return !closed
}

func (l *loop) run() {
	defer close(l.ended)
	var batch []func()
	for {
		l.mu.Lock()
		for len(l.tasks) == 0 && !l.closed {
			l.ready.Wait()
		}
		if len(l.tasks) == 0 {
			l.mu.Unlock()
			return
		}
		batch, l.tasks = l.tasks, batch[:0]
		l.mu.Unlock()
		for i, f := range batch {
			batch[i] = nil
			f()
			l.work.done()
		}
	}
}

// stop runs what has been posted and ends the loop.
func (l *loop) stop() {
	l.mu.Lock()
	l.closed = true
	l.ready.Broadcast()
	l.mu.Unlock()
	if l.work.sched != nil {
		l.work.sched.settle()
		return
	}
	<-l.ended
}
