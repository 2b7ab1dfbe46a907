// Package crash kills the local host at random moments and checks that nothing it acknowledged is lost: key-value
// entries, rows, both halves of a turn or a transaction, alarms, messages of queues, objects in buckets.
package crash

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"
)

const (
	rounds  = 24
	writers = 6
	objects = 4
	// longestLife is how long a host lives at most, counted from its first answer.
	longestLife = 350 * time.Millisecond
	// quickAlarm and slowAlarm are how far ahead alarms are set: some fire before the kill, most after the restart.
	quickAlarm, slowAlarm = 20 * time.Millisecond, 600 * time.Millisecond
)

// contents mirrors the application's answer.
type contents struct {
	Keys                 []string
	Rows, Doubles, Fired []int64
	Left, Right          int64
}

// acknowledged is what hosts have confirmed, by object.
type acknowledged struct {
	mu     sync.Mutex
	keys   map[string][]string
	rows   map[string][]int64
	moved  map[string]int64
	alarms map[string][]int64
	total  int
}

func TestNothingAcknowledgedIsLost(t *testing.T) {
	t.Parallel()
	dir, module := t.TempDir(), buildApp(t)
	acked := &acknowledged{keys: map[string][]string{}, rows: map[string][]int64{}, moved: map[string]int64{}, alarms: map[string][]int64{}}
	killAgainAndAgain(t, module, dir, rounds, longestLife, acked.check, acked.write)
	h := startHost(t, module, dir)
	defer h.kill()
	acked.check(t, h, rounds)
	acked.checkAlarms(t, h)
	t.Logf("%d acknowledged writes survived %d kills", acked.total, rounds)
	if acked.total < rounds*writers {
		t.Errorf("only %d writes were acknowledged: the test proves nothing", acked.total)
	}
}

// write sends writes until the host is gone.
func (a *acknowledged) write(t *testing.T, h *host, round, writer int, stopped chan struct{}) {
	ops := []string{"put", "insert", "move", "remind"}
	for i := 0; ; i++ {
		n := int64(round)<<32 | int64(writer)<<24 | int64(i)
		object, op := fmt.Sprintf("ledger-%d", i%objects), ops[i/objects%len(ops)]
		if op == "remind" {
			// An object has one alarm, so that each of these has its own object.
			object = fmt.Sprintf("alarm-%d-%d-%d", round, writer, i%8)
			if i/objects >= 2*len(ops) {
				continue
			}
			n = time.Now().Add(quickAlarm + time.Duration(i%8)*slowAlarm/8).UnixMilli()
		}
		status, body, err := h.post(fmt.Sprintf("/%s/%s/%d", object, op, n))
		if err != nil {
			select {
			case <-stopped:
			case <-time.After(time.Minute):
				t.Errorf("%s %s failed before the host was killed: %v", object, op, err)
			}
			return
		}
		if status != http.StatusOK {
			t.Errorf("%s %s: status %d: %s", object, op, status, body)
			return
		}
		a.record(object, op, n)
	}
}

func (a *acknowledged) record(object, op string, n int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.total++
	switch op {
	case "put":
		a.keys[object] = append(a.keys[object], fmt.Sprintf("k%d", n))
	case "insert":
		a.rows[object] = append(a.rows[object], n)
	case "move":
		a.moved[object] += n
	case "remind":
		a.alarms[object] = append(a.alarms[object], n)
	}
}

// check compares the objects with what was acknowledged. A write whose answer the kill cut off may be there or not.
func (a *acknowledged) check(t *testing.T, h *host, round int) {
	t.Helper()
	for i := range objects {
		name := fmt.Sprintf("ledger-%d", i)
		got := h.contents(t, name)
		if missing := without(a.keys[name], got.Keys); len(missing) > 0 {
			t.Errorf("%s lost %d acknowledged keys before round %d: %v", name, len(missing), round, missing)
		}
		if missing := without(a.rows[name], got.Rows); len(missing) > 0 {
			t.Errorf("%s lost %d acknowledged rows before round %d: %v", name, len(missing), round, missing)
		}
		if half := append(without(got.Rows, got.Doubles), without(got.Doubles, got.Rows)...); len(half) > 0 {
			t.Errorf("%s kept half of a turn before round %d: %v", name, round, half)
		}
		if got.Left+got.Right != 0 {
			t.Errorf("%s kept half of a transaction before round %d: %d and %d", name, round, got.Left, got.Right)
		}
		if got.Right < a.moved[name] {
			t.Errorf("%s lost acknowledged transactions before round %d: %d of %d", name, round, a.moved[name]-got.Right, a.moved[name])
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}

// checkAlarms waits until the last alarm that was acknowledged for each object has run.
func (a *acknowledged) checkAlarms(t *testing.T, h *host) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for name, times := range a.alarms {
		last := times[len(times)-1]
		for {
			fired := h.contents(t, name).Fired
			// A later alarm whose acknowledgement was cut off may have replaced it.
			if len(fired) > 0 && fired[len(fired)-1] >= last {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: the alarm of %d was acknowledged and never ran; those that ran: %v", name, last, fired)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	t.Logf("%d alarms were set and ran", len(a.alarms))
}

// without returns the elements of want that are not in have.
func without[T comparable](want, have []T) []T {
	set := map[T]bool{}
	for _, v := range have {
		set[v] = true
	}
	var missing []T
	for _, v := range want {
		if !set[v] {
			missing = append(missing, v)
		}
	}
	return missing
}

func (h *host) post(path string) (int, []byte, error) {
	resp, err := h.client.Post(h.url+path, "", nil)
	return read(resp, err)
}

func (h *host) contents(t *testing.T, name string) contents {
	t.Helper()
	resp, err := h.client.Get(h.url + "/" + name)
	status, body, err := read(resp, err)
	if err != nil || status != http.StatusOK {
		t.Fatalf("%s after a restart: status %d: %s %v\n%s", name, status, body, err, h.log.String())
	}
	var c contents
	if err := json.Unmarshal(body, &c); err != nil {
		t.Fatalf("%s: %v in %s", name, err, body)
	}
	return c
}

func read(resp *http.Response, err error) (int, []byte, error) {
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}
