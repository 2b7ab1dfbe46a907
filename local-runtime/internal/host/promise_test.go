package host

import (
	"fmt"
	"testing"

	"grove.place/lattice/internal/abi"
)

const keep = abi.SenderNumbers + 1

func TestCallsIntoResults(t *testing.T) {
	const noSuch = "The RPC receiver does not implement the method %q."
	value := abi.Object{
		{Name: "n", Value: int64(7)}, {Name: "o", Value: abi.Object{{Name: "x", Value: "deep"}, {Name: "f", Value: abi.StubValue{Owner: abi.HeldByGuest, Number: 1}}}},
		{Name: "d", Value: abi.Date(5)}, {Name: "a", Value: abi.Array{int64(1)}}, {Name: "nil", Value: nil},
	}
	for _, c := range []struct {
		path   string
		mode   byte
		want   abi.Value
		failed string
	}{
		{path: "n", mode: abi.RPCGet, want: int64(7)},
		{path: "o.x", mode: abi.RPCGet, want: "deep"},
		{path: "d", mode: abi.RPCGet, want: abi.Date(5)},
		{path: "nil", mode: abi.RPCGet, want: nil},
		{path: "o.f", want: abi.Array{"arg"}},
		{path: "n", failed: `"n" is not a function.`},
		{path: "o.x", failed: `"o.x" is not a function.`},
		{path: "", failed: `"(this)" is not a function.`},
		{path: "zz", failed: fmt.Sprintf(noSuch, "zz")},
		{path: "zz", mode: abi.RPCGet, failed: fmt.Sprintf(noSuch, "zz")},
		{path: "o.zz.y", failed: fmt.Sprintf(noSuch, "zz")},
		{path: "d.x", mode: abi.RPCGet, failed: fmt.Sprintf(noSuch, "d")},
		{path: "a.0", mode: abi.RPCGet, failed: fmt.Sprintf(noSuch, "a")},
		{path: "n.x", mode: abi.RPCGet, failed: fmt.Sprintf(noSuch, "n")},
		{path: "dup", mode: abi.RPCGet, failed: "'dup' is a reserved method and cannot be called over RPC."},
		{path: "o.f.x", failed: fmt.Sprintf(noSuch, "x")},
	} {
		t.Run(fmt.Sprint(c.path, c.mode), func(t *testing.T) {
			h := newRPCHost(t, 1)
			if _, failed := h.do(abi.RPC{Target: h.stub("a"), Path: []string{"echo"}, Keep: keep}, value); failed != nil {
				t.Fatal(failed)
			}
			got, failed := h.do(abi.RPC{Target: held(keep), Path: steps(c.path), Mode: c.mode}, "arg")
			if c.failed != "" {
				h.fails(c.path, failed, c.failed)
				return
			}
			if failed != nil {
				t.Fatal(failed)
			}
			h.equal(c.path, got, c.want)
		})
	}
}

func TestPathsAreLimited(t *testing.T) {
	h := newRPCHost(t, 1)
	path := make([]string, maxPath)
	for i := range path {
		path[i] = "a"
	}
	_, failed := h.do(abi.RPC{Target: h.stub("a"), Path: path})
	h.fails("the longest path", failed, `The RPC receiver does not implement the method "a".`)
	_, failed = h.do(abi.RPC{Target: h.stub("a"), Path: append(path, "a")})
	h.fails("a longer one", failed, "RPC pipelined property path is too deep (max 64).")
}

func TestAFailedCallFailsTheCallsIntoIt(t *testing.T) {
	h := newRPCHost(t, 1)
	f := abi.StubValue{Owner: abi.HeldByGuest, Number: 404}
	if _, failed := h.do(abi.RPC{Target: h.stub("a"), Path: []string{"call"}, Keep: keep}, f); failed == nil {
		t.Fatal("it did not fail")
	}
	for _, path := range []string{"", "x", "x.y"} {
		_, failed := h.do(abi.RPC{Target: held(keep), Path: steps(path)})
		h.fails(path, failed, "in native code")
	}
	if _, failed := h.do(abi.RPC{Target: held(99), Keep: keep + 1}); failed == nil {
		t.Fatal("a stub that does not exist was called")
	}
	_, failed := h.do(abi.RPC{Target: held(keep + 1)})
	h.fails("a call that did not begin", failed, disposed)
	h.release(keep, keep+1)
	_, failed = h.do(abi.RPC{Target: held(keep)})
	h.fails("a released promise", failed, "RPC promise used after being disposed.")
	h.empty()
}

// settling is a call whose end the test decides.
func settling() (*promise, func(abi.Value)) {
	p := newPromise()
	return p, func(v abi.Value) {
		value := valuePayload(v)
		p.settle(value, nil)
	}
}

func TestCallsWaitForTheResultInOrder(t *testing.T) {
	var got []string
	noted := func(name string) *invocation {
		return &invocation{path: []string{"x"}, mode: abi.RPCGet, done: func(v payload, failed *abi.Error) {
			got = append(got, fmt.Sprint(name, abi.NewReader(v.data).Value(), failed))
		}}
	}
	p, settle := settling()
	p.call(noted("a "))
	p.call(&invocation{path: []string{"y"}, mode: abi.RPCGet, done: func(payload, *abi.Error) {
		got = append(got, "b")
		p.call(noted("d ")) // while those that waited go out
	}})
	p.call(noted("c "))
	if len(got) > 0 {
		t.Errorf("%v before the result", got)
	}
	settle(abi.Object{{Name: "x", Value: "X"}})
	p.call(noted("e "))
	if want := "[a X<nil> b c X<nil> d X<nil> e X<nil>]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
}

func TestAPromiseOfItselfEnds(t *testing.T) {
	for name, also := range map[string]bool{"before": true, "after": false} {
		p := newPromise()
		p.retain()
		var failed *abi.Error
		ask := func() {
			p.call(&invocation{done: func(_ payload, e *abi.Error) { failed = e }})
		}
		if also {
			ask()
		}
		self := stubPayload(p)
		p.settle(self, nil)
		if !also {
			ask()
		}
		if failed == nil {
			t.Errorf("a call %s the result did not end", name)
		}
	}
}

func TestStreamsGoToOneReader(t *testing.T) {
	h := newRPCHost(t, 1)
	var w abi.Writer
	w.Value(abi.Object{{Name: "s", Value: abi.Readable(3)}, {Name: "n", Value: int64(1)}})
	v, failed := h.do(abi.RPC{Target: h.stub("a"), Path: []string{"raw"}, Keep: keep}, w.Bytes())
	if failed != nil {
		t.Fatal(failed)
	}
	if _, ok := v.(abi.Object).Get("s").(abi.Readable); !ok {
		t.Errorf("got %v", v)
	}
	_, failed = h.do(abi.RPC{Target: held(keep), Path: []string{"s"}, Mode: abi.RPCGet})
	h.fails("the stream by way of the promise", failed, "The ReadableStream has been locked to a reader.")
	got, failed := h.do(abi.RPC{Target: held(keep), Path: []string{"n"}, Mode: abi.RPCGet})
	if failed != nil {
		t.Fatal(failed)
	}
	h.equal("the rest", got, int64(1))
}
