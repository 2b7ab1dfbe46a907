package host

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/clock"
)

func TestStubsOfObjectsAreCalledAndReleased(t *testing.T) {
	h := newRPCHost(t, 2)
	o := h.stub("a")
	n := h.mustStub(o, "make")
	h.equal("a call", h.must(held(n), "ping", "x"), abi.Array{"pong", "x"})
	m := h.mustStub(held(n), "make")
	h.equal("a call of a child", h.must(held(m), "ping"), abi.Array{"pong"})
	_, failed := h.call(held(n), "missing")
	h.fails("a missing method", failed, `The RPC receiver does not implement the method "missing".`)
	if !failed.Remote || len(failed.Props) != 1 || failed.Props[0].Name != "durableObjectId" {
		t.Errorf("the error is not marked as the object's: %+v", failed)
	}
	_, failed = h.call(held(n), "")
	h.fails("a target as a function", failed, `"(this)" is not a function.`)
	_, failed = h.call(held(n), "dup")
	h.fails("a reserved name", failed, "'dup' is a reserved method and cannot be called over RPC.")
	h.release(n)
	_, failed = h.call(held(n), "ping")
	h.fails("after RELEASE", failed, disposed)
	h.equal("a stub of a released one", h.must(held(m), "ping"), abi.Array{"pong"})
	h.equal("released", h.must(o, "released"), abi.Array{int64(1)})
	h.release(m, m, 12345, 1<<53-1)
	h.equal("released", h.must(o, "released"), abi.Array{int64(1), int64(2)})
	h.empty()
}

func TestDuplicatesHaveTheirOwnLives(t *testing.T) {
	h := newRPCHost(t, 1)
	o := h.stub("a")
	n := h.mustStub(o, "make")
	var w abi.Writer
	w.Uint(n)
	v, failed := h.invoke(abi.OpDup, w.Bytes())
	if failed != nil {
		t.Fatal(failed)
	}
	second := uint64(v.(int64))
	h.release(n)
	h.equal("released", h.must(o, "released"), abi.Array{})
	h.equal("the duplicate", h.must(held(second), "ping"), abi.Array{"pong"})
	h.release(second)
	h.equal("released", h.must(o, "released"), abi.Array{int64(1)})
	_, failed = h.invoke(abi.OpDup, w.Bytes())
	h.fails("DUP of a released stub", failed, disposed)
	h.empty()
}

func TestArgumentsEndWithTheCallUnlessDuplicated(t *testing.T) {
	h := newRPCHost(t, 2)
	f := func(n uint64) abi.StubValue { return abi.StubValue{Owner: abi.HeldByGuest, Number: n} }
	o := h.stub("a")
	h.equal("a function of native code", h.must(o, "call", f(7), "x", int64(2)), abi.Array{"x", int64(2)})
	_, failed := h.call(o, "call", f(404))
	h.fails("one that fails", failed, "in native code")
	if failed.Name != "RangeError" || !failed.Remote {
		t.Errorf("the error is %+v", failed)
	}
	h.work.wait()
	h.equal("released", fmt.Sprint(h.echo.released), "[7 404]")
	h.must(o, "keep", f(8))
	h.work.wait()
	h.equal("while it is kept", fmt.Sprint(h.echo.released), "[7 404]")
	h.must(o, "drop")
	h.work.wait()
	h.equal("after it was dropped", fmt.Sprint(h.echo.released), "[7 404 8]")
	h.must(o, "linger", f(10))
	if late := h.must(o, "late").(string); !strings.Contains(late, disposed) {
		t.Errorf("a call of an argument after the return gave %q", late)
	}
	n := h.mustStub(o, "echo", f(9))
	h.equal("there and back", h.must(held(n), "", "y"), abi.Array{"y"})
	h.release(n)
	h.empty()
}

func TestStubsPassBetweenObjects(t *testing.T) {
	h := newRPCHost(t, 3)
	var stubs []abi.Target
	for i := range 6 {
		stubs = append(stubs, h.stub(fmt.Sprint("object ", i)))
	}
	f := h.must(stubs[0], "function").(abi.Object)
	n := f.Get("f").(abi.StubValue)
	h.equal("a value beside it", f.Get("n"), int64(1))
	for _, o := range stubs {
		h.equal("called by an object", h.must(o, "call", n, "x"), abi.Array{int64(1), "x"})
	}
	for _, o := range stubs[1:] {
		h.must(o, "keep", n)
	}
	h.release(n.Number)
	h.equal("while others hold it", h.must(stubs[0], "released"), abi.Array{})
	for _, o := range stubs[1:] {
		h.must(o, "drop")
	}
	h.work.wait()
	h.equal("after the last has dropped it", h.must(stubs[0], "released"), abi.Array{int64(1)})
	h.empty()
}

func TestObjectsWithStubsStayInMemory(t *testing.T) {
	h := newRPCHost(t, 2)
	maker, keeper := h.stub("maker"), h.stub("keeper")
	n := h.mustStub(maker, "make")
	h.must(keeper, "keep", abi.StubValue{Number: n})
	h.release(n)
	live := func() (n int) {
		for _, s := range h.isolates {
			s.do(func() { n += len(s.objects) })
		}
		return n
	}
	virtual := h.cfg.Clock.(*clock.Virtual)
	virtual.Advance(time.Minute)
	h.equal("objects while a stub is held", live(), 2)
	h.must(keeper, "drop")
	virtual.Advance(time.Minute)
	h.equal("objects afterwards", live(), 0)
	h.equal("a stub after an eviction", h.must(keeper, "echo", "x"), "x")
	h.empty()
}

func TestAResetBreaksWhatWasBound(t *testing.T) {
	h := newRPCHost(t, 2)
	used, idle, unused, aborter := h.stub("a"), h.stub("a"), h.stub("a"), h.stub("a")
	h.must(used, "echo", "x")
	h.must(idle, "echo", "x")
	n := h.mustStub(used, "make")
	h.must(h.stub("keeper"), "keep", abi.StubValue{Number: n})
	hanging := make(chan *abi.Error, 1)
	go func() {
		_, failed := h.call(held(n), "hang")
		hanging <- failed
	}()
	for started := false; !started; { // the call is in the guest
		for _, s := range h.isolates {
			s.do(func() {
				for _, f := range s.frames {
					started = started || f.kind == abi.StartCall
				}
			})
		}
	}
	const why = "aborted by the test"
	_, failed := h.call(aborter, "abort")
	h.fails("abort", failed, why)
	failed = <-hanging
	h.fails("a call of a stub under way", failed, why)
	if !failed.Remote || !failed.ObjectWasReset {
		t.Errorf("its error is %+v", failed)
	}
	for range 2 {
		for name, s := range map[string]abi.Target{"used": used, "idle": idle, "aborter": aborter} {
			_, failed = h.call(s, "echo", "x")
			h.fails(name, failed, why)
			if failed.Remote || !failed.ObjectWasReset {
				t.Errorf("%s: %+v", name, failed)
			}
		}
	}
	h.equal("a stub that was never used", h.must(unused, "echo", "x"), "x")
	h.equal("a new stub", h.must(h.stub("a"), "echo", "x"), "x")
	_, failed = h.call(held(n), "ping")
	h.fails("what the object passed on", failed, gone)
	if failed.Remote {
		t.Errorf("that error is remote: %+v", failed)
	}
	h.must(h.stub("keeper"), "drop")
	h.release(n)
	h.empty()
}

func TestADeadInstanceTakesItsStubsAlong(t *testing.T) {
	h := newRPCHost(t, 2)
	n := h.mustStub(worker, "make")
	first, other := h.stub("x"), h.stub("y 2")
	for i := 0; h.isolateOf(h.keyOf(first)) == h.isolateOf(h.keyOf(other)); i++ {
		other = h.stub(fmt.Sprint("y ", i))
	}
	m := h.mustStub(first, "make")
	h.must(other, "keep", abi.StubValue{Number: m})
	h.call(first, "exit")
	h.call(other, "exit")
	for _, number := range []uint64{n, m} {
		_, failed := h.call(held(number), "ping")
		h.fails("a stub of a dead instance", failed, gone)
	}
	h.release(n, m)
	h.equal("a new instance", h.must(h.stub("x"), "echo", "x"), "x")
	h.empty()
}

func TestEventsOfTheWorkerLastAsLongAsTheirStubs(t *testing.T) {
	h := newRPCHost(t, 1)
	n := h.mustStub(worker, "make")
	h.equal("a call after the event", h.must(held(n), "ping", "x"), abi.Array{"pong", "x"})
	m := h.mustStub(held(n), "make")
	h.release(n)
	h.equal("a call of what a call returned", h.must(held(m), "ping"), abi.Array{"pong"})
	_, failed := h.call(held(m), "missing")
	if h.fails("a missing method", failed, `The RPC receiver does not implement the method "missing".`); len(failed.Props) > 0 {
		t.Errorf("the Worker's error names an object: %+v", failed)
	}
	h.release(m)
	h.empty()
}
