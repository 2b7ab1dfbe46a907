package ids

import (
	"testing"
	"time"
)

func TestIDs(t *testing.T) {
	at := time.UnixMilli(1_790_000_000_123).UTC()
	id := New(at)
	if !Valid(id) || !Time(id).Equal(at) {
		t.Errorf("%s: valid %v, made at %v, want %v", id, Valid(id), Time(id), at)
	}
	if later := New(at.Add(time.Millisecond)); later <= id {
		t.Errorf("%s was made after %s and sorts before it", later, id)
	}
	for _, bad := range []string{"", "x", id + "0", id[:35] + "G", "00000000-0000-4000-8000-000000000000", id[:8] + "_" + id[9:]} {
		if Valid(bad) {
			t.Errorf("%q is taken for an id", bad)
		}
	}
}
