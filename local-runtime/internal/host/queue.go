package host

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
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
	for name, c := range h.cfg.Consumers {
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

// queueSend performs QUEUE_SEND; it answers in place only to refuse.
func (h *Host) queueSend(r *abi.Reader, done func(result []byte)) []byte {
	binding := r.Str()
	messages, delay := r.QueueMessages()
	if err := r.End(); err != nil {
		return failure(err)
	}
	q := h.queues[h.cfg.Queues[binding]]
	if q == nil {
		return failure(abi.TypeErrorf("there is no queue binding %q: add it to [[queues.producers]] in wrangler.toml", binding))
	}
	list, err := q.accept(messages, delay)
	if err != nil {
		return failure(err)
	}
	h.work.run(func() {
		if err := q.store.Put(list); err != nil {
			done(failure(err))
			return
		}
		q.schedule()
		done(isolate.Success(nil))
	})
	return nil
}

// accept checks messages and gives them their form in the queue.
func (q *queue) accept(messages []abi.QueueMessage, delay *float64) ([]storage.Message, error) {
	if len(messages) > maxQueueBatch {
		return nil, abi.Errorf("Queue sendBatch failed: batch message count of %d exceeds limit of %d", len(messages), maxQueueBatch)
	}
	total, now := 0, q.now()
	var list []storage.Message
	for _, m := range messages {
		body, size, err := queueBody(m)
		if err != nil {
			return nil, err
		}
		if total += size; size > maxQueueMessage {
			if len(messages) == 1 {
				return nil, abi.Errorf("Queue send failed: message length of %d bytes exceeds limit of %d", size, maxQueueMessage)
			}
			return nil, abi.Errorf("Queue sendBatch failed: message in batch has length %d bytes which exceeds single message size limit of %d", size, maxQueueMessage)
		}
		wait := m.Delay
		if wait == nil {
			wait = delay
		}
		visible := now
		if wait != nil {
			if !(*wait >= 0 && *wait <= maxQueueDelay) {
				return nil, abi.Errorf("a message delay of %v seconds is not between 0 and %d", *wait, maxQueueDelay)
			}
			visible += *wait * 1000
		}
		list = append(list, storage.Message{ID: q.host.randomHex(16), Body: body, Timestamp: now, Visible: visible})
	}
	if total > maxQueueBytes {
		return nil, abi.Errorf("Queue sendBatch failed: batch size of %d bytes exceeds limit of %d", total, maxQueueBytes)
	}
	return list, nil
}

// queueBody is a message's body as a consumer will get it, and its size.
func queueBody(m abi.QueueMessage) (body abi.Value, size int, err error) {
	switch m.ContentType {
	case abi.QueueText:
		text, ok := m.Body.(string)
		if !ok {
			return nil, 0, abi.TypeErrorf("Content Type \"text\" requires a value of type string, but received: %s", jsType(m.Body))
		}
		return text, len(text), nil
	case abi.QueueBytes:
		b, ok := m.Body.([]byte)
		if !ok {
			return nil, 0, abi.TypeErrorf("Content Type \"bytes\" requires a value of type ArrayBufferView, but received: %s", jsType(m.Body))
		}
		return b, len(b), nil
	case abi.QueueJSON:
		text, err := storage.JSON(m.Body)
		if err != nil {
			return nil, 0, err
		}
		var v any
		if err := json.Unmarshal(text, &v); err != nil {
			return nil, 0, err
		}
		return storage.FromJSON(v), len(text), nil
	}
	var w abi.Writer
	w.Value(m.Body)
	return m.Body, w.Len(), nil
}

func jsType(v abi.Value) string {
	switch v.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case int64, float64:
		return "number"
	case abi.Undefined:
		return "undefined"
	case abi.BigInt:
		return "bigint"
	}
	return "object"
}

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
	oldest, ready, next, err := q.store.Ready(now, 1)
	if err != nil {
		q.host.cfg.Logger.Error("the messages of a queue cannot be read", "queue", q.name, "error", err)
		return
	}
	wait := next - now
	switch {
	case ready >= q.consumer.MaxBatchSize:
		wait = 0
	case ready > 0:
		wait = max(0, min(wait, oldest[0].Visible+float64(max(q.consumer.MaxBatchTimeout, 0).Milliseconds())-now))
	case math.IsInf(next, 1):
		return
	}
	q.stop = q.host.cfg.Clock.AfterFunc(time.Duration(wait)*time.Millisecond, func() { q.host.work.run(q.due) })
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
	batch, ready, _, err := q.store.Ready(now, q.consumer.MaxBatchSize)
	full := ready >= q.consumer.MaxBatchSize
	waited := len(batch) > 0 && batch[0].Visible+float64(max(q.consumer.MaxBatchTimeout, 0).Milliseconds()) <= now
	q.running = err == nil && (full || waited)
	running := q.running
	q.mu.Unlock()
	if !running {
		q.schedule()
		return
	}
	q.deliver(batch, func(outcome abi.Value, failed *abi.Error) {
		if failed != nil {
			q.host.cfg.Logger.Error("the consumer of a queue failed", "queue", q.name, "messages", len(batch), "error", failed)
		}
		if err := q.settle(batch, outcome, failed != nil); err != nil {
			q.host.cfg.Logger.Error("the outcome of a batch cannot be stored: its messages are delivered again", "queue", q.name, "error", err)
		}
		q.mu.Lock()
		q.running = false
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
			if err := letters.store.Put(dead); err != nil {
				return err
			}
			letters.schedule()
		}
	}
	return q.store.Settle(remove, again)
}

// verdict is what a consumer said of a batch.
type verdict struct {
	all     int64 // 0 nothing, 1 acknowledged, 2 retry
	delay   float64
	acked   map[string]bool
	retries map[string]float64
}

func readVerdict(outcome abi.Value, failed bool, retryDelay time.Duration) verdict {
	v := verdict{delay: retryDelay.Seconds(), acked: map[string]bool{}, retries: map[string]float64{}}
	if failed {
		v.all = 2
		return v
	}
	o, _ := outcome.(abi.Object)
	v.all, _ = o.Get("all").(int64)
	seconds := func(value abi.Value) float64 {
		switch n := value.(type) {
		case int64:
			return float64(n)
		case float64:
			return n
		}
		return retryDelay.Seconds()
	}
	v.delay = seconds(o.Get("delay"))
	acked, _ := o.Get("ack").(abi.Array)
	for _, id := range acked {
		if id, ok := id.(string); ok {
			v.acked[id] = true
		}
	}
	retries, _ := o.Get("retry").(abi.Array)
	for _, pair := range retries {
		if pair, ok := pair.(abi.Array); ok && len(pair) == 2 {
			if id, ok := pair[0].(string); ok {
				v.retries[id] = seconds(pair[1])
			}
		}
	}
	return v
}

// retry reports whether a message is delivered again, and after how many seconds.
func (v verdict) retry(id string) (float64, bool) {
	if v.acked[id] {
		return 0, false
	}
	if delay, ok := v.retries[id]; ok {
		return delay, true
	}
	return v.delay, v.all == 2
}

func opQueueSend(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
	return s.outside(f, id, r, s.host.queueSend)
}
