package history

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// FuzzDelta: a delta turns each of two pages into the other, and what is no delta changes nothing beyond the page.
func FuzzDelta(f *testing.F) {
	f.Add([]byte("one page"), []byte("another one"), []byte{0, 1, 7})
	f.Add([]byte{}, []byte{1}, []byte{255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 1, 2})
	f.Fuzz(func(t *testing.T, from, to, nonsense []byte) {
		a, b := make([]byte, 512), make([]byte, 512)
		copy(a, from)
		copy(b, to)
		delta := appendDelta(nil, a, b)
		page := bytes.Clone(a)
		if !applyDelta(page, delta) || !bytes.Equal(page, b) {
			t.Fatalf("%x does not make %x of %x", delta, b, a)
		}
		if !applyDelta(page, delta) || !bytes.Equal(page, a) {
			t.Fatalf("%x does not make %x of %x", delta, a, b)
		}
		applyDelta(page, nonsense)
	})
}

// FuzzLog: a file that holds anything is opened without harm, and takes records.
func FuzzLog(f *testing.F) {
	var w writer
	w.begin(Record{Seq: 1, PageSize: 512, After: 1})
	w.page(1, make([]byte, 512), bytes.Repeat([]byte{1}, 512))
	whole := bytes.Clone(w.end(true))
	f.Add(whole)
	f.Add(whole[:len(whole)-2])
	f.Add(append(bytes.Clone(whole), whole[:30]...))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		path, db := filepath.Join(dir, "h"), filepath.Join(dir, "db")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		l, err := Open(path)
		if err != nil {
			return
		}
		defer l.Close()
		l.At(5)
		l.Find(7)
		l.Rewind(db, filepath.Join(dir, "to"), l.Earliest())
		head := make([]byte, 512)
		head[16] = 2 // a page size of 512
		if err := os.WriteFile(db, head, 0o644); err != nil {
			t.Fatal(err)
		}
		before := l.Last().Seq
		if err := l.Step(Record{Kind: Delete}, db, filepath.Join(dir, "none"), nil); err != nil || l.Last().Seq != before+1 {
			t.Fatalf("step %d after %d, %v", l.Last().Seq, before, err)
		}
	})
}
