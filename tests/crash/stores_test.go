package crash

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const storeRounds = 10

// delivered is what hosts have confirmed of the queue and the bucket.
type delivered struct {
	mu             sync.Mutex
	letters, files []string
}

// TestStoresSurvive kills hosts that send to a queue, consume it, and fill a bucket and a KV namespace: a message that was acknowledged is delivered at least
// once, and an object or a value is whole, there if it was acknowledged.
func TestStoresSurvive(t *testing.T) {
	t.Parallel()
	dir, module := t.TempDir(), buildApp(t)
	a := &delivered{}
	killAgainAndAgain(t, module, dir, storeRounds, 2*longestLife, a.checkBucket, a.write)
	h := startHost(t, module, dir)
	defer h.kill()
	a.checkBucket(t, h, storeRounds)
	a.checkQueue(t, h)
	t.Logf("%d messages and %d objects survived %d kills", len(a.letters), len(a.files), storeRounds)
	if len(a.letters) < storeRounds || len(a.files) < storeRounds {
		t.Error("too few were acknowledged: the test proves nothing")
	}
}

func (a *delivered) write(t *testing.T, h *host, round, writer int, stopped chan struct{}) {
	for i := 0; ; i++ {
		n := int64(round)<<32 | int64(writer)<<24 | int64(i)
		op, list := "send", &a.letters
		if i%2 == writer%2 {
			op, list = "store", &a.files
		}
		status, body, err := h.post(fmt.Sprintf("/stores/%s/%d", op, n))
		if err != nil {
			select {
			case <-stopped:
			case <-time.After(time.Minute):
				t.Errorf("%s failed before the host was killed: %v", op, err)
			}
			return
		}
		if status != http.StatusOK {
			t.Errorf("%s: status %d: %s", op, status, body)
			return
		}
		a.mu.Lock()
		*list = append(*list, strconv.FormatInt(n, 10))
		a.mu.Unlock()
	}
}

func (a *delivered) checkBucket(t *testing.T, h *host, round int) {
	t.Helper()
	resp, err := h.client.Get(h.url + "/stores")
	status, body, err := read(resp, err)
	found := map[string]string{}
	if err != nil || status != http.StatusOK || json.Unmarshal(body, &found) != nil {
		t.Fatalf("the bucket after a restart: status %d: %s %v\n%s", status, body, err, h.log.String())
	}
	own := map[bool][]string{} // by whether it is of the namespace
	for key, holds := range found {
		key, value := strings.CutPrefix(key, "kv ")
		n, mine := strings.CutPrefix(key, "own-")
		if _, err := strconv.ParseInt(holds, 10, 64); err != nil || mine && n != holds {
			t.Errorf("%s before round %d: %s", key, round, holds)
		}
		if mine {
			own[value] = append(own[value], n)
		}
	}
	for _, value := range []bool{false, true} {
		if missing := without(a.files, own[value]); len(missing) > 0 {
			t.Errorf("%d acknowledged objects (values: %v) are lost before round %d: %v", len(missing), value, round, missing)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}

// checkQueue waits until every message that was acknowledged has been delivered.
func (a *delivered) checkQueue(t *testing.T, h *host) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		var got []string
		for _, key := range h.contents(t, "letters").Keys {
			got = append(got, strings.TrimPrefix(key, "k"))
		}
		missing := without(a.letters, got)
		if len(missing) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d acknowledged messages were never delivered: %v", len(missing), len(a.letters), missing)
		}
	}
}
