package stress

import (
	"testing"
	"time"
)

// TestIdleObjectsAreDropped lets workerd evict objects, ten seconds after their last request, and waits until Go has let go of
// their values.
func TestIdleObjectsAreDropped(t *testing.T) {
	t.Parallel()
	d := startWorkerd(t)
	h := home{url: d.URL, name: "idle", objects: 200, collect: collector(d.URL)}
	c, l := newClient(h.url), newLedger()
	h.touchAll(t, c, l)
	before := c.stats(t)
	if before.Live < int64(h.objects) {
		t.Fatalf("%d objects are alive, want %d", before.Live, h.objects)
	}
	deadline := time.Now().Add(2 * time.Minute)
	for {
		h.collect(t)
		s := c.stats(t)
		if s.Live == 0 {
			t.Logf("with %d objects %+v, after their eviction %+v", h.objects, before, s)
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d objects are alive long after their last request", s.Live, h.objects)
		}
		time.Sleep(500 * time.Millisecond)
	}
	h.audit(t, c, l)
}
