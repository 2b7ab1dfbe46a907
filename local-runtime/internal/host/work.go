package host

import (
	"sync"
	"time"
)

// work counts what is under way: tasks posted to loops, and I/O whose completion will post one. A virtual clock moves only at zero.
type work struct {
	mu   sync.Mutex
	n    int
	idle *sync.Cond
}

func (w *work) add() {
	w.mu.Lock()
	w.n++
	w.mu.Unlock()
}

func (w *work) done() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.n--; w.n == 0 && w.idle != nil {
		w.idle.Broadcast()
	}
}

// run runs f in a goroutine that counts.
func (w *work) run(f func()) {
	w.add()
	go func() {
		defer w.done()
		f()
	}()
}

// wait returns when nothing is under way.
func (w *work) wait() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.idle == nil {
		w.idle = sync.NewCond(&w.mu)
	}
	for w.n > 0 {
		w.idle.Wait()
	}
}

// loop runs tasks one after another, in the order in which they were posted.
type loop struct {
	work   *work
	mu     sync.Mutex
	ready  *sync.Cond
	tasks  []func()
	closed bool
	ended  chan struct{}
}

func newLoop(w *work) *loop {
	l := &loop{work: w, ended: make(chan struct{})}
	l.ready = sync.NewCond(&l.mu)
	go l.run()
	return l
}

// post appends a task; it reports false when the loop has stopped and the task will not run.
func (l *loop) post(f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.work.add()
	l.tasks = append(l.tasks, f)
	l.ready.Signal()
	return true
}

// do posts a task and waits for it. It must not be called on the loop.
func (l *loop) do(f func()) bool {
	done := make(chan struct{})
	if !l.post(func() { defer close(done); f() }) {
		return false
	}
	<-done
	return true
}

// doWithin is do with patience: it reports false when the task has not ended in time, which means that the guest does not leave Wasm.
func (l *loop) doWithin(patience time.Duration, f func()) bool {
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
	<-l.ended
}
