package host

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"grove.place/lattice/local-runtime/internal/storage"
)

// Classes lists the Durable Object classes of the Worker: those that are bound, and those that the module has besides.
func (h *Host) Classes() []string {
	set := map[string]bool{}
	for binding, class := range h.cfg.Objects {
		if cmp.Or(h.cfg.Scripts[binding], h.cfg.Script) == h.cfg.Script {
			set[class] = true
		}
	}
	for class := range h.described().classes {
		set[class] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// AlarmInfo is an alarm that will go off.
type AlarmInfo struct {
	Class, ID, Name string
	At              time.Time
	Retries         int  // failed runs so far
	Running         bool // its handler runs
}

// Alarms lists the alarms of all objects, the next first.
func (h *Host) Alarms() (list []AlarmInfo) {
	for _, s := range h.isolates {
		s.do(func() {
			for k, a := range s.alarms {
				at := a.at
				if a.next != nil && !a.running {
					at = *a.next
				}
				list = append(list, AlarmInfo{Class: k.class, ID: k.id, At: time.UnixMilli(int64(at)), Retries: a.retry, Running: a.running})
			}
		})
	}
	for i := range list {
		list[i].Name = h.storedName(key{list[i].Class, list[i].ID})
	}
	slices.SortFunc(list, func(a, b AlarmInfo) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Class+a.ID, b.Class+b.ID)) })
	return list
}

// IsolateInfo describes an isolate.
type IsolateInfo struct {
	Index   int
	Started bool  // its Go instance runs
	Memory  int64 // bytes of it
	Objects int   // in memory
	Events  int   // that have not ended
	Busy    bool  // it has been running for a while without waiting for anything
}

// busyTime is how long a turn takes that makes an isolate Busy.
const busyTime = 100 * time.Millisecond

// Isolates describes the isolates of the Worker. One that does not leave its Wasm is not waited for.
func (h *Host) Isolates() (list []IsolateInfo) {
	for _, s := range h.isolates {
		info := IsolateInfo{Index: s.index}
		began := s.began.Load()
		if began != 0 && time.Since(time.Unix(0, began)) > busyTime {
			info.Started, info.Busy = true, true
			list = append(list, info)
			continue
		}
		s.do(func() {
			info.Objects = len(s.objects)
			for _, f := range s.frames {
				if f.kind != 0 && f.object == nil || f.object != nil && f != f.object.construct {
					info.Events++
				}
			}
			if s.instance != nil {
				info.Started, info.Memory = true, s.instance.Memory()
			}
		})
		list = append(list, info)
	}
	return list
}

// QueueInfo describes a queue that the Worker binds or consumes.
type QueueInfo struct {
	Name      string
	Consumer  string   // name of the Worker that consumes it; "": none that runs here
	Letters   string   // its dead letter queue
	LettersOf []string // the queues whose dead letters come here
	Messages  int
}

// Queues lists the queues of the Worker.
func (h *Host) Queues() (list []QueueInfo, err error) {
	for _, name := range slices.Sorted(maps.Keys(h.queues)) {
		q := h.queues[name]
		info := QueueInfo{Name: name, LettersOf: h.lettersOf(name)}
		q.mu.Lock()
		if q.reader != nil {
			info.Consumer, info.Letters = q.reader.host.cfg.Script, q.reader.DeadLetterQueue
		}
		q.mu.Unlock()
		if info.Messages, err = q.store.Count(); err != nil {
			return nil, err
		}
		list = append(list, info)
	}
	return list, nil
}

// lettersOf lists the queues that are consumed in the session with this one as their dead letter queue.
func (s *Session) lettersOf(name string) (list []string) {
	for _, q := range s.sortedQueues() {
		q.mu.Lock()
		if q.reader != nil && q.reader.DeadLetterQueue == name {
			list = append(list, q.name)
		}
		q.mu.Unlock()
	}
	return list
}

func (s *Session) sortedQueues() []*queue {
	s.stores.mu.Lock()
	defer s.stores.mu.Unlock()
	return slices.SortedFunc(maps.Values(s.stores.queues), func(a, b *queue) int { return cmp.Compare(a.name, b.name) })
}

// Message is a message of a queue.
type Message = storage.Message

// Peek returns the first messages of a queue, in the order in which they are delivered, and leaves them there.
func (h *Host) Peek(name string, limit int) ([]Message, error) {
	q, err := h.queueNamed(name)
	if err != nil {
		return nil, err
	}
	return q.store.Peek(limit)
}

func (h *Host) queueNamed(name string) (*queue, error) {
	if q := h.queues[name]; q != nil {
		return q, nil
	}
	return nil, notThere("queue", name, slices.Sorted(maps.Keys(h.queues)))
}

// RetryMessage delivers a message anew, at once: a dead letter goes back to the queue that it comes from, if only one has its dead letters here, and
// any other message no longer waits for its delay. It returns the queue that the message is in then.
func (h *Host) RetryMessage(name, id string) (to string, err error) {
	q, err := h.queueNamed(name)
	if err != nil {
		return "", err
	}
	m, err := q.store.Message(id)
	if err != nil {
		return "", err
	}
	if m == nil {
		return "", notThere("message", id, nil)
	}
	m.Attempts, m.Visible = 0, q.now()
	target := q
	if from := h.lettersOf(name); len(from) == 1 {
		if target, err = h.queue(from[0]); err != nil {
			return "", err
		}
	}
	if target == q {
		err = q.store.Settle(nil, []storage.Message{*m})
	} else if err = target.store.PutOnce([]storage.Message{*m}); err == nil {
		err = q.store.Settle([]string{id}, nil)
	}
	if err != nil {
		return "", err
	}
	target.schedule()
	return target.name, nil
}

// DropMessage removes a message from a queue.
func (h *Host) DropMessage(name, id string) error {
	q, err := h.queueNamed(name)
	if err != nil {
		return err
	}
	return q.store.Settle([]string{id}, nil)
}
