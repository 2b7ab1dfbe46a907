package host

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/stream"
)

// cross takes a value that one peer sends and gives it to another.
func cross(t *testing.T, from, to *peer, v abi.Value) abi.Value {
	t.Helper()
	var w abi.Writer
	w.Value(v)
	p, err := from.take(abi.NewReader(w.Bytes()), nil, false)
	if err != nil {
		t.Fatal(err)
	}
	w.Reset()
	p.encode(&w, to, nil)
	r := abi.NewReader(w.Bytes())
	out := r.Value()
	if err := r.End(); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestReadableStreamsCross(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(p *stream.Pipe)
		want string
	}{
		"closed":  {func(p *stream.Pipe) { p.Close() }, "<nil>"},
		"aborted": {func(p *stream.Pipe) { p.Abort(errors.New("secret")) }, "ReadableStream received over RPC disconnected prematurely."},
	} {
		a, b := newPeer(), newPeer()
		got := cross(t, a, b, abi.Array{"x", abi.Readable(70_000), abi.Headers{{Name: "h", Value: "v"}}}).(abi.Array)
		number := uint64(got[1].(abi.Readable))
		a.streams.writer(70_000).Write([]byte("hello"), func(error) {})
		c.end(a.streams.writer(70_000))
		text, err := io.ReadAll(stream.ToReader(b.streams.reader(number)))
		if string(text) != "hello" || fmt.Sprint(err) != c.want {
			t.Errorf("%s: %q, %v, want %s", name, text, err, c.want)
		}
	}
}

func TestWritableStreamsCross(t *testing.T) {
	a, b := newPeer(), newPeer()
	const mine = abi.SenderNumbers + 5
	number := uint64(cross(t, a, b, abi.Writable(mine)).(abi.Writable))
	if number < abi.SenderNumbers {
		t.Fatalf("the receiver writes to %d", number)
	}
	accepted := 0
	for range 3 {
		b.streams.writer(number).Write(make([]byte, stream.HighWater/2+1), func(err error) {
			if err == nil {
				accepted++
			}
		})
	}
	if accepted != 1 {
		t.Errorf("%d writes were accepted that nobody read", accepted)
	}
	source := a.streams.reader(mine)
	for range 2 {
		source.Read(1<<20, func([]byte, bool, error) {})
	}
	if accepted != 3 {
		t.Errorf("%d of 3 writes were accepted after reads", accepted)
	}
	b.streams.finish(number, errors.New("secret"))
	_, err := io.ReadAll(stream.ToReader(source))
	if err == nil || !strings.HasPrefix(err.Error(), "WritableStream received over RPC was disconnected") {
		t.Errorf("after an abort: %v", err)
	}
}

func TestBodiesInValuesCross(t *testing.T) {
	a, b := newPeer(), newPeer()
	q := cross(t, a, b, &abi.Request{Method: "PUT", URL: "http://x/", Headers: []abi.Header{{Name: "a", Value: "b"}}, Body: abi.Body{Mode: abi.BodyStream, Stream: 9, Length: 4}, CF: "{}"}).(*abi.Request)
	if q.Method != "PUT" || q.Body.Length != 4 || q.CF != "{}" || len(q.Headers) != 1 {
		t.Errorf("%+v", q)
	}
	a.streams.writer(9).Write([]byte("body"), func(error) {})
	a.streams.finish(9, nil)
	if text, err := io.ReadAll(stream.ToReader(b.streams.reader(q.Body.Stream))); string(text) != "body" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}

func TestReferencesThatAreNotTheSenders(t *testing.T) {
	owner := newPeer()
	n := owner.hold(&member{of: &link{}}, nil)
	var left []string
	for name, v := range map[string]abi.Value{
		"a stub that another peer holds":        abi.StubValue{Number: n},
		"a stub that does not exist":            abi.StubValue{Number: 1<<53 - 1},
		"a promise that does not exist":         abi.StubValue{Number: abi.SenderNumbers + 1},
		"a number that the sender may not give": abi.StubValue{Owner: abi.HeldByGuest, Number: abi.SenderNumbers},
		"a readable numbered as a writable":     abi.Readable(abi.SenderNumbers),
		"a writable numbered as a readable":     abi.Writable(5),
		"a stream passed on twice":              abi.Array{abi.Readable(1), abi.Readable(1)},
		"a writable passed on twice":            abi.Map{{Key: abi.Writable(abi.SenderNumbers), Value: abi.Writable(abi.SenderNumbers)}},
		"a stream that is a body as well":       abi.Set{abi.Readable(1), &abi.Response{Status: 200, Body: abi.Body{Mode: abi.BodyStream, Stream: 1}}},
		"a WebSocket":                           &abi.Response{Status: 101, Socket: 1},
		"one of them after a good one":          abi.Array{abi.Readable(2), abi.Writable(abi.SenderNumbers + 1), abi.StubValue{Number: 3}},
	} {
		p := newPeer()
		var w abi.Writer
		w.Value(v)
		if _, err := p.take(abi.NewReader(w.Bytes()), nil, false); err == nil {
			t.Errorf("%s was accepted", name)
		}
		if t := p.streams; len(t.reads)+len(t.writes)+len(t.passed) > 0 {
			left = append(left, name)
		}
	}
	if left != nil {
		t.Errorf("streams are left of %q", left)
	}
}

func TestAStatusThatNoResponseHas(t *testing.T) {
	h := newTestHost(t)
	response := abi.Response{Status: 999, Body: abi.Body{Mode: abi.BodyStream, Stream: 3}}
	for name, request := range map[string]func(w *abi.Writer){
		"in a value":   func(w *abi.Writer) { w.Bool(true); w.U8(abi.StatusOK); w.Value(abi.Array{abi.Readable(2), &response}) },
		"as an answer": func(w *abi.Writer) { w.Bool(true); w.Response(&response) },
		"as an argument": func(w *abi.Writer) {
			w.RPC(abi.RPC{Target: worker, Path: []string{"m"}})
			w.Values([]abi.Value{&response})
		},
	} {
		op := map[string]uint32{"in a value": abi.OpDone, "as an answer": abi.OpRespond, "as an argument": abi.OpRPC}[name]
		inFrame(h, false, func(s *Isolate, f *frame) {
			if op == abi.OpRespond {
				f.kind = abi.StartFetch
			}
			h.cfg.Services = map[string]string{"SELF": "raw"}
			var w abi.Writer
			request(&w)
			result, _ := s.Call(f.id, op, 1, w.Bytes())
			r := abi.NewReader(result)
			if r.U8() != abi.StatusError {
				t.Errorf("%s: it was accepted", name)
				return
			}
			if e := r.Error(); e.Name != "RangeError" || f.answered || len(s.streams.writes) > 0 {
				t.Errorf("%s: %v; answered %v, streams %v", name, e, f.answered, s.streams.writes)
			}
		})
	}
}

func TestErrorsCarryNoReferences(t *testing.T) {
	e := withoutReferences(&abi.Error{Props: []abi.Field{
		{Name: "f", Value: abi.StubValue{Number: 1}}, {Name: "n", Value: int64(1)}, {Name: "deep", Value: abi.Object{{Name: "x", Value: abi.Array{abi.Readable(1)}}}},
	}})
	if len(e.Props) != 1 || e.Props[0].Name != "n" {
		t.Errorf("%+v", e.Props)
	}
}

func TestScopesHaveTheirOwnStubs(t *testing.T) {
	h := newRPCHost(t, 1)
	s := h.isolates[0]
	n := h.mustStub(h.stub("a"), "make")
	s.do(func() {
		_ = s.boot()
		one, two := s.newScope(nil), s.newScope(nil)
		target, _ := h.native.stub(n, nil)
		target.retain()
		number := s.hold(target, one)
		if _, err := s.stub(number, one); err != nil {
			t.Error(err)
		}
		if _, err := s.stub(number, two); err == nil || !strings.HasPrefix(err.Error(), "Cannot perform I/O on behalf of a different request.") {
			t.Errorf("in another event: %v", err)
		}
		s.drop(number, two)
		if _, err := s.stub(number, one); err != nil {
			t.Errorf("another event released it: %v", err)
		}
		one.end(errEventOver)
		if _, err := s.stub(number, one); err == nil || err.Error() != disposed {
			t.Errorf("after the event: %v", err)
		}
	})
	h.release(n)
	h.empty()
}

func TestNothingIsLeftOfManyReferences(t *testing.T) {
	h := newRPCHost(t, 2)
	const each = 2500
	maker, other := h.stub("maker"), h.stub("other")
	var numbers []uint64
	for i := range uint64(each) {
		n := h.mustStub(maker, "make")
		promise := abi.SenderNumbers + 1 + i
		if _, failed := h.do(abi.RPC{Target: held(n), Path: []string{"make"}, Keep: promise}); failed != nil {
			t.Fatal(failed)
		}
		h.must(held(promise), "ping")
		h.must(other, "call", abi.StubValue{Owner: abi.HeldByGuest, Number: i + 1000})
		v := h.must(worker, "function").(abi.Object)
		numbers = append(numbers, n, promise, v.Get("f").(abi.StubValue).Number)
	}
	for n := range h.native.held { // also the results of the kept calls
		numbers = append(numbers, n)
	}
	h.release(numbers...)
	h.empty()
	seen, heard := map[*Isolate]bool{}, 0
	for i := 0; len(seen) < len(h.isolates); i++ {
		o := h.stub(fmt.Sprint("in some isolate ", i))
		if in := h.isolateOf(h.keyOf(o)); !seen[in] {
			seen[in] = true
			heard += len(h.must(o, "released").(abi.Array))
		}
	}
	if heard != 3*each {
		t.Errorf("the guests heard of %d releases, want %d", heard, 3*each)
	}
	if len(h.echo.released) != each {
		t.Errorf("native code heard of %d releases", len(h.echo.released))
	}
}
