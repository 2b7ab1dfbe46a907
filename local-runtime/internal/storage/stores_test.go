package storage

import (
	"crypto/rand"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"grove.place/lattice/internal/abi"
)

func openBucket(t *testing.T, dir string) *Bucket {
	t.Helper()
	b, err := OpenBucket(dir, func(p []byte) { rand.Read(p) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func blobs(t *testing.T, dir string) int {
	t.Helper()
	files, err := os.ReadDir(filepath.Join(dir, "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

func TestABucketKeepsItsObjectsAndNoOtherFiles(t *testing.T) {
	dir := t.TempDir()
	b := openBucket(t, dir)
	plain := PutOptions{HTTP: abi.Object{}, Custom: abi.Object{}, Now: 5}
	for _, text := range []string{"first", "second"} {
		if _, err := b.Put("k", strings.NewReader(text), plain); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Put("bad", strings.NewReader("x"), PutOptions{Sums: map[string][]byte{"sha256": make([]byte, 32)}}); err == nil {
		t.Error("content with another checksum was stored")
	}
	if _, err := b.Put("broken", io.MultiReader(strings.NewReader("x"), failing{}), plain); err == nil {
		t.Error("content that broke off was stored")
	}
	if n := blobs(t, dir); n != 1 {
		t.Errorf("%d files for one object", n)
	}
	// What a killed process had begun to write.
	if err := os.WriteFile(filepath.Join(dir, "blobs", "left"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	b.Close()
	b = openBucket(t, dir)
	o, err := b.Head("k")
	if err != nil || o == nil || o.Size != 6 || o.Uploaded != 5 {
		t.Fatalf("after a restart: %+v, %v", o, err)
	}
	_, body, err := b.Get("k", func(o *Stored) (int64, int64, bool, error) { return 2, 3, true, nil })
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if text, err := io.ReadAll(body); err != nil || string(text) != "con" {
		t.Errorf("part of the content: %q, %v", text, err)
	}
	if n := blobs(t, dir); n != 1 {
		t.Errorf("%d files after a restart", n)
	}
	if err := b.Delete([]string{"k", "none"}); err != nil || blobs(t, dir) != 0 {
		t.Errorf("delete: %v, %d files left", err, blobs(t, dir))
	}
}

// An object that is read while it is replaced and deleted is there whole, or not at all.
func TestABucketIsReadWhileItChanges(t *testing.T) {
	b := openBucket(t, t.TempDir())
	plain := PutOptions{HTTP: abi.Object{}, Custom: abi.Object{}}
	stop, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(ended)
		for {
			select {
			case <-stop:
				return
			default:
			}
			_, err := b.Put("k", strings.NewReader("content"), plain)
			if err == nil {
				err = b.Delete([]string{"k"})
			}
			if err != nil {
				ended <- err
				return
			}
		}
	}()
	for range 200 {
		o, body, err := b.Get("k", func(o *Stored) (int64, int64, bool, error) { return 0, o.Size, true, nil })
		if err != nil {
			t.Fatal(err)
		}
		if o == nil {
			continue
		}
		if text, err := io.ReadAll(body); err != nil || string(text) != "content" {
			t.Errorf("%q, %v", text, err)
		}
		body.Close()
	}
	close(stop)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestABucketListsTheKeysOfAPrefix(t *testing.T) {
	b := openBucket(t, t.TempDir())
	for _, key := range []string{"a", "b", "b/1", "b/é", "b/􏿿", "b0", "c"} {
		if _, err := b.Put(key, strings.NewReader(""), PutOptions{HTTP: abi.Object{}, Custom: abi.Object{}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ prefix, after, want string }{
		{"b", "", "b b/1 b/é b/􏿿 b0"}, {"b/", "", "b/1 b/é b/􏿿"}, {"b/", "b/1", "b/é b/􏿿"}, {"", "b0", "c"}, {"d", "", ""},
	} {
		l, err := b.List(ListOptions{Prefix: c.prefix, StartAfter: c.after, Limit: 1000})
		var keys []string
		for _, o := range l.Objects {
			keys = append(keys, o.Key)
		}
		if got := strings.Join(keys, " "); err != nil || got != c.want {
			t.Errorf("prefix %q after %q: %q (%v), want %q", c.prefix, c.after, got, err, c.want)
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("broken") }

func TestAQueueDeliversWhenItIsTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "q.sqlite")
	q, err := OpenQueue(path)
	if err != nil {
		t.Fatal(err)
	}
	message := func(id string, visible float64) Message {
		return Message{ID: id, Body: abi.Object{{Name: "a", Value: nil}}, Visible: visible}
	}
	if err := q.Put([]Message{message("late", 30), message("a", 10), message("b", 10)}); err != nil {
		t.Fatal(err)
	}
	if err := q.Put([]Message{message("c", 1), message("a", 1)}); err == nil {
		t.Error("a message that is sent under an id which is taken was lost without an error")
	}
	if err := q.PutOnce([]Message{message("a", 1)}); err != nil { // as after a crash between a dead letter and its removal
		t.Errorf("the same message again: %v", err)
	}
	q.Close()
	if q, err = OpenQueue(path); err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	for _, c := range []struct {
		now  float64
		ids  string
		next float64
	}{{5, "", 10}, {10, "a,b", 30}, {30, "a,b", math.Inf(1)}} {
		got, next, err := q.Ready(c.now, 2)
		var ids []string
		for _, m := range got {
			ids = append(ids, m.ID)
		}
		if list := strings.Join(ids, ","); err != nil || list != c.ids || next != c.next {
			t.Errorf("at %v: %q, next %v (%v), want %q, next %v", c.now, list, next, err, c.ids, c.next)
		}
	}
	if err := q.Settle([]string{"a"}, []Message{{ID: "b", Attempts: 1, Visible: 99}}); err != nil {
		t.Fatal(err)
	}
	got, _, err := q.Ready(100, 9)
	if err != nil || len(got) != 2 || got[0].ID != "late" || got[1].ID != "b" || got[1].Attempts != 1 {
		t.Errorf("after a retry: %+v, %v", got, err)
	}
}

func TestJSONOfValues(t *testing.T) {
	for _, c := range []struct {
		v    abi.Value
		want string
	}{
		{abi.Object{{Name: "u", Value: abi.Undefined{}}, {Name: "n", Value: math.NaN()}, {Name: "d", Value: abi.Date(0)}}, `{"n":null,"d":"1970-01-01T00:00:00.000Z"}`},
		{abi.Array{abi.Undefined{}, 1.5, int64(2), "<ß>", []byte{7}, abi.Map{}}, `[null,1.5,2,"<ß>",{"0":7},{}]`},
	} {
		if got, err := JSON(c.v); err != nil || string(got) != c.want {
			t.Errorf("%v is %s (%v), want %s", c.v, got, err, c.want)
		}
	}
	for _, v := range []abi.Value{abi.Undefined{}, abi.Array{abi.BigInt("1")}} {
		if got, err := JSON(v); err == nil {
			t.Errorf("%v is %s", v, got)
		}
	}
}

func TestADamagedFileOfAStoreIsReportedAndKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kv.sqlite")
	k, err := OpenKV(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		if err := k.Put(KVEntry{Key: strings.Repeat("k", i+1), Value: make([]byte, 1000)}, 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{"noise": strings.Repeat("not a database, ", 1000), "cut off": string(good[:len(good)-1000])} {
		if err := os.WriteFile(path, []byte(bad), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := OpenKV(path)
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "to start empty") {
			t.Errorf("%s: %v", name, err)
		}
		if now, _ := os.ReadFile(path); string(now) != bad {
			t.Errorf("%s: the file was changed", name)
		}
	}
}
