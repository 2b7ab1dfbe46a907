package host

import (
	"encoding/json"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
	"grove.place/lattice/local-runtime/internal/storage"
)

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
	if standing := h.cfg.QueueDelays[binding].Seconds(); delay == nil && standing > 0 {
		delay = &standing
	}
	list, err := q.accept(messages, delay)
	if err != nil {
		return failure(err)
	}
	put := func(lost error) {
		h.store(func() {
			err := q.store.Put(list)
			if err == nil {
				q.schedule()
				err = lost
			}
			if err != nil {
				done(failure(err))
				return
			}
			done(isolate.Success(nil))
		})
	}
	struck := h.faults.meet(target{kind: QueueSends, name: q.name})
	if !struck.strikes() {
		put(nil)
		return nil
	}
	struck.err = named(queueSendName(messages)+" failed: ", struck.err)
	h.work.run(func() { h.suffer(struck, func(err error) { done(failure(err)) }, put) })
	return nil
}

// queueSendName is the method that errors name. A batch of one is not told from a message.
func queueSendName(messages []abi.QueueMessage) string {
	if len(messages) == 1 {
		return "Queue send"
	}
	return "Queue sendBatch"
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
		list = append(list, storage.Message{ID: q.session.randomHex(16), Body: body, Timestamp: now, Visible: visible})
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

func opQueueSend(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
	return s.outside(f, id, r, s.host.queueSend)
}
