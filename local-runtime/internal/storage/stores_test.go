package storage

import (
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
	b, err := OpenBucket(dir)
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
	body, err := b.Open(o, 2, 3)
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
		t.Error("one id was taken twice")
	}
	q.Close()
	if q, err = OpenQueue(path); err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	for _, c := range []struct {
		now  float64
		ids  string
		all  int
		next float64
	}{{5, "", 0, 10}, {10, "a", 2, 30}, {30, "a", 3, math.Inf(1)}} {
		got, all, next, err := q.Ready(c.now, 1)
		ids := ""
		for _, m := range got {
			ids += m.ID
		}
		if err != nil || ids != c.ids || all != c.all || next != c.next {
			t.Errorf("at %v: %q of %d, next %v (%v), want %q of %d, next %v", c.now, ids, all, next, err, c.ids, c.all, c.next)
		}
	}
	if err := q.Settle([]string{"a"}, []Message{{ID: "b", Attempts: 1, Visible: 99}}); err != nil {
		t.Fatal(err)
	}
	got, all, _, err := q.Ready(100, 9)
	if err != nil || all != 2 || got[0].ID != "late" || got[1].ID != "b" || got[1].Attempts != 1 {
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
