package abi

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
)

func TestPrimitivesRoundTrip(t *testing.T) {
	var w Writer
	w.U8(200)
	w.Bool(true)
	w.Bool(false)
	uints := []uint64{0, 1, 127, 128, 1 << 32, MaxSafeInt}
	for _, v := range uints {
		w.Uint(v)
	}
	w.F64(math.Copysign(0, -1))
	w.Str("grüße\x00")
	w.Blob([]byte{0, 255})
	s := "x"
	w.OptStr(&s)
	w.OptStr(nil)
	w.Strs([]string{"", "b"})
	w.Raw([]byte("tail"))

	r := NewReader(w.Bytes())
	if got := r.U8(); got != 200 {
		t.Errorf("U8 = %d", got)
	}
	if !r.Bool() || r.Bool() {
		t.Error("booleans changed")
	}
	for _, v := range uints {
		if got := r.Uint(); got != v {
			t.Errorf("Uint = %d, want %d", got, v)
		}
	}
	if got := r.F64(); got != 0 || !math.Signbit(got) {
		t.Errorf("F64 = %v, want -0", got)
	}
	if got := r.Str(); got != "grüße\x00" {
		t.Errorf("Str = %q", got)
	}
	if got := r.Blob(); !bytes.Equal(got, []byte{0, 255}) {
		t.Errorf("Blob = %v", got)
	}
	if got := r.OptStr(); got == nil || *got != "x" {
		t.Errorf("OptStr = %v", got)
	}
	if got := r.OptStr(); got != nil {
		t.Errorf("OptStr = %q, want nil", *got)
	}
	if got := r.Strs(); len(got) != 2 || got[0] != "" || got[1] != "b" {
		t.Errorf("Strs = %q", got)
	}
	if got := string(r.Rest()); got != "tail" || r.Remaining() != 4 {
		t.Errorf("Rest = %q, Remaining = %d", got, r.Remaining())
	}
	if r.Err() != nil {
		t.Error(r.Err())
	}
	if err := r.End(); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "4 bytes left over") {
		t.Errorf("End = %v", err)
	}
}

func TestWriterKeepsItsMemoryOnReset(t *testing.T) {
	w := NewWriter(make([]byte, 0, 16))
	w.Str("abc")
	first := &w.Bytes()[0]
	w.Reset()
	if w.Len() != 0 {
		t.Fatalf("Len = %d after Reset", w.Len())
	}
	w.U8(1)
	if &w.Bytes()[0] != first {
		t.Error("Reset gave the memory away")
	}
}

func TestMalformedMessagesAreRefused(t *testing.T) {
	uint64Max := []byte{255, 255, 255, 255, 255, 255, 255, 255, 255, 1}
	cases := []struct {
		name string
		msg  []byte
		read func(*Reader)
		want string
	}{
		{"empty message", nil, func(r *Reader) { r.U8() }, "ends early"},
		{"short float", make([]byte, 7), func(r *Reader) { r.F64() }, "ends early"},
		{"boolean of two", []byte{2}, func(r *Reader) { r.Bool() }, "boolean is 2"},
		{"integer without end", []byte{128, 128}, func(r *Reader) { r.Uint() }, "bad integer"},
		{"integer of eleven bytes", bytes.Repeat([]byte{128}, 11), func(r *Reader) { r.Uint() }, "bad integer"},
		{"integer beyond 2^53", uint64Max, func(r *Reader) { r.Uint() }, "beyond 2^53-1"},
		{"integer beyond 32 bits", []byte{128, 128, 128, 128, 16}, func(r *Reader) { r.U32() }, "does not fit 32 bits"},
		{"blob longer than the message", []byte{5, 1, 2}, func(r *Reader) { r.Blob() }, "5 bytes announced, 2 left"},
		{"list longer than the message", []byte{9, 1}, func(r *Reader) { r.Strs() }, "list of 9 elements in 1 bytes"},
		{"optional string of three", []byte{3}, func(r *Reader) { r.OptStr() }, "boolean is 3"},
		{"unknown tag", []byte{24}, func(r *Reader) { r.Value() }, "unknown value tag 24"},
		{"inexact integer", append([]byte{TagInt}, uint64Max...), func(r *Reader) { r.Value() }, "not exact"},
		{"unknown typed array", []byte{TagTypedArray, 11, 0}, func(r *Reader) { r.Value() }, "kind of typed array 11"},
		{"half an element", []byte{TagTypedArray, 2, 1, 0}, func(r *Reader) { r.Value() }, "no whole number"},
		{"BigInt of letters", []byte{TagBigInt, 1, 'x'}, func(r *Reader) { r.Value() }, "not a decimal integer"},
		{"BigInt of a sign", []byte{TagBigInt, 1, '-'}, func(r *Reader) { r.Value() }, "not a decimal integer"},
		{"unknown body mode", []byte{3}, func(r *Reader) { r.Body() }, "unknown body mode 3"},
		{"rows without columns", []byte{0, 0, 0, 2, 1, 1}, func(r *Reader) { r.Page(0) }, "2 rows without columns"},
		{"page of more columns than bytes", []byte{0, 0, 0, 2, 1, 1, 1}, func(r *Reader) { r.Page(2) }, "2 rows of 2 columns in 3 bytes"},
		{"page without its rows", []byte{0, 0, 0, 3}, func(r *Reader) { r.Page(1) }, "list of 3 elements"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := NewReader(c.msg)
			c.read(r)
			err := r.Err()
			if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one about %q", err, c.want)
			}
			if r.U8() != 0 || r.Str() != "" || r.Uint() != 0 || r.Remaining() != 0 {
				t.Error("a failed reader went on reading")
			}
			if r.Err() != err {
				t.Errorf("the first failure was replaced by %v", r.Err())
			}
		})
	}
}

func TestBlobsCannotGrowIntoTheMessage(t *testing.T) {
	msg := []byte{1, 'a', 'b'}
	b := NewReader(msg).Blob()
	_ = append(b, 'X')
	if msg[2] != 'b' {
		t.Error("appending to a blob overwrote the message")
	}
}
