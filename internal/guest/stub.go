package guest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/codec"
)

var (
	errDisposed = NewError("Error", "RPC stub used after being disposed.")
	errForeign  = errors.New("this RPC stub belongs to another event: a stub lives in the object, or the event of the Worker, that received it")
)

// Stub is something that is called by RPC without types: a function, an object of JavaScript, a service, the result of a call that is still
// under way. Its methods take a path such as "users.get"; the empty path is the thing itself.
//
// A stub among the parameters of a method ends when the method returns; Dup gives one that does not. Other stubs live until Dispose, or
// until the object, or the event of the Worker, that received them ends.
//
// See https://developers.cloudflare.com/workers/runtime-apis/rpc/.
type Stub struct {
	target   abi.Target
	prefix   []string
	callee   *Callee // of Go's own
	owner    any     // the object or Worker frame that the host keeps it for; nil natively
	arriving *Promise
	result   *Operation // whose result it is
	base     *Stub      // what this is a property of; it must not be collected before
	failed   error      // of the call whose result it should be
	disposed bool
}

// NewStub returns a stub of what a target of the ABI names.
func NewStub(target abi.Target) *Stub { return &Stub{target: target} }

// Any returns s. Everything that has methods to call has this method: stubs with types, and service bindings.
func (s *Stub) Any() *Stub { return s }

// BrokenStub returns a stub of something that there is not; err says why.
func BrokenStub(err error) *Stub { return &Stub{failed: err} }

// LocalStub returns a stub of Go code.
func LocalStub(c *Callee) *Stub { return &Stub{callee: c} }

func ownerOf(ctx context.Context) any {
	f := FrameOf(ctx)
	switch {
	case f == nil:
		return nil
	case f.object != nil:
		return f.object
	}
	return f.event()
}

// heldStub is a stub that the host holds for the frame of ctx.
func heldStub(ctx context.Context, number uint64) *Stub {
	s := &Stub{target: abi.Target{Kind: abi.TargetHeld, Held: number}, owner: ownerOf(ctx)}
	s.net()
	return s
}

func (s *Stub) held() bool {
	return s.callee == nil && s.target.Kind == abi.TargetHeld && s.prefix == nil
}

// MarshalRPC implements codec.Reference.
func (s *Stub) MarshalRPC() any { return s }

func (s *Stub) refer(refs *references) (abi.Value, error) {
	switch {
	case s == nil:
		return nil, nil
	case s.failed != nil:
		return nil, s.failed
	case s.disposed:
		return nil, errDisposed
	case s.callee != nil:
		return s.callee.export(refs)
	case !s.held():
		return nil, errors.New("a service or a property of a stub cannot be passed on: get it first, or pass the stub")
	}
	if err := s.check(refs.ctx); err != nil {
		return nil, err
	}
	return abi.StubValue{Owner: abi.HeldByHost, Number: s.target.Held}, nil
}

func (s *Stub) check(ctx context.Context) error {
	switch {
	case s == nil:
		return errors.New("this RPC stub is nil: nothing was passed")
	case s.failed != nil:
		return s.failed
	case s.disposed:
		return errDisposed
	case s.owner != nil && s.owner != ownerOf(ctx):
		return errForeign
	}
	return nil
}

// At returns the property of that path. Nothing is asked of the other side before it is called.
func (s *Stub) At(path string) *Stub {
	if path == "" || s == nil {
		return s
	}
	out := *s
	out.prefix, out.base = s.join(path), s
	return &out
}

func (s *Stub) join(path string) []string {
	if path == "" {
		return s.prefix
	}
	return append(s.prefix[:len(s.prefix):len(s.prefix)], strings.Split(path, ".")...)
}

// Call calls what path leads to, and stores what it returned in result, a pointer or nil.
func (s *Stub) Call(ctx context.Context, path string, result any, args ...any) error {
	return s.do(ctx, abi.RPC{Path: s.path(path), Mode: abi.RPCCall}, result, args)
}

// Get stores the property that path leads to in result, a pointer.
func (s *Stub) Get(ctx context.Context, path string, result any) error {
	return s.do(ctx, abi.RPC{Path: s.path(path), Mode: abi.RPCGet}, result, nil)
}

func (s *Stub) path(path string) []string {
	if s == nil {
		return nil
	}
	return s.join(path)
}

func (s *Stub) do(ctx context.Context, c abi.RPC, result any, args []any) error {
	if err := s.check(ctx); err != nil {
		return err
	}
	if s.callee != nil {
		return s.locally(ctx, c, result, args)
	}
	if err := s.arrived(ctx); err != nil {
		return err
	}
	c.Target = s.target
	return Call(ctx, c, result, args)
}

// arrived waits, natively, for the promise that s is: the host learns of a call through it only in order.
func (s *Stub) arrived(ctx context.Context) error {
	if s.arriving == nil || FrameOf(ctx) != nil {
		return nil
	}
	_, err := s.arriving.reader(ctx)
	return err
}

// locally calls Go's own code. Arguments and result are encoded all the same: they are copies, as anywhere else.
func (s *Stub) locally(ctx context.Context, c abi.RPC, result any, args []any) error {
	ctx = context.WithValue(ctx, localsKey{}, &locals{})
	if c.Mode == abi.RPCGet {
		return errors.New("the methods of Go's own target are no values: call them")
	}
	var w abi.Writer
	if err := writeArguments(&w, newReferences(ctx), c.Path, args); err != nil {
		return err
	}
	value, err := s.callee.Call(ctx, c.Path, w.Bytes())
	if err != nil {
		return FromABI(ToABI(err))
	}
	return readResult(ctx, abi.NewReader(value[Headroom:]), c.Path, result)
}

// Start calls what path leads to without waiting for what it returns.
func (s *Stub) Start(ctx context.Context, path string, args ...any) *Promise {
	if err := s.check(ctx); err != nil {
		return &Promise{err: err}
	}
	if s.callee != nil {
		return s.startLocally(ctx, s.join(path), args)
	}
	if err := s.arrived(ctx); err != nil {
		return &Promise{err: err}
	}
	return Start(ctx, abi.RPC{Target: s.target, Path: s.join(path)}, args)
}

// Dup returns another stub to the same, which lives on when this one ends.
func (s *Stub) Dup(ctx context.Context) (*Stub, error) {
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	if !s.held() {
		out := *s
		out.base = s
		return &out, nil
	}
	var w abi.Writer
	w.Uint(s.target.Held)
	r, err := Invoke(ctx, abi.OpDup, w.Bytes())
	if err != nil {
		return nil, err
	}
	n := r.Uint()
	return heldStub(ctx, n), r.Err()
}

// Dispose gives the stub up: the other side may forget what it leads to. A second Dispose does nothing.
func (s *Stub) Dispose(ctx context.Context) error {
	if s == nil || s.disposed || s.failed != nil {
		return nil
	}
	s.disposed = true
	if s.callee != nil {
		s.callee.drop()
		return nil
	}
	if !s.held() || s.owner != nil && s.owner != ownerOf(ctx) {
		return nil
	}
	return release(ctx, []uint64{s.target.Held})
}

func release(ctx context.Context, numbers []uint64) error {
	var w abi.Writer
	w.Uint(uint64(len(numbers)))
	for _, n := range numbers {
		w.Uint(n)
	}
	return Do(ctx, abi.OpRelease, w.Bytes())
}

// unreleased are the numbers of stubs of objects that were collected without Dispose. Those of a Worker's event end with it.
var unreleased = map[*object][]uint64{}

// net has the stub released some time after nobody can use it any more.
func (s *Stub) net() {
	if _, ok := s.owner.(*object); !ok {
		return
	}
	runtime.SetFinalizer(s, func(s *Stub) {
		o := s.owner.(*object)
		if objects[o.number] != o {
			return
		}
		if !s.disposed {
			unreleased[o] = append(unreleased[o], s.target.Held)
		}
		if s.result != nil {
			s.result.abandon()
		}
	})
}

// sweep releases what was collected of the object of ctx.
func sweep(ctx context.Context) {
	if len(unreleased) == 0 {
		return
	}
	o, _ := ownerOf(ctx).(*object)
	if numbers := unreleased[o]; numbers != nil {
		delete(unreleased, o)
		_ = release(ctx, numbers)
	}
}

// Call makes an RPC call and stores what it returned in result, a pointer or nil.
func Call(ctx context.Context, c abi.RPC, result any, args []any) error {
	sweep(ctx)
	var w abi.Writer
	w.RPC(c)
	refs := newReferences(ctx)
	if err := writeArguments(&w, refs, c.Path, args); err != nil {
		return err
	}
	var r *abi.Reader
	var err error
	if refs.streams == nil && refs.stubs == nil && refs.outside == nil {
		r, err = Invoke(ctx, abi.OpRPC, w.Bytes())
	} else {
		var o *Operation
		if o, err = Begin(ctx, abi.OpRPC, w.Bytes()); err != nil {
			refs.withdraw()
			return err
		}
		refs.begun(o)
		if r, err = o.Wait(ctx); err != nil {
			o.abandon()
		}
	}
	if err != nil {
		return err
	}
	return readResult(ctx, r, c.Path, result)
}

func writeArguments(w *abi.Writer, refs *references, path []string, args []any) error {
	w.Uint(uint64(len(args)))
	for i, a := range args {
		if err := codec.MarshalWith(w, a, refs); err != nil {
			refs.withdraw()
			return notEncoded(fmt.Sprintf("%s: argument %d", callee(path), i+1), err)
		}
	}
	return nil
}

func readResult(ctx context.Context, r *abi.Reader, path []string, result any) error {
	refs := newReferences(ctx)
	var all []claim
	if refs.local == nil {
		all = claims(r.Rest())
	}
	if len(all) > 0 {
		refs.claimed = map[claim]any{}
	}
	err := decodeResult(refs, r, path, result)
	if err != nil {
		refs.claimed = nil
	}
	disown(ctx, all, refs.claimed)
	return err
}

func decodeResult(refs *references, r *abi.Reader, path []string, result any) error {
	if result == nil {
		return nil
	}
	if err := codec.UnmarshalWith(r, result, refs); err != nil {
		return fmt.Errorf("result of %s: %w", callee(path), err)
	}
	return nil
}

func callee(path []string) string {
	if len(path) == 0 {
		return "the function"
	}
	return strings.Join(path, ".")
}
