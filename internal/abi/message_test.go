package abi

import (
	"errors"
	"math"
	"reflect"
	"testing"
)

func ptr[T any](v T) *T { return &v }

var (
	someHeaders = []Header{{"set-cookie", "a=1"}, {"set-cookie", "b=2"}, {"x", ""}}
	someRows    = [][]Value{{int64(1), "a"}, {nil, []byte{2}}}
)

func writeStub(w *Writer, v any)        { w.Stub(v.(Stub)) }
func writeTarget(w *Writer, v any)      { w.Target(v.(Target)) }
func writeSocketEvent(w *Writer, v any) { w.SocketEvent(v.(SocketEvent)) }

// messages holds for every message type a value, and how it is written and read.
var messages = []struct {
	name  string
	value any
	write func(*Writer, any)
	read  func(*Reader) any
}{
	{"body of none", Body{Mode: BodyNone, Length: -1}, func(w *Writer, v any) { w.Body(v.(Body)) }, func(r *Reader) any { return r.Body() }},
	{"body inline", Body{Mode: BodyInline, Inline: []byte("hi"), Length: -1}, func(w *Writer, v any) { w.Body(v.(Body)) }, func(r *Reader) any { return r.Body() }},
	{"body of unknown length", Body{Mode: BodyStream, Stream: 9, Length: -1}, func(w *Writer, v any) { w.Body(v.(Body)) }, func(r *Reader) any { return r.Body() }},
	{"body of a known length", Body{Mode: BodyStream, Stream: 9, Length: 1 << 40}, func(w *Writer, v any) { w.Body(v.(Body)) }, func(r *Reader) any { return r.Body() }},
	{"request", &Request{"PUT", "https://x/y?z", someHeaders, Body{Mode: BodyInline, Inline: []byte{1}, Length: -1}, `{"colo":"X"}`},
		func(w *Writer, v any) { w.Request(v.(*Request)) }, func(r *Reader) any { return r.Request() }},
	{"response", &Response{101, "", someHeaders, Body{Length: -1}, 7},
		func(w *Writer, v any) { w.Response(v.(*Response)) }, func(r *Reader) any { return r.Response() }},
	{"stub", Stub{"SESSIONS", true, "session:1", 7, nil}, writeStub, func(r *Reader) any { return r.Stub() }},
	{"stub with options", Stub{"S", false, "00", 8, &StubOptions{"eu", "weur", "primary-only", ptr(2.0), ptr(500.0)}}, writeStub, func(r *Reader) any { return r.Stub() }},
	{"network target", Target{}, writeTarget, func(r *Reader) any { return r.Target() }},
	{"service target", Target{Kind: TargetService, Service: "AUTH"}, writeTarget, func(r *Reader) any { return r.Target() }},
	{"object target", Target{Kind: TargetObject, Stub: Stub{Binding: "S"}}, writeTarget, func(r *Reader) any { return r.Target() }},
	{"held target", Target{Kind: TargetHeld, Held: 9}, writeTarget, func(r *Reader) any { return r.Target() }},
	{"facet target", Target{Kind: TargetFacet, Facet: Facet{"f", "Class", ptr("00"), Object{{"a", nil}}}}, writeTarget, func(r *Reader) any { return r.Target() }},
	{"export target", Target{Kind: TargetExport, Facet: Facet{Class: "Auth", Props: Object{{"a", nil}}}}, writeTarget, func(r *Reader) any { return r.Target() }},
	{"RPC", RPC{Target{Kind: TargetHeld, Held: 9}, []string{"a", "b"}, RPCGet, SenderNumbers}, func(w *Writer, v any) { w.RPC(v.(RPC)) }, func(r *Reader) any { return r.RPC() }},
	{"queue messages", []QueueMessage{{QueueJSON, Object{{"a", int64(1)}}, nil}, {QueueBytes, []byte{1}, ptr(2.0)}},
		func(w *Writer, v any) { w.QueueMessages(v.([]QueueMessage), ptr(3.0)) }, func(r *Reader) any { list, _ := r.QueueMessages(); return list }},
	{"queue deliveries", []QueueDelivery{{"id", 5, 2, "text"}}, func(w *Writer, v any) { w.QueueDeliveries(v.([]QueueDelivery)) }, func(r *Reader) any { return r.QueueDeliveries() }},
	{"socket message", SocketEvent{Kind: SocketText, Data: []byte("hi")}, writeSocketEvent, func(r *Reader) any { return r.SocketEvent() }},
	{"socket close", SocketEvent{Kind: SocketClosed, Code: 1005, WasClean: true}, writeSocketEvent, func(r *Reader) any { return r.SocketEvent() }},
	{"socket failure", SocketEvent{Kind: SocketFailed, Failure: &Error{Name: "Error", Message: "m"}}, writeSocketEvent, func(r *Reader) any { return r.SocketEvent() }},
	{"no list options", ListOptions{}, func(w *Writer, v any) { w.ListOptions(v.(ListOptions)) }, func(r *Reader) any { return r.ListOptions() }},
	{"all list options", ListOptions{ptr("a"), ptr(""), ptr("z"), ptr("p"), true, ptr(2.5)},
		func(w *Writer, v any) { w.ListOptions(v.(ListOptions)) }, func(r *Reader) any { return r.ListOptions() }},
	{"page", Page{3, 10, 2, someRows}, func(w *Writer, v any) { w.Page(v.(Page)) }, func(r *Reader) any { return r.Page(2) }},
	{"page without rows", Page{RowsWritten: 1}, func(w *Writer, v any) { w.Page(v.(Page)) }, func(r *Reader) any { return r.Page(0) }},
	{"values", everyValue, func(w *Writer, v any) { w.Values(v.(Array)) }, func(r *Reader) any { return Array(r.Values()) }},
	{"fields", []Field{{"a", int64(1)}, {"", nil}}, func(w *Writer, v any) { w.Fields(v.([]Field)) }, func(r *Reader) any { return r.Fields() }},
	{"strings", []string{"", "a"}, func(w *Writer, v any) { w.Strs(v.([]string)) }, func(r *Reader) any { return r.Strs() }},
	{"error", &Error{Name: "E", Message: "m", Retryable: true, Props: []Field{{"a", Array{}}}},
		func(w *Writer, v any) { w.Error(v.(*Error)) }, func(r *Reader) any { return r.Error() }},
}

func TestMessagesRoundTrip(t *testing.T) {
	for _, m := range messages {
		t.Run(m.name, func(t *testing.T) {
			var w Writer
			m.write(&w, m.value)
			r := NewReader(w.Bytes())
			got := m.read(r)
			if err := r.End(); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, m.value) {
				t.Errorf("%+v came back as %+v", m.value, got)
			}
		})
	}
}

func TestEveryTruncationIsRefused(t *testing.T) {
	for _, m := range messages {
		t.Run(m.name, func(t *testing.T) {
			var w Writer
			m.write(&w, m.value)
			for n := range w.Len() {
				r := NewReader(w.Bytes()[:n])
				m.read(r)
				if !errors.Is(r.Err(), ErrMalformed) {
					t.Fatalf("%d of %d bytes were accepted", n, w.Len())
				}
			}
		})
	}
}

func TestBodyLengthsThatAreNoCountAreRefused(t *testing.T) {
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), -2, 0.5, 1 << 53} {
		var w Writer
		w.U8(BodyStream)
		w.Uint(1)
		w.F64(v)
		r := NewReader(w.Bytes())
		if got := r.Body(); r.Err() == nil {
			t.Errorf("a length of %v was read as %d", v, got.Length)
		}
	}
}
