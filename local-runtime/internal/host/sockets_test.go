package host

import (
	"math"
	"strings"
	"testing"

	"grove.place/lattice/internal/abi"
)

// The sizes were measured on workerd 2026-11-17: what its refusal says of {p: "x".repeat(17000), v: value}, less those of p.
func TestSerializedSizeIsV8s(t *testing.T) {
	for name, c := range map[string]struct {
		v    abi.Value
		want int
	}{
		"undefined": {abi.Undefined{}, 1}, "null": {nil, 1}, "true": {true, 1}, "0": {int64(0), 2}, "63": {int64(63), 2}, "64": {int64(64), 3}, "-1": {int64(-1), 2},
		"2**30": {int64(1 << 30), 9}, "2**30-1": {int64(1<<30 - 1), 6}, "-(2**30)": {int64(-1 << 30), 6}, "-(2**30)-1": {int64(-1<<30 - 1), 9},
		"1.5": {1.5, 9}, "-0": {math.Copysign(0, -1), 9}, "'abc'": {"abc", 5}, "''": {"", 2}, "'é'": {"é", 3}, "'日'": {"日", 5}, "'日本'": {"日本", 7},
		"0n": {abi.BigInt("0"), 2}, "1n": {abi.BigInt("1"), 10}, "2n**64n": {abi.BigInt("18446744073709551616"), 18},
		"new Date(0)": {abi.Date(0), 9}, "/ab/gi": {abi.RegExp{Source: "ab", Flags: "gi"}, 6},
		"[]": {abi.Array{}, 5}, "[1, 2, 3]": {abi.Array{int64(1), int64(2), int64(3)}, 11}, "[[1], [2]]": {abi.Array{abi.Array{int64(1)}, abi.Array{int64(2)}}, 19},
		"{}": {abi.Object{}, 3}, "{a: 1, b: 2}": {abi.Object{{Name: "a", Value: int64(1)}, {Name: "b", Value: int64(2)}}, 13},
		"{1: 1, 2: 2}":     {abi.Object{{Name: "1", Value: int64(1)}, {Name: "2", Value: int64(2)}}, 11},
		"Map of 1 to 2":    {abi.Map{{Key: int64(1), Value: int64(2)}}, 7},
		"Set of 1":         {abi.Set{int64(1)}, 5},
		"Uint8Array of 5":  {make([]byte, 5), 12},
		"Uint8Array of 0":  {[]byte{}, 7},
		"Int32Array of 2":  {abi.TypedArray{Kind: 4, Bytes: make([]byte, 8)}, 15},
		"ArrayBuffer of 5": {abi.ArrayBuffer(make([]byte, 5)), 7},
		"DataView of 5":    {abi.TypedArray{Kind: 10, Bytes: make([]byte, 5)}, 12},
	} {
		pad := strings.Repeat("x", 17000)
		with := serializedSize(abi.Object{{Name: "p", Value: pad}, {Name: "v", Value: c.v}})
		without := serializedSize(abi.Object{{Name: "p", Value: pad}})
		if got := with - without - 3; got != c.want { // 3: the name v
			t.Errorf("%s: %d bytes, want %d", name, got, c.want)
		}
	}
}

// call performs an operation in a frame and returns its payload, or its error.
func call(s *Isolate, f *frame, op uint32, request func(w *abi.Writer)) (*abi.Reader, *abi.Error) {
	var w abi.Writer
	request(&w)
	result, _ := s.Call(f.id, op, 1, w.Bytes())
	r := abi.NewReader(result)
	if r.U8() == abi.StatusError {
		return nil, r.Error()
	}
	return r, nil
}

func pair(t *testing.T, s *Isolate, f *frame) (client, server uint64) {
	t.Helper()
	r, err := call(s, f, abi.OpSocketPair, func(*abi.Writer) {})
	if err != nil {
		t.Fatal(err)
	}
	return r.Uint(), r.Uint()
}

func TestSocketRefusals(t *testing.T) {
	accept := func(k uint64, how byte, tags ...string) func(*abi.Writer) {
		return func(w *abi.Writer) { w.Uint(k); w.U8(how); w.Strs(tags) }
	}
	send := func(k uint64) func(*abi.Writer) {
		return func(w *abi.Writer) { w.Uint(k); w.U8(abi.SocketText); w.Blob([]byte("x")) }
	}
	closes := func(k uint64, code *float64, reason *string) func(*abi.Writer) {
		return func(w *abi.Writer) { w.Uint(k); w.OptF64(code); w.OptStr(reason) }
	}
	number := func(f float64) *float64 { return &f }
	words := func(s string) *string { return &s }
	one := func(k uint64) func(*abi.Writer) { return func(w *abi.Writer) { w.Uint(k) } }
	const used = "Cannot call `acceptWebSocket()` on this WebSocket because its pair has already been accepted or used in a Response."
	eleven := []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "9"}
	long := strings.Repeat("x", 257)

	h := newTestHost(t)
	inFrame(h, true, func(s *Isolate, f *frame) {
		_, ordinary := pair(t, s, f)
		_, hibernating := pair(t, s, f)
		waiting, orphan := pair(t, s, f)
		_, kept := pair(t, s, f)
		for _, c := range []struct {
			name string
			op   uint32
			req  func(*abi.Writer)
			want string // the error; empty: none
		}{
			{"send before accept", abi.OpSocketSend, send(ordinary), "TypeError: You must call one of accept() or state.acceptWebSocket() on this WebSocket before sending messages."},
			{"tags before accept", abi.OpSocketTags, one(ordinary), "you must call 'acceptWebSocket()' before attempting to access the tags of a WebSocket."},
			{"eleven tags", abi.OpSocketAccept, accept(hibernating, 2, eleven...), "a Hibernatable WebSocket cannot have more than 10 tags"},
			{"a long tag", abi.OpSocketAccept, accept(hibernating, 2, long), `"` + long + `" is longer than the max tag length (256 characters).`},
			{"accept", abi.OpSocketAccept, accept(ordinary, 0), ""},
			{"accept again", abi.OpSocketAccept, accept(ordinary, 0), ""},
			{"acceptWebSocket after accept", abi.OpSocketAccept, accept(ordinary, 2), "Cannot call `acceptWebSocket()` if the WebSocket was already accepted via `accept()`"},
			{"tags of an ordinary one", abi.OpSocketTags, one(ordinary), "only hibernatable websockets can have tags."},
			{"acceptWebSocket", abi.OpSocketAccept, accept(hibernating, 2, eleven[:10]...), ""},
			{"accept after acceptWebSocket", abi.OpSocketAccept, accept(hibernating, 0), "TypeError: Can't accept() WebSocket after enabling hibernation."},
			{"acceptWebSocket twice", abi.OpSocketAccept, accept(hibernating, 2), "Cannot call `acceptWebSocket()` if the WebSocket was already accepted via `accept()`"},
			{"accept the other end", abi.OpSocketAccept, accept(waiting, 0), ""},
			{"acceptWebSocket of its pair", abi.OpSocketAccept, accept(orphan, 2), used},
			{"a code that is kept", abi.OpSocketClose, closes(ordinary, number(1005), nil), "InvalidAccessError: Invalid WebSocket close code: 1005."},
			{"a code out of range", abi.OpSocketClose, closes(ordinary, number(5000), nil), "InvalidAccessError: Invalid WebSocket close code: 5000."},
			{"a reason alone", abi.OpSocketClose, closes(ordinary, nil, words("r")), "InvalidAccessError: If you specify a WebSocket close reason, you must also specify a code."},
			{"a long reason", abi.OpSocketClose, closes(ordinary, number(1000), words(strings.Repeat("é", 62))), "SyntaxError: WebSocket close reason must not be longer than 123 bytes when UTF-8 encoded."},
			{"close", abi.OpSocketClose, closes(ordinary, number(1000), words(strings.Repeat("x", 123))), ""},
			{"close twice", abi.OpSocketClose, closes(ordinary, number(1000), nil), ""},
			{"send after close", abi.OpSocketSend, send(ordinary), "TypeError: Can't call WebSocket send() after close()."},
			{"an attachment of 16384 bytes", abi.OpSocketAttach, func(w *abi.Writer) { w.Uint(hibernating); w.Value(strings.Repeat("x", 16379)) }, ""},
			{"an attachment of 16385 bytes", abi.OpSocketAttach, func(w *abi.Writer) { w.Uint(hibernating); w.Value(strings.Repeat("x", 16380)) }, "A WebSocket 'attachment' cannot be larger than 16384 bytes.'attachment' was 16385 bytes."},
			{"a long request", abi.OpSocketAutoResponse, func(w *abi.Writer) { w.U8(1); w.Str(strings.Repeat("x", 2049)); w.Str("") }, "RangeError: Request cannot be larger than 2048 bytes. A request of size 2049 was provided."},
			{"a long response", abi.OpSocketAutoResponse, func(w *abi.Writer) { w.U8(1); w.Str(""); w.Str(strings.Repeat("x", 2049)) }, "RangeError: Response cannot be larger than 2048 bytes. A response of size 2049 was provided."},
			{"a negative timeout", abi.OpSocketEventTimeout, func(w *abi.Writer) { w.U8(1); w.F64(-1) }, "TypeError: The value cannot be converted because it is negative and this API expects a positive number."},
			{"a long timeout", abi.OpSocketEventTimeout, func(w *abi.Writer) { w.U8(1); w.F64(604800001) }, "Event timeout should not exceed 604800000 ms."},
			{"receive before accept", abi.OpSocketReceive, one(kept), "TypeError: You must call accept() on this WebSocket before receiving messages."},
		} {
			_, err := call(s, f, c.op, c.req)
			if got := ""; err != nil || c.want != "" {
				if err != nil {
					got = err.Error()
				}
				if got != c.want {
					t.Errorf("%s: %q, want %q", c.name, got, c.want)
				}
			}
		}
	})
}
