package local_test

import (
	"strings"
	"testing"
	"time"

	local "grove.place/lattice/local-runtime"
)

// asking sends requests to the Worker that uses everything that stores, and expects what it answers.
func asking(t *testing.T, h *local.Host) func(path, want string) {
	return func(path, want string) {
		t.Helper()
		if _, got := request(t, h, "GET", path, nil); strings.TrimSuffix(got, "\n") != want {
			t.Errorf("%s answers %q, want %q", path, got, want)
		}
	}
}

func TestKVFaults(t *testing.T) {
	h := local.StartTest(t, storing())
	ask := asking(t, h)
	ask("/kv/put?key=a", "")
	down := h.Inject(local.KVFault{Binding: "KEYS", After: 1, Times: 2})
	ask("/kv/get?key=a", "value")
	ask("/kv/get?key=a", `kv: get "a": KV GET failed: 503 Service Unavailable`)
	ask("/kv/put?key=b", `kv: put "b": KV PUT failed: 503 Service Unavailable`)
	ask("/kv/get?key=b", "")
	if down.Count() != 2 {
		t.Errorf("struck %d times", down.Count())
	}
	often := h.Inject(local.KVFault{Method: "put", Key: "counter/", Err: local.ErrKVTooMany})
	ask("/kv/put?key=counter/1", `kv: put "counter/1": KV PUT failed: 429 Too Many Requests`)
	ask("/kv/put?key=other", "")
	often.Remove()
	h.Inject(local.KVFault{Method: "put", Late: true, Times: 1})
	ask("/kv/put?key=late", `kv: put "late": KV PUT failed: 503 Service Unavailable`)
	ask("/kv/get?key=late", "value")
	h.Inject(local.KVFault{Delay: 3 * time.Second})
	before := h.Clock.Now()
	if ask("/kv/get?key=a", "value"); h.Clock.Now().Sub(before) != 3*time.Second {
		t.Errorf("a slow namespace answers after %s", h.Clock.Now().Sub(before))
	}
}

func TestR2Faults(t *testing.T) {
	h := local.StartTest(t, storing())
	ask := asking(t, h)
	down := h.Inject(local.R2Fault{Method: "put", Key: "images/"})
	ask("/r2/put?key=images/a", `r2: put "images/a": put: We encountered an internal error. Please try again. (10001)`)
	ask("/r2/get?key=images/a", "nothing")
	ask("/r2/put?key=texts/a", "")
	ask("/r2/get?key=texts/a", "content")
	down.Remove()
	late := h.Inject(local.R2Fault{Binding: "FILES", Late: true, Times: 1})
	ask("/r2/put?key=images/a", `r2: put "images/a": put: We encountered an internal error. Please try again. (10001)`)
	ask("/r2/get?key=images/a", "content")
	if late.Count() != 1 {
		t.Errorf("struck %d times", late.Count())
	}
	h.Inject(local.R2Fault{Method: "get", Err: local.ErrConnectionLost})
	ask("/r2/get?key=images/a", `r2: get "images/a": Network connection lost.`)
}

func TestQueueFaults(t *testing.T) {
	h := local.StartTest(t, storing())
	ask := asking(t, h)
	down := h.Inject(local.QueueFault{Queue: "orders"})
	ask("/queue/send?key=a", "queue ORDERS: Queue send failed: Bad Gateway")
	ask("/queue/batch?key=a", "queue ORDERS: Queue sendBatch failed: Bad Gateway")
	down.Remove()
	h.Inject(local.QueueFault{Err: local.ErrQueueTooMany, Late: true, Times: 1})
	ask("/queue/send?key=b", "queue ORDERS: Queue send failed: Too Many Requests")
	h.Clock.Advance(time.Minute)
	ask("/kv/get?key=order+a", "")
	ask("/kv/get?key=order+b", "attempt 1; ") // it was stored, whatever the producer was told

	ask("/queue/send?key=c", "")
	twice := h.Inject(local.QueueFault{On: local.OnOutcome, Times: 1})
	h.Clock.Advance(time.Minute)
	ask("/kv/get?key=order+c", "attempt 1; attempt 2; ")
	if twice.Count() != 1 {
		t.Errorf("struck %d times", twice.Count())
	}
}

// A consumer that dies in the middle of a batch gets it again, what it did before it died included.
func TestAConsumerThatIsKilledGetsItsBatchAgain(t *testing.T) {
	o := storing()
	o.Seed = 0 // so that the batch can be waited for while it is in the middle
	h := local.StartTest(t, o)
	ask := asking(t, h)
	ask("/queue/send?key=slow", "")
	h.Clock.Advance(10 * time.Second)
	ask("/kv/get?key=order+slow", "attempt 1; ")
	if err := h.Crash("killed"); err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(10 * time.Second)
	ask("/kv/get?key=order+slow", "attempt 1; attempt 2; ")
}

func TestCacheFaults(t *testing.T) {
	h := local.StartTest(t, storing())
	ask := asking(t, h)
	ask("/cache/put?key=a", "")
	gone := h.Inject(local.CacheFault{URL: "https://cached.example/", Times: 2})
	ask("/cache/get?key=a", "nothing")
	ask("/cache/put?key=b", "")
	ask("/cache/get?key=a", "response")
	ask("/cache/get?key=b", "nothing")
	if gone.Count() != 2 {
		t.Errorf("struck %d times", gone.Count())
	}
	h.Inject(local.CacheFault{Method: "match", Err: local.ErrConnectionLost})
	ask("/cache/put?key=b", "")
	ask("/cache/get?key=b", "cache: match: Network connection lost.")
}

func TestFaultsOfNothingAreMistakes(t *testing.T) {
	h := local.StartTest(t, storing())
	for want, fault := range map[string]local.Fault{
		`there is no KV binding "KEY": this Worker has KEYS`:                                     local.KVFault{Binding: "KEY"},
		`no method of the kind KV binding is called "PUT": there are delete, get, list, put`:     local.KVFault{Method: "PUT"},
		`no method of the kind R2 binding is called "complete": there are abortMultipartUpload,`: local.R2Fault{Method: "complete"},
		`there is no queue "order": this Worker has orders`:                                      local.QueueFault{Queue: "order"},
		`no method of the kind cache is called "get": there are delete, match, put`:              local.CacheFault{Method: "get"},
	} {
		func() {
			defer func() {
				if p, _ := recover().(string); !strings.Contains(p, want) {
					t.Errorf("%T: %q, want %q", fault, p, want)
				}
			}()
			h.Inject(fault)
		}()
	}
}
