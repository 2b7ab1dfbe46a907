package abi

import (
	"reflect"
	"testing"
)

func TestScanFindsReferences(t *testing.T) {
	stub := StubValue{Owner: HeldByGuest, Number: 300, Kind: StubTarget, Methods: []string{"a", "b"}}
	var w Writer
	w.Values([]Value{
		"x", Object{{"f", stub}, {"n", 1}}, Map{{Readable(5), Writable(SenderNumbers)}},
		&Request{Body: Body{Mode: BodyStream, Stream: 9, Length: 7}}, &Response{Status: 200, Body: Body{Mode: BodyInline, Inline: []byte("b")}},
		&Response{Status: 101, Socket: 3}, &Response{Status: 999}, Headers{{"a", "b"}}, &Error{Props: []Field{{"held", StubValue{Number: 2}}}},
	})
	msg := w.Bytes()
	var got []Reference
	r := NewReader(msg)
	if n := r.ScanList(func(ref Reference) { got = append(got, ref) }); n != 9 || r.End() != nil {
		t.Fatalf("%d values, %v", n, r.Err())
	}
	want := []Reference{
		{Tag: TagStub, Stub: stub, Length: -1}, {Tag: TagReadable, Stream: 5, Length: -1}, {Tag: TagWritable, Stream: SenderNumbers, Length: -1},
		{Tag: TagRequest, Stream: 9, Length: 7}, {Tag: TagResponse, Socket: 3, Length: -1}, {Tag: TagResponse, BadStatus: true, Length: -1},
		{Tag: TagStub, Stub: StubValue{Number: 2}, Length: -1},
	}
	for i := range got {
		at := NewReader(msg[:got[i].End])
		at.off = got[i].Start
		switch {
		case got[i].Tag == TagStub:
			if s := at.stubValue(); at.End() != nil || !reflect.DeepEqual(s, got[i].Stub) {
				t.Errorf("reference %d is not at its place: %+v, %v", i, s, at.Err())
			}
		case got[i].Stream != 0:
			if n := at.Uint(); at.End() != nil || n != got[i].Stream {
				t.Errorf("stream of reference %d is not at its place: %d, %v", i, n, at.Err())
			}
		}
		got[i].Start, got[i].End = 0, 0
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestProperty(t *testing.T) {
	var w Writer
	w.Value(Object{{"a", Array{1, 2}}, {"b", Object{{"c", "deep"}}}})
	for name, want := range map[string]Value{"a": Array{int64(1), int64(2)}, "b": Object{{"c", "deep"}}} {
		start, end, ok := NewReader(w.Bytes()).Property(name)
		if !ok {
			t.Fatalf("no property %q", name)
		}
		if got := NewReader(w.Bytes()[start:end]).Value(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v", name, got)
		}
	}
	if _, _, ok := NewReader(w.Bytes()).Property("c"); ok {
		t.Error("found a property of a property")
	}
	w.Reset()
	w.Value(Array{"a"})
	if _, _, ok := NewReader(w.Bytes()).Property("0"); ok {
		t.Error("found a property of an array")
	}
}
