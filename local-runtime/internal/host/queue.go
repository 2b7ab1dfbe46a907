package host

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
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

// queue is one queue: its messages are on disk, and at most one batch of it is with a consumer.
type queue struct {
	host     *Host
	name     string
	store    *storage.Queue
	consumer *Consumer // nil: nobody consumes it here

	mu      sync.Mutex
	running bool
	stop    func() // of the timer
	closed  bool
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

// openQueues opens every queue that is bound or consumed.
func (h *Host) openQueues() error {
	open := func(name string) error {
		if h.queues[name] != nil || name == "" {
			return nil
		}
		if !safeName.MatchString(name) {
			return fmt.Errorf("%q is not a name for a queue: use letters, digits and -", name)
		}
		store, err := storage.OpenQueue(filepath.Join(h.cfg.Dir, "queues", name+".sqlite"))
		if err != nil {
			return fmt.Errorf("queue %s: %w", name, err)
		}
		q := &queue{host: h, name: name, store: store}
		if c, ok := h.cfg.Consumers[name]; ok {
			c = c.withDefaults()
			q.consumer = &c
		}
		h.queues[name] = q
		return nil
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
		if err := open(name); err != nil {
			return err
		}
		if err := open(c.DeadLetterQueue); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(h.queues)) {
		h.queues[name].schedule()
	}
	return nil
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

func (q *queue) now() float64 { return float64(q.host.cfg.Clock.Now().UnixMilli()) }

// schedule sets the timer for the next batch, or delivers one now.
func (q *queue) schedule() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.consumer == nil || q.running || q.closed {
		return
	}
	if q.stop != nil {
		q.stop()
		q.stop = nil
	}
	now := q.now()
	ready, next, err := q.store.Ready(now, q.consumer.MaxBatchSize)
	if err != nil {
		q.host.cfg.Logger.Error("the messages of a queue cannot be read", "queue", q.name, "error", err)
		return
	}
	wait := next - now
	switch {
	case len(ready) == q.consumer.MaxBatchSize:
		wait = 0
	case len(ready) > 0:
		wait = max(0, min(wait, q.deadline(ready)-now))
	case math.IsInf(next, 1):
		return
	}
	q.after(time.Duration(wait) * time.Millisecond)
}

// after has due called; q.mu is held.
func (q *queue) after(d time.Duration) {
	q.stop = q.host.cfg.Clock.AfterFunc(d, func() { q.host.work.run(q.due) })
}

// deadline is when a batch that begins with these messages is delivered even if it is not full.
func (q *queue) deadline(ready []storage.Message) float64 {
	return ready[0].Visible + float64(max(q.consumer.MaxBatchTimeout, 0).Milliseconds())
}

// due delivers a batch if one is to be delivered now.
func (q *queue) due() {
	q.mu.Lock()
	if q.running || q.closed {
		q.mu.Unlock()
		return
	}
	q.stop = nil
	now := q.now()
	batch, _, err := q.store.Ready(now, q.consumer.MaxBatchSize)
	full := len(batch) == q.consumer.MaxBatchSize
	waited := len(batch) > 0 && q.deadline(batch) <= now
	q.running = err == nil && (full || waited)
	running := q.running
	q.mu.Unlock()
	if !running {
		q.schedule()
		return
	}
	q.deliver(batch, func(outcome abi.Value, failed *abi.Error) {
		if q.host.closed.Load() {
			return // that the host ends says nothing of the messages: the next host delivers them
		}
		if failed != nil {
			q.host.cfg.Logger.Error("the consumer of a queue failed", "queue", q.name, "messages", len(batch), "error", failed)
		}
		err := q.settle(batch, outcome, failed != nil)
		if err != nil {
			q.host.cfg.Logger.Error("the outcome of a batch cannot be stored: its messages are delivered again", "queue", q.name, "error", err)
		}
		q.mu.Lock()
		q.running = false
		if err != nil && !q.closed {
			q.after(settleRetry) // not at once: a full disk stays full
			q.mu.Unlock()
			return
		}
		q.mu.Unlock()
		q.schedule()
	})
}

// deliver gives a batch to the Worker; done is called once.
func (q *queue) deliver(batch []storage.Message, done func(outcome abi.Value, failed *abi.Error)) {
	list := make([]abi.QueueDelivery, len(batch))
	for i, m := range batch {
		list[i] = abi.QueueDelivery{ID: m.ID, Timestamp: m.Timestamp, Attempts: uint64(m.Attempts + 1), Body: m.Body}
	}
	if q.host.runsPrograms() {
		q.host.consumeProgram(q.name, list, done)
		return
	}
	s := q.host.nextIsolate()
	after := func(outcome abi.Value, failed *abi.Error) { q.host.work.run(func() { done(outcome, failed) }) }
	posted := s.post(func() {
		if err := s.boot(); err != nil {
			after(nil, asError(err))
			return
		}
		f := s.newFrame(abi.StartQueue, nil, reply{
			value: func(v payload) { after(abi.NewReader(v.data).Value(), nil) },
			fail:  func(e *abi.Error) { after(nil, e) },
		}, nil)
		w := f.started()
		w.Str(q.name)
		w.QueueDeliveries(list)
		s.turn(f, delivery{f.id, w.Bytes()})
	})
	if !posted {
		after(nil, errClosed)
	}
}

// settle removes what was dealt with and has the rest delivered again, or given up.
func (q *queue) settle(batch []storage.Message, outcome abi.Value, failed bool) error {
	verdict := readVerdict(outcome, failed, q.consumer.RetryDelay)
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
		if m.Attempts <= max(q.consumer.MaxRetries, 0) {
			m.Visible = now + delay*1000
			again = append(again, m)
			continue
		}
		remove = append(remove, m.ID)
		m.Attempts, m.Visible = 0, now
		dead = append(dead, m)
	}
	if len(dead) > 0 {
		letters := q.host.queues[q.consumer.DeadLetterQueue]
		q.host.cfg.Logger.Warn("messages failed too often", "queue", q.name, "messages", len(dead), "dead_letter_queue", q.consumer.DeadLetterQueue)
		if letters != nil {
			if err := letters.store.PutOnce(dead); err != nil {
				return err
			}
			letters.schedule()
		}
	}
	return q.store.Settle(remove, again)
}
