package abi

import (
	"bytes"
	"errors"
	"testing"
)

// FuzzValue reads arbitrary bytes as a Value. What is accepted must survive being written and read again.
func FuzzValue(f *testing.F) {
	for _, v := range append(everyValue, everyValue) {
		var w Writer
		w.Value(v)
		f.Add(w.Bytes())
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		r := NewReader(msg)
		v := r.Value()
		scanned := NewReader(msg)
		scanned.Scan(func(Reference) {})
		if (scanned.Err() == nil) != (r.Err() == nil) || scanned.Offset() != r.Offset() {
			t.Fatalf("Value: %v at %d, Scan: %v at %d", r.Err(), r.Offset(), scanned.Err(), scanned.Offset())
		}
		if r.Err() != nil {
			mustBeMalformed(t, r)
			return
		}
		var first, second Writer
		first.Value(v)
		again := NewReader(first.Bytes())
		second.Value(again.Value())
		if err := again.End(); err != nil {
			t.Fatalf("%#v cannot be read back: %v", v, err)
		}
		// Compared as bytes, because NaN is not equal to itself.
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Fatalf("%#v changed on its second crossing", v)
		}
	})
}

// FuzzScan steps over arbitrary bytes: what Scan accepts is what Value accepts, and both end at the same place.
func FuzzScan(f *testing.F) {
	for _, v := range everyValue {
		var w Writer
		w.Value(v)
		f.Add(w.Bytes())
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		scanned, read := NewReader(msg), NewReader(msg)
		scanned.Scan(func(ref Reference) {
			if ref.End != 0 && (ref.Start > ref.End || ref.End > len(msg)) { // 0: a socket, which has no place
				t.Fatalf("a reference from %d to %d of %d bytes", ref.Start, ref.End, len(msg))
			}
		})
		v := read.Value()
		if (scanned.Err() == nil) != (read.Err() == nil) {
			t.Fatalf("Scan says %v, Value says %v of %#v", scanned.Err(), read.Err(), v)
		}
		if read.Err() == nil && scanned.Offset() != read.Offset() {
			t.Fatalf("Scan ends at %d, Value at %d", scanned.Offset(), read.Offset())
		}
	})
}

// FuzzMessage reads arbitrary bytes as each kind of message.
func FuzzMessage(f *testing.F) {
	for i, m := range messages {
		var w Writer
		m.write(&w, m.value)
		f.Add(byte(i), w.Bytes())
	}
	f.Fuzz(func(t *testing.T, kind byte, msg []byte) {
		m := messages[int(kind)%len(messages)]
		r := NewReader(msg)
		v := m.read(r)
		if r.Err() != nil {
			mustBeMalformed(t, r)
			return
		}
		var first, second Writer
		m.write(&first, v)
		again := NewReader(first.Bytes())
		m.write(&second, m.read(again))
		if err := again.End(); err != nil {
			t.Fatalf("%s %+v cannot be read back: %v", m.name, v, err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Fatalf("%s %+v changed on its second crossing", m.name, v)
		}
	})
}

func mustBeMalformed(t *testing.T, r *Reader) {
	t.Helper()
	if !errors.Is(r.Err(), ErrMalformed) || r.Remaining() != 0 || r.End() == nil {
		t.Fatalf("a failed reader reports %v with %d bytes left", r.Err(), r.Remaining())
	}
}
