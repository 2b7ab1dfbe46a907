package host

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/clock"
	"grove.place/lattice/local-runtime/internal/gate"
	"grove.place/lattice/local-runtime/internal/objectid"
	"grove.place/lattice/local-runtime/internal/storage"
)

var rawGuest = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "guest.wasm")
	cmd := exec.Command("go", "build", "-o", out, "../isolate/testdata/guest")
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, errors.New(string(text))
	}
	return os.ReadFile(out)
})

type noNetwork struct{}

func (noNetwork) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no network in this test")
}

func newTestHost(t testing.TB) *Host {
	module, err := rawGuest()
	if err != nil {
		t.Fatal(err)
	}
	h, err := New(context.Background(), Config{
		Module: module, Script: "raw", Objects: map[string]string{"O": "Class"}, Databases: map[string]Database{"DB": {}},
		Dir: t.TempDir(), CacheDir: filepath.Join(os.TempDir(), "lattice-test-cache"), Isolates: 1, Network: noNetwork{},
		Clock: clock.NewVirtual(time.Unix(1e9, 0)), Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

// inFrame runs f as if the guest were in a frame of an object, or of the Worker.
func inFrame(h *Host, inObject bool, f func(s *Isolate, fr *frame)) {
	s := h.isolates[0]
	s.do(func() {
		if err := s.boot(); err != nil {
			panic(err)
		}
		var o *object
		if inObject {
			o = fakeObject(s)
		}
		fr := s.newFrame(abi.StartRPC, o, reply{value: func(payload) {}, fail: func(*abi.Error) {}}, nil)
		s.current = fr
		f(s, fr)
		s.current = nil
		s.commit()
		s.outputs.Flush(s.outputGate)
		s.applyResets()
		if o != nil && o.failure == nil {
			o.resetSoon(abi.Errorf("the test is over"))
		}
	})
}

func fakeObject(s *Isolate) *object {
	k := key{"Class", objectid.Of("raw-Class", make([]byte, 16))}
	store, err := storage.Open(s.host.path(k))
	if err != nil {
		panic(err)
	}
	s.lastObj++
	o := &object{isolate: s, key: k, number: s.lastObj, store: store, ready: true, limitStop: func() {}, socks: map[*socket]bool{}, ordinary: map[*socket]bool{}}
	o.gate = gate.New(func(f func()) { s.post(f) })
	s.objects[k] = o
	o.scope = s.newScope(o)
	o.construct = s.newFrame(abi.StartConstruct, o, reply{}, nil)
	return o
}

func TestOperationsNeedTheCurrentFrame(t *testing.T) {
	h := newTestHost(t)
	inFrame(h, true, func(s *Isolate, fr *frame) {
		for _, c := range []struct {
			name      string
			frame, op uint32
			want      int32
		}{
			{"another frame", fr.id + 1, abi.OpSQLSize, abi.WrongFrame},
			{"the frame of the constructor", fr.object.construct.id, abi.OpSQLSize, abi.WrongFrame},
			{"a hop into a frame that lives", fr.object.construct.id, abi.OpHop, abi.Pending},
		} {
			if result, code := s.Call(c.frame, c.op, 1, nil); result != nil || code != c.want {
				t.Errorf("%s: %v %d, want code %d", c.name, result, code, c.want)
			}
		}
		for name, c := range map[string][2]uint32{
			"no frame":                   {0, abi.OpSQLSize},
			"a hop into a frame gone by": {fr.id + 1, abi.OpHop},
			"an unknown operation":       {fr.id, 99},
		} {
			if result, _ := s.Call(c[0], c[1], 1, nil); len(result) == 0 || result[0] != abi.StatusError {
				t.Errorf("%s: %v, want an error in place", name, result)
			}
		}
		if result, _ := s.Call(fr.id, abi.OpSQLSize, 1, nil); len(result) == 0 || result[0] != abi.StatusOK {
			t.Errorf("the current frame: %v", result)
		}
	})
	inFrame(h, false, func(s *Isolate, fr *frame) {
		if result, _ := s.Call(fr.id, abi.OpSQLSize, 1, nil); len(result) == 0 || result[0] != abi.StatusError {
			t.Errorf("storage in the Worker: %v", result)
		}
	})
}

func FuzzOperations(f *testing.F) {
	target := abi.Target{Kind: abi.TargetObject, Stub: abi.Stub{Binding: "O", Named: true, Ref: "x"}}
	seed := func(op byte, build func(w *abi.Writer)) {
		var w abi.Writer
		build(&w)
		f.Add(op, true, w.Bytes())
		f.Add(op, false, w.Bytes())
	}
	seed(abi.OpDone, func(w *abi.Writer) { w.Bool(true); w.U8(0); w.Value(abi.Object{{Name: "a", Value: 1}}) })
	seed(abi.OpRespond, func(w *abi.Writer) { w.Bool(true); w.Response(&abi.Response{Status: 200}) })
	seed(abi.OpSQLExec, func(w *abi.Writer) { w.Str("SELECT ?"); w.Values([]abi.Value{"x"}); w.Uint(10) })
	seed(abi.OpKVPut, func(w *abi.Writer) { w.Bool(false); w.Fields([]abi.Field{{Name: "k", Value: nil}}); w.U8(0) })
	seed(abi.OpKVList, func(w *abi.Writer) { w.ListOptions(abi.ListOptions{}); w.U8(0) })
	seed(abi.OpSetAlarm, func(w *abi.Writer) { w.F64(2e12); w.U8(0) })
	seed(abi.OpID, func(w *abi.Writer) { w.Str("O"); w.U8(1); w.Str("00") })
	seed(abi.OpRPC, func(w *abi.Writer) { w.RPC(abi.RPC{Target: target, Path: []string{"m"}}); w.Values(nil) })
	everything := abi.Array{
		abi.StubValue{Number: 1}, abi.StubValue{Owner: abi.HeldByGuest, Number: 1, Kind: abi.StubTarget, Methods: []string{"m"}},
		abi.Readable(3), abi.Writable(abi.SenderNumbers + 1), &abi.Request{Body: abi.Body{Mode: abi.BodyStream, Stream: 4}}, &abi.Response{Status: 200},
		abi.StubValue{Number: 1<<53 - 1}, abi.StubValue{Owner: abi.HeldByGuest, Number: abi.SenderNumbers},
	}
	for i, v := range append(everything, everything[:6]) {
		seed(abi.OpRPC, func(w *abi.Writer) {
			w.RPC(abi.RPC{Target: abi.Target{Kind: abi.TargetHeld, Held: uint64(i % 3)}, Path: []string{"a", "m"}, Mode: byte(i % 2), Keep: abi.SenderNumbers + uint64(i)})
			w.Values([]abi.Value{v})
		})
		seed(abi.OpDone, func(w *abi.Writer) { w.Bool(true); w.U8(0); w.Value(v) })
	}
	seed(abi.OpRPC, func(w *abi.Writer) {
		w.RPC(abi.RPC{Target: abi.Target{Kind: abi.TargetService, Service: "SELF"}, Path: []string{"m"}})
		w.Values(nil)
	})
	seed(abi.OpRelease, func(w *abi.Writer) { w.Uint(3); w.Uint(1); w.Uint(1); w.Uint(abi.SenderNumbers + 1) })
	seed(abi.OpDup, func(w *abi.Writer) { w.Uint(1) })
	seed(abi.OpRead, func(w *abi.Writer) { w.Uint(abi.SenderNumbers); w.Uint(9) })
	seed(abi.OpFetch, func(w *abi.Writer) {
		w.U8(abi.TargetNetwork)
		w.Request(&abi.Request{Method: "GET", URL: "http://127.0.0.1/", Body: abi.Body{Mode: abi.BodyStream, Stream: 7}})
		w.U8(0)
	})
	seed(abi.OpSocketPair, func(*abi.Writer) {})
	seed(abi.OpSocketAccept, func(w *abi.Writer) { w.Uint(2); w.U8(2); w.Strs([]string{"tag"}) })
	seed(abi.OpSocketSend, func(w *abi.Writer) { w.Uint(2); w.U8(0); w.Blob([]byte("x")) })
	seed(abi.OpSocketClose, func(w *abi.Writer) { w.Uint(2); w.OptF64(nil); w.OptStr(nil) })
	seed(abi.OpSocketReceive, func(w *abi.Writer) { w.Uint(2) })
	seed(abi.OpSocketAttach, func(w *abi.Writer) { w.Uint(2); w.Value(abi.Object{{Name: "a", Value: "b"}}) })
	seed(abi.OpSocketAutoResponse, func(w *abi.Writer) { w.U8(1); w.Str("ping"); w.Str("pong") })
	seed(abi.OpSocketEventTimeout, func(w *abi.Writer) { w.U8(1); w.F64(1000) })
	seed(abi.OpSocketBroadcast, func(w *abi.Writer) { w.OptStr(nil); w.U8(1); w.Blob([]byte("x")) })
	seed(abi.OpSection, func(w *abi.Writer) { w.U8(1) })
	seed(abi.OpWrite, func(w *abi.Writer) { w.Uint(7); w.Blob([]byte("x")) })
	seed(abi.OpAbort, func(w *abi.Writer) { w.Uint(7); w.Error(abi.Errorf("x")) })
	seed(abi.OpFacet, func(w *abi.Writer) { w.U8(2); w.Str("a"); w.Str("b") })
	seed(abi.OpReset, func(w *abi.Writer) { w.Str("reason"); w.U8(1) })
	seed(abi.OpRPC, func(w *abi.Writer) {
		w.RPC(abi.RPC{Target: abi.Target{Kind: abi.TargetFacet, Facet: abi.Facet{Name: "a", Class: "Class", Props: abi.Object{}}}, Path: []string{"m"}})
		w.Values(nil)
	})
	seed(abi.OpRPC, func(w *abi.Writer) {
		ten := 10.5
		stub := abi.Stub{Binding: "exports:Class", Named: true, Ref: "x", Options: &abi.StubOptions{RoutingMode: "primary-only", MaxRetries: &ten}}
		w.RPC(abi.RPC{Target: abi.Target{Kind: abi.TargetObject, Stub: stub}, Path: []string{"m"}})
		w.Values(nil)
	})
	seed(abi.OpD1, func(w *abi.Writer) { w.Str("DB"); w.U8(0); w.Uint(1); w.Str("SELECT 1"); w.Values(nil) })
	h := newTestHost(f)
	f.Fuzz(func(t *testing.T, op byte, inObject bool, req []byte) {
		if op == abi.OpTxnSync {
			return // it enters the guest, which is not there to be entered
		}
		inFrame(h, inObject, func(s *Isolate, fr *frame) {
			s.peer.last = 0
			s.hold(newPromise(), fr.scope)
			settled := newPromise()
			settled.value = payload{data: abi.NewWriter([]byte{abi.TagObject, 1, 1, 'a', abi.TagNull}).Bytes()}
			settled.settled = true
			s.hold(settled, fr.scope)
			result, code := s.Call(fr.id, uint32(op), 1, req)
			switch {
			case result == nil && code != abi.Pending && code != abi.WrongFrame:
				t.Errorf("neither a result nor a code: %d", code)
			case result != nil && (len(result) == 0 || result[0] > abi.StatusError):
				t.Errorf("result %v", result)
			case result != nil && result[0] == abi.StatusError:
				r := abi.NewReader(result[1:])
				if r.Error(); r.End() != nil {
					t.Errorf("the error cannot be read: %v", r.Err())
				}
			}
		})
	})
}
