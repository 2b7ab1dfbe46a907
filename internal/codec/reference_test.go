package codec_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/codec"
)

// numbered passes streams by number, and headers as headers.
type numbered struct{ passed []any }

func (n *numbered) Refer(v any) (abi.Value, error) {
	if h, ok := v.(http.Header); ok {
		return abi.Headers(abi.HeadersOf(h)), nil
	}
	n.passed = append(n.passed, v)
	if _, ok := v.(codec.Writer); ok {
		return abi.Writable(len(n.passed)), nil
	}
	return abi.Readable(len(n.passed)), nil
}

func (n *numbered) Resolve(v abi.Value) (any, error) {
	switch v := v.(type) {
	case abi.Readable:
		return io.NopCloser(n.passed[v-1].(io.Reader)), nil
	case abi.Writable:
		return n.passed[v-1].(codec.Writer).Writer.(io.WriteCloser), nil
	}
	return nil, errors.New("not numbered")
}

type pipe struct{ bytes.Buffer }

func (*pipe) Close() error { return nil }

func TestStreamsGoByReferenceAsTheyAreDeclared(t *testing.T) {
	type both struct {
		From io.Reader      `json:"from"`
		To   io.WriteCloser `json:"to"`
	}
	var refs numbered
	var w abi.Writer
	in := both{strings.NewReader("x"), &pipe{}}
	if err := codec.MarshalWith(&w, in, &refs); err != nil {
		t.Fatal(err)
	}
	value := abi.NewReader(w.Bytes()).Value().(abi.Object)
	if value.Get("from") != abi.Readable(1) || value.Get("to") != abi.Writable(2) {
		t.Errorf("a buffer declared as a writer was sent as %#v", value)
	}
	var out both
	if err := codec.UnmarshalWith(abi.NewReader(w.Bytes()), &out, &refs); err != nil {
		t.Fatal(err)
	}
	if out.From == nil || out.To != in.To {
		t.Errorf("came back as %#v", out)
	}
	var wrong struct {
		From io.Writer `json:"from"`
	}
	err := codec.UnmarshalWith(abi.NewReader(w.Bytes()), &wrong, &refs)
	if err == nil || err.Error() != "from: expected a WritableStream, got a ReadableStream" {
		t.Errorf("a stream of the wrong direction: %v", err)
	}
}

func TestReferencesAreNotStored(t *testing.T) {
	for want, v := range map[string]any{
		"r: *strings.Reader is passed by reference, in RPC only: it cannot be stored": struct {
			R io.Reader `json:"r"`
		}{strings.NewReader("")},
		"[1]: *http.Request is passed by reference, in RPC only: it cannot be stored":              []any{1, &http.Request{}},
		"f: func() could not be cloned: pass functions as rpc.Function, made with rpc.NewFunction": map[string]any{"f": func() {}},
		"list[0].c: chan int could not be cloned":                                                  map[string]any{"list": []any{map[string]any{"c": make(chan int)}}},
	} {
		var w abi.Writer
		if err := codec.Marshal(&w, v); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
		if w.Len() != 0 {
			t.Errorf("%s: %d bytes were left", want, w.Len())
		}
	}
}

func TestAHeaderIsHeadersInRPCAndDataInStorage(t *testing.T) {
	h := http.Header{"X-A": {"1", "2"}}
	var stored, passed abi.Writer
	if err := codec.Marshal(&stored, h); err != nil {
		t.Fatal(err)
	}
	if err := codec.MarshalWith(&passed, h, &numbered{}); err != nil {
		t.Fatal(err)
	}
	if got := abi.NewReader(stored.Bytes()).Value(); !reflect.DeepEqual(got, abi.Object{{Name: "X-A", Value: abi.Array{"1", "2"}}}) {
		t.Errorf("stored as %#v", got)
	}
	if got := abi.NewReader(passed.Bytes()).Value(); !reflect.DeepEqual(got, abi.Headers{{Name: "X-A", Value: "1"}, {Name: "X-A", Value: "2"}}) {
		t.Errorf("passed as %#v", got)
	}
}

func TestACycleIsRefusedWithAShortPath(t *testing.T) {
	type node struct {
		Next *node `json:"next"`
	}
	n := &node{}
	n.Next = n
	var w abi.Writer
	err := codec.Marshal(&w, n)
	if err == nil || !strings.HasPrefix(err.Error(), "next.next.") || !strings.HasSuffix(err.Error(), "…: nested deeper than 500, or a cycle") || len(err.Error()) > 200 {
		t.Errorf("got %v", err)
	}
}

func TestTypedArraysKeepTheirKind(t *testing.T) {
	in := codec.Int16Array{-1, 300}
	var same codec.Int16Array
	roundTrip(t, in, &same)
	var plain []int16
	roundTrip(t, in, &plain)
	var natural any
	roundTrip(t, in, &natural)
	if !reflect.DeepEqual(same, in) || !reflect.DeepEqual(plain, []int16(in)) || !reflect.DeepEqual(natural, in) {
		t.Errorf("%v became %v, %v and %#v", in, same, plain, natural)
	}
	var w abi.Writer
	if err := codec.Marshal(&w, in); err != nil {
		t.Fatal(err)
	}
	var other codec.Uint16Array
	err := codec.Unmarshal(abi.NewReader(w.Bytes()), &other)
	if err == nil || err.Error() != "expected a Uint16Array, got an Int16Array" {
		t.Errorf("another kind: %v", err)
	}
}
