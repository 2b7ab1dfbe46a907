// Package guest is the SDK's half of the ABI: it turns host events into goroutines with a context, and operations of those
// goroutines into calls to the host. The one idea in it is the Frame: whatever a goroutine asks of the host is
// asked in the I/O context of the event that it works for (docs/abi.md, "Frames").
//
// In Wasm (wasm.go) operations cross to the shim or the local host. Natively (native.go) they go to the Transport in the
// context, which a local host in the same process provides. Start with Invoke.
package guest

import (
	"context"
	"errors"

	"grove.place/lattice/internal/abi"
)

// ErrNoFrame is returned for an operation whose context does not come from a handler.
var ErrNoFrame = errors.New("this context does not come from a Lattice handler: pass on the context that the handler, method or test host gave you (for HTTP handlers r.Context())")

// ErrFrameEnded is returned for an operation of a Worker whose event is over.
var ErrFrameEnded = errors.New("the event this goroutine worked for is over: keep it alive with WaitUntil")

// Transport performs operations natively, against a local host in the same process. The result is that of the
// imported function call: a status byte, then the payload or an Error.
type Transport interface {
	Invoke(ctx context.Context, op uint32, request []byte) ([]byte, error)
}

// Starter is a Transport that begins operations in the order in which they come: one has begun when Start returns, and its end is what wait waits for.
type Starter interface {
	Start(ctx context.Context, op uint32, request []byte) (wait func() ([]byte, error))
}

type transportKey struct{}

// WithTransport returns a context whose operations go to t.
func WithTransport(ctx context.Context, t Transport) context.Context {
	return context.WithValue(ctx, transportKey{}, t)
}

// TransportOf returns where the operations of ctx go, or nil.
func TransportOf(ctx context.Context) Transport {
	t, _ := ctx.Value(transportKey{}).(Transport)
	return t
}

// Invoke performs an operation in the frame of ctx, and returns a reader of its payload. It waits for an asynchronous
// operation until it is done or ctx is.
func Invoke(ctx context.Context, op uint32, request []byte) (*abi.Reader, error) {
	t, ok := ctx.Value(transportKey{}).(Transport)
	if !ok {
		return nil, ErrNoFrame
	}
	result, err := t.Invoke(ctx, op, request)
	if err != nil {
		return nil, err
	}
	return open(result)
}

// Do is Invoke for operations without a payload.
func Do(ctx context.Context, op uint32, request []byte) error {
	_, err := Invoke(ctx, op, request)
	return err
}

// open separates the status of a result from its payload.
func open(result []byte) (*abi.Reader, error) {
	r := abi.NewReader(result)
	switch status := r.U8(); {
	case r.Err() != nil:
		return nil, r.Err()
	case status == abi.StatusOK:
		return r, nil
	case status == abi.StatusError:
		e := r.Error()
		if r.Err() != nil {
			return nil, r.Err()
		}
		return nil, FromABI(e)
	default:
		r.Fail("unknown status %d", status)
		return nil, r.Err()
	}
}
