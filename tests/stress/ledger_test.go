package stress

import (
	"slices"
	"sync"
	"testing"
)

// ledger collects the counts that the objects returned. Every operation adds one and returns the result, so the counts
// of one counter of one object are 1…n, each once, in whatever order: anything else means a lost or mixed-up update.
type ledger struct {
	mu     sync.Mutex
	counts map[entry][]int64
}

type entry struct{ object, counter string }

func newLedger() *ledger { return &ledger{counts: map[entry][]int64{}} }

func (l *ledger) add(object, counter string, n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[entry{object, counter}] = append(l.counts[entry{object, counter}], n)
}

// total returns how often a counter of an object was counted up.
func (l *ledger) total(object, counter string) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(len(l.counts[entry{object, counter}]))
}

// check reports every counter whose answers were not 1…n.
func (l *ledger) check(t *testing.T) {
	t.Helper()
	for e, counts := range l.counts {
		slices.Sort(counts)
		for i, n := range counts {
			if n != int64(i)+1 {
				t.Errorf("%s: counter %s returned %d where %d was due", e.object, e.counter, n, i+1)
				break
			}
		}
	}
}

// totals mirrors the application's answer.
type totals struct {
	KV, Sync, SQL, Txn, Slept, Locked, Failed int64
}

// want returns the totals that follow from the answers.
func (l *ledger) want(object string) totals {
	return totals{
		KV: l.total(object, "kv"), Sync: l.total(object, "sync"), SQL: l.total(object, "sql"), Txn: l.total(object, "txn"),
		Slept: l.total(object, "slept"), Locked: l.total(object, "locked"), Failed: l.total(object, "failed"),
	}
}
