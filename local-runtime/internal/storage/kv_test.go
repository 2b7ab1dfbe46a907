package storage

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

func openKV(t *testing.T, path string) *KV {
	t.Helper()
	k, err := OpenKV(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

func keysOf(list []KVEntry) string {
	var keys []string
	for _, e := range list {
		keys = append(keys, e.Key)
	}
	return strings.Join(keys, " ")
}

func TestANamespaceIsThereAfterARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kv.sqlite")
	k := openKV(t, path)
	want := KVEntry{Key: "k", Value: []byte{0, 255}, Expiration: 100, Metadata: `{"a":1}`}
	for _, e := range []KVEntry{{Key: "k", Value: []byte("before")}, want, {Key: "empty"}} {
		if err := k.Put(e, 1); err != nil {
			t.Fatal(err)
		}
	}
	k.Close()
	k = openKV(t, path)
	got, err := k.Get("k", 99)
	if err != nil || got == nil || fmt.Sprint(*got) != fmt.Sprint(want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := k.Get("empty", 1); err != nil || got == nil || len(got.Value) != 0 {
		t.Errorf("an empty value: %+v, %v", got, err)
	}
	if err := k.Delete("empty"); err != nil {
		t.Error(err)
	}
	if got, err := k.Get("empty", 1); err != nil || got != nil {
		t.Errorf("what was deleted: %+v, %v", got, err)
	}
}

func TestANamespaceForgetsWhatHasExpired(t *testing.T) {
	k := openKV(t, filepath.Join(t.TempDir(), "kv.sqlite"))
	for i, at := range []int64{0, 100, 200} {
		if err := k.Put(KVEntry{Key: fmt.Sprint(i), Expiration: at}, 1); err != nil {
			t.Fatal(err)
		}
	}
	for now, want := range map[int64]string{99: "0 1 2", 100: "0 2", 200: "0"} {
		if l, _, err := k.List("", "", 10, now); err != nil || keysOf(l) != want {
			t.Errorf("at %d: %q, %v", now, keysOf(l), err)
		}
	}
	if e, err := k.Get("1", 100); err != nil || e != nil {
		t.Errorf("read when it expires: %+v, %v", e, err)
	}
	if err := k.Put(KVEntry{Key: "new"}, 150); err != nil {
		t.Fatal(err)
	}
	if l, _, err := k.List("", "", 10, 1); err != nil || keysOf(l) != "0 2 new" {
		t.Errorf("the file still has %q, %v", keysOf(l), err)
	}
}

func TestANamespaceListsByBytes(t *testing.T) {
	k := openKV(t, filepath.Join(t.TempDir(), "kv.sqlite"))
	for _, key := range []string{"b", "a", "a/\U0010ffff", "a/\uffff", "a/", "B", "a0"} {
		if err := k.Put(KVEntry{Key: key}, 1); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		prefix, after string
		limit         int
		want          string
		more          bool
	}{
		{"", "", 10, "B a a/ a/\uffff a/\U0010ffff a0 b", false}, {"a/", "", 10, "a/ a/\uffff a/\U0010ffff", false},
		{"a/", "a/", 1, "a/\uffff", true}, {"a/", "a/\uffff", 1, "a/\U0010ffff", false}, {"c", "", 10, "", false},
	} {
		l, more, err := k.List(c.prefix, c.after, c.limit, 1)
		if err != nil || keysOf(l) != c.want || more != c.more {
			t.Errorf("%q after %q: %q, more %v, %v", c.prefix, c.after, keysOf(l), more, err)
		}
	}
}
