package abi

import (
	"errors"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
)

var everyValue = Array{
	nil, Undefined{}, false, true,
	int64(0), int64(-1), int64(MaxSafeInt), int64(-MaxSafeInt),
	1.5, math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64,
	"", "grüße", "nul\x00", []byte{}, []byte{0, 1, 255},
	Date(0), Date(-1.5), Date(8.64e15),
	Array{}, Array{int64(1), Array{"deep"}},
	Object{}, Object{{"b", int64(1)}, {"a", nil}, {"", Undefined{}}},
	Map{}, Map{{Object{}, "by object"}, {"k", Set{"s"}}},
	Set{}, Set{int64(1), "1"},
	BigInt("0"), BigInt("-12345678901234567890123456789"),
	&Error{Name: "RangeError", Message: "m", Remote: true, Overloaded: true, Stack: "at x", Props: []Field{{"code", int64(7)}}},
	&Error{Retryable: true, ObjectWasReset: true},
	TypedArray{0, []byte{255}}, TypedArray{7, make([]byte, 16)}, TypedArray{10, []byte{}},
	ArrayBuffer{}, ArrayBuffer{1, 2},
	RegExp{"a+b", "gi"},
	StubValue{Number: 3}, StubValue{HeldByGuest, SenderNumbers, StubTarget, []string{"next", ""}}, StubValue{HeldByGuest, 1, StubFunction, []string{}},
	Readable(4), Writable(SenderNumbers + 4), Headers(someHeaders),
	&Request{"PUT", "https://x/y", someHeaders, Body{Mode: BodyInline, Inline: []byte{1}, Length: -1}, ""},
	&Response{Status: 200, StatusText: "OK", Headers: someHeaders, Body: Body{Mode: BodyStream, Stream: 2, Length: -1}},
}

func roundTrip(t *testing.T, v Value) Value {
	t.Helper()
	var w Writer
	w.Value(v)
	r := NewReader(w.Bytes())
	got := r.Value()
	if err := r.End(); err != nil {
		t.Fatalf("%#v: %v", v, err)
	}
	return got
}

func TestValuesRoundTrip(t *testing.T) {
	for _, v := range append(everyValue, everyValue) {
		if got := roundTrip(t, v); !reflect.DeepEqual(got, v) {
			t.Errorf("%#v came back as %#v", v, got)
		}
	}
}

func TestNumbersKeepTheirValueAndTakeTheShortestForm(t *testing.T) {
	for _, c := range []struct{ in, want Value }{
		{3.0, int64(3)},
		{7, int64(7)},
		{float64(MaxSafeInt), int64(MaxSafeInt)},
		{float64(1 << 53), float64(1 << 53)},
		{int64(1 << 53), float64(1 << 53)},
		{int64(math.MinInt64), float64(math.MinInt64)},
	} {
		if got := roundTrip(t, c.in); got != c.want {
			t.Errorf("%v came back as %T %v, want %T %v", c.in, got, got, c.want, c.want)
		}
	}
	if got, ok := roundTrip(t, math.Copysign(0, -1)).(float64); !ok || !math.Signbit(got) {
		t.Errorf("-0 came back as %v", got)
	}
	if got, ok := roundTrip(t, math.NaN()).(float64); !ok || !math.IsNaN(got) {
		t.Errorf("NaN came back as %v", got)
	}
}

func TestBytesOfAValueAreCopies(t *testing.T) {
	for _, v := range []Value{[]byte{7}, ArrayBuffer{7}, TypedArray{0, []byte{7}}} {
		var w Writer
		w.Value(v)
		got := NewReader(w.Bytes()).Value()
		for i := range w.Bytes() {
			w.Bytes()[i] = 0
		}
		if !reflect.DeepEqual(got, v) {
			t.Errorf("%T shares memory with the message", v)
		}
	}
}

// nests returns values of every nesting kind, depth levels deep around the innermost null.
func nests(depth int) map[string]Value {
	wraps := map[string]func(Value) Value{
		"array":     func(v Value) Value { return Array{v} },
		"set":       func(v Value) Value { return Set{v} },
		"object":    func(v Value) Value { return Object{{"k", v}} },
		"map key":   func(v Value) Value { return Map{{v, nil}} },
		"map value": func(v Value) Value { return Map{{nil, v}} },
		"error":     func(v Value) Value { return &Error{Props: []Field{{"cause", v}}} },
	}
	out := map[string]Value{}
	for name, wrap := range wraps {
		var v Value
		for range depth {
			v = wrap(v)
		}
		out[name] = v
	}
	return out
}

func TestNestingUpToTheLimitIsAccepted(t *testing.T) {
	for name, v := range nests(MaxDepth) {
		if got := roundTrip(t, v); !reflect.DeepEqual(got, v) {
			t.Errorf("%s: changed", name)
		}
	}
}

func TestNestingBeyondTheLimitIsRefused(t *testing.T) {
	for name, v := range nests(MaxDepth + 1) {
		t.Run("writing "+name, func(t *testing.T) {
			defer func() {
				if p := recover(); p == nil || !strings.Contains(p.(string), "nests too deeply") {
					t.Errorf("recovered %v", p)
				}
			}()
			new(Writer).Value(v)
		})
	}
	prefixes := map[string][]byte{
		"array": {TagArray, 1}, "set": {TagSet, 1}, "object": {TagObject, 1, 0}, "map": {TagMap, 1},
		"error": {TagError, 0, 0, 0, 0, 1, 0},
	}
	for name, prefix := range prefixes {
		t.Run("reading "+name, func(t *testing.T) {
			var w Writer
			for range 100_000 {
				w.Raw(prefix)
			}
			r := NewReader(w.Bytes())
			r.Value()
			if err := r.Err(); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "nests deeper than 500") {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestACyclicValueIsRefused(t *testing.T) {
	loop := Array{nil}
	loop[0] = loop
	fault := &Error{}
	fault.Props = []Field{{"cause", fault}}
	for _, v := range []Value{loop, fault} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%T: a cycle was written", v)
				}
			}()
			new(Writer).Value(v)
		}()
	}
}

func TestWritingAForeignTypeNamesIt(t *testing.T) {
	defer func() {
		if p := recover(); p != "abi: chan int is not a Value" {
			t.Errorf("recovered %v", p)
		}
	}()
	new(Writer).Value(make(chan int))
}

func TestAnnouncedSizesDoNotReserveMemory(t *testing.T) {
	// At each of 400 levels an object claims a property for every byte that follows it.
	var w Writer
	for range 400 {
		w.U8(TagObject)
		w.Uint(1 << 19)
		w.Str("")
	}
	w.Raw(make([]byte, 1<<20))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	NewReader(w.Bytes()).Value()
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 128<<20 {
		t.Errorf("reading a message of %d bytes allocated %d MB", w.Len(), used>>20)
	}
}

func TestObjectGet(t *testing.T) {
	o := Object{{"a", int64(1)}, {"n", nil}}
	if o.Get("a") != int64(1) || o.Get("n") != nil || o.Get("zz") != (Undefined{}) {
		t.Errorf("got %v, %v, %v", o.Get("a"), o.Get("n"), o.Get("zz"))
	}
}

func TestDates(t *testing.T) {
	at := time.Date(2026, 11, 17, 1, 2, 3, 456e6, time.UTC)
	if got := DateOf(at).Time(); !got.Equal(at) {
		t.Errorf("%v became %v", at, got)
	}
}

func TestErrorText(t *testing.T) {
	for want, e := range map[string]*Error{
		"no row 7":         Errorf("no row %d", 7),
		"TypeError: bad x": TypeErrorf("bad %s", "x"),
		"bare":             {Message: "bare"},
	} {
		if e.Error() != want {
			t.Errorf("got %q, want %q", e.Error(), want)
		}
	}
}
