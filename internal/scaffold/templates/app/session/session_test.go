package session

import (
	"strings"
	"testing"
	"time"
)

func TestOnlyWhatWasSignedCounts(t *testing.T) {
	key, now := []byte(strings.Repeat("k", 32)), time.Unix(1_000_000, 0)
	value := sign(key, "ann.b", now.Add(time.Hour))
	if name, ok := verify(key, value, now); !ok || name != "ann.b" {
		t.Errorf("a good cookie says %q, %v", name, ok)
	}
	if _, ok := verify(key, value, now.Add(time.Hour)); ok {
		t.Error("a session goes on after its end")
	}
	if _, ok := verify([]byte(strings.Repeat("x", 32)), value, now); ok {
		t.Error("another key's signature counts")
	}
	for _, forged := range []string{"", "..", "x" + value, strings.Replace(value, ".", ".9", 1), encode([]byte("root")) + value[strings.IndexByte(value, '.'):]} {
		if name, ok := verify(key, forged, now); ok {
			t.Errorf("%q lets %q in", forged, name)
		}
	}
}
