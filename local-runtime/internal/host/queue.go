package host

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/storage"
)

// Consumer is how the Worker consumes a queue. Zero values are Cloudflare's defaults.
type Consumer struct {
	MaxBatchSize    int           // messages; default 10
	MaxBatchTimeout time.Duration // that a batch which is not full waits; default 5 s, less than 0 for none
	MaxRetries      int           // default 3, less than 0 for none
	DeadLetterQueue string        // where messages go that failed too often; "": they are dropped
	RetryDelay      time.Duration
}

func (c Consumer) withDefaults() Consumer {
	if c.MaxBatchSize <= 0 {
		c.MaxBatchSize = 10
	}
	c.MaxBatchSize = min(c.MaxBatchSize, maxQueueBatch)
	if c.MaxBatchTimeout == 0 {
		c.MaxBatchTimeout = 5 * time.Second
	}
	if c.MaxRetries == 0 {
		c.MaxRetries = 3
	}
	return c
}

// queue is one queue of a session: its messages are on disk, and at most one batch of it is with a consumer.
type queue struct {
	session *Session
	name    string
	store   *storage.Queue

	mu      sync.Mutex
	reader  *reader // nil: nobody consumes it here
	running bool
	stop    func() // of the timer
	closed  bool
}

// reader is the Worker that consumes a queue, and how.
type reader struct {
	Consumer
	host    *Host
	letters *queue // where messages go that failed too often; nil: nowhere
}

// Limits of Queues.
const (
	maxQueueMessage = 128 * 1000
	maxQueueBatch   = 100
	maxQueueBytes   = 288 * 1000
	maxQueueDelay   = 86400
)

// settleRetry is how long a queue rests whose storage failed.
const settleRetry = time.Second

// openQueues opens every queue that is bound or consumed, and begins to consume.
func (h *Host) openQueues() error {
	open := func(name string) error {
		if h.queues[name] != nil || name == "" {
			return nil
		}
		if !safeName.MatchString(name) {
			return fmt.Errorf("%q is not a name for a queue: use letters, digits and -", name)
		}
		q, err := h.queue(name)
		if err == nil {
			h.queues[name] = q
		}
		return err
	}
	for _, name := range h.cfg.Queues {
		if err := open(name); err != nil {
			return err
		}
	}
	for binding, delay := range h.cfg.QueueDelays {
		if delay < 0 || delay > maxQueueDelay*time.Second {
			return fmt.Errorf("queue binding %s: a delivery delay of %s is not between 0 and %d seconds", binding, delay, maxQueueDelay)
		}
	}
	for name, c := range h.cfg.Consumers {
		if c.DeadLetterQueue == name {
			return fmt.Errorf("queue %s: it cannot be its own dead letter queue", name)
		}
		if err := errors.Join(open(name), open(c.DeadLetterQueue)); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(h.cfg.Consumers)) {
		c := h.cfg.Consumers[name].withDefaults()
		if err := h.queues[name].consume(&reader{Consumer: c, host: h, letters: h.queues[c.DeadLetterQueue]}); err != nil {
			return err
		}
	}
	return nil
}

// consume makes a Worker the consumer. A queue has one, as on Cloudflare.
func (q *queue) consume(r *reader) error {
	q.mu.Lock()
	other := q.reader
	if other == nil {
		q.reader = r
	}
	q.mu.Unlock()
	if other != nil {
		return fmt.Errorf("queue %s is consumed by the Worker %q already: a queue has one consumer", q.name, other.host.cfg.Script)
	}
	q.schedule()
	return nil
}

// quit ends the consuming of a Worker that ends. What it was given and has not settled is delivered again, to whoever comes.
func (q *queue) quit(h *Host) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.reader == nil || q.reader.host != h {
		return
	}
	q.reader, q.running = nil, false
	if q.stop != nil {
		q.stop()
		q.stop = nil
	}
}

func (q *queue) close() error {
	q.mu.Lock()
	q.closed = true
	if q.stop != nil {
		q.stop()
	}
	q.mu.Unlock()
	return q.store.Close()
}

func (q *queue) now() float64 { return float64(q.session.clock.Now().UnixMilli()) }

// schedule sets the timer for the next batch, or delivers one now.
func (q *queue) schedule() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.reader == nil || q.running || q.closed {
		return
	}
	if q.stop != nil {
		q.stop()
		q.stop = nil
	}
	now := q.now()
	ready, next, err := q.store.Ready(now, q.reader.MaxBatchSize)
	if err != nil {
		q.session.log.Error("the messages of a queue cannot be read", "queue", q.name, "error", err)
		return
	}
	wait := next - now
	switch {
	case len(ready) == q.reader.MaxBatchSize:
		wait = 0
	case len(ready) > 0:
		wait = max(0, min(wait, q.reader.deadline(ready)-now))
	case math.IsInf(next, 1):
		return
	}
	q.after(time.Duration(wait) * time.Millisecond)
}

// after has due called; q.mu is held.
func (q *queue) after(d time.Duration) {
	q.stop = q.session.clock.AfterFunc(d, func() { q.session.work.run(q.due) })
}

// deadline is when a batch that begins with these messages is delivered even if it is not full.
func (r *reader) deadline(ready []storage.Message) float64 {
	return ready[0].Visible + float64(max(r.MaxBatchTimeout, 0).Milliseconds())
}

// due delivers a batch if one is to be delivered now.
func (q *queue) due() {
	q.mu.Lock()
	r := q.reader
	if r == nil || q.running || q.closed {
		q.mu.Unlock()
		return
	}
	q.stop = nil
	now := q.now()
	batch, _, err := q.store.Ready(now, r.MaxBatchSize)
	full := len(batch) == r.MaxBatchSize
	waited := len(batch) > 0 && r.deadline(batch) <= now
	q.running = err == nil && (full || waited)
	running := q.running
	q.mu.Unlock()
	if !running {
		q.schedule()
		return
	}
	r.host.consume(q.name, batch, func(outcome abi.Value, failed *abi.Error) { q.delivered(r, batch, outcome, failed) })
}

// delivered notes what became of a batch.
func (q *queue) delivered(r *reader, batch []storage.Message, outcome abi.Value, failed *abi.Error) {
	log := r.host.cfg.Logger
	if r.host.closed.Load() {
		return // that the host ends says nothing of the messages: the next one delivers them
	}
	if failed != nil && !failed.Logged {
		log.Error("the consumer of a queue failed", "queue", q.name, "messages", len(batch), "error", failed)
	}
	lost := r.host.faults.meet(target{kind: Outcomes, name: q.name}).err != nil // then it is as if the consumer had not answered
	err := q.settle(r, batch, outcome, failed != nil || lost)
	if err != nil {
		log.Error("the outcome of a batch cannot be stored: its messages are delivered again", "queue", q.name, "error", err)
	}
	q.mu.Lock()
	if q.reader != r {
		q.mu.Unlock()
		return
	}
	q.running = false
	if err != nil && !q.closed {
		q.after(settleRetry) // not at once: a full disk stays full
		q.mu.Unlock()
		return
	}
	q.mu.Unlock()
	q.schedule()
}

// consume gives a batch of a queue to the Worker; done is called once.
func (h *Host) consume(name string, batch []storage.Message, done func(outcome abi.Value, failed *abi.Error)) {
	list := make([]abi.QueueDelivery, len(batch))
	for i, m := range batch {
		list[i] = abi.QueueDelivery{ID: m.ID, Timestamp: m.Timestamp, Attempts: uint64(m.Attempts + 1), Body: m.Body}
	}
	if h.runsPrograms() {
		h.consumeProgram(name, list, done)
		return
	}
	s := h.nextIsolate()
	after := func(outcome abi.Value, failed *abi.Error) { h.work.run(func() { done(outcome, failed) }) }
	posted := s.post(func() {
		if err := s.boot(); err != nil {
			after(nil, asError(err))
			return
		}
		f := s.newFrame(abi.StartQueue, nil, h.observed(Event{Kind: "queue", Name: batchName(name, len(batch))}, reply{
			value: func(v payload) { after(abi.NewReader(v.data).Value(), nil) },
			fail:  func(e *abi.Error) { after(nil, e) },
		}), nil)
		w := f.started()
		w.Str(name)
		w.QueueDeliveries(list)
		s.turn(f, delivery{f.id, w.Bytes()})
	})
	if !posted {
		after(nil, errClosed)
	}
}

// settle removes what was dealt with and has the rest delivered again, or given up.
func (q *queue) settle(r *reader, batch []storage.Message, outcome abi.Value, failed bool) error {
	verdict := readVerdict(outcome, failed, r.RetryDelay)
	var remove []string
	var again, dead []storage.Message
	now := q.now()
	for _, m := range batch {
		delay, retry := verdict.retry(m.ID)
		if !retry {
			remove = append(remove, m.ID)
			continue
		}
		m.Attempts++
		if m.Attempts <= max(r.MaxRetries, 0) {
			m.Visible = now + delay*1000
			again = append(again, m)
			continue
		}
		remove = append(remove, m.ID)
		m.Attempts, m.Visible = 0, now
		dead = append(dead, m)
	}
	if len(dead) > 0 {
		log := r.host.cfg.Logger.With("queue", q.name, "messages", len(dead), "attempts", max(r.MaxRetries, 0)+1)
		if r.letters == nil {
			log.Warn("messages failed too often and are dropped, for the queue has no dead_letter_queue")
		} else {
			log.Warn("messages failed too often", "dead_letter_queue", r.DeadLetterQueue)
			if err := r.letters.store.PutOnce(dead); err != nil {
				return err
			}
			r.letters.schedule()
		}
	}
	return q.store.Settle(remove, again)
}
