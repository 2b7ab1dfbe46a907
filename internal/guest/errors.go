package guest

import (
	"context"
	"errors"
	"fmt"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/codec"
)

func init() {
	codec.ErrorOf = ToABI
	codec.ErrorFrom = func(e *abi.Error) error { return FromABI(e) }
}

// Error is a failure as the Workers runtime reports it, or as a handler reports it to its caller: a JavaScript Error
// with a name, a message and own properties.
//
// See https://developers.cloudflare.com/durable-objects/best-practices/error-handling/.
type Error struct {
	// Name is the class of the error: "Error", "TypeError", "RangeError", …
	Name string
	// Message is what went wrong.
	Message string
	// Remote: the error was thrown by the object or service that was called.
	Remote bool
	// Retryable: the call may not have arrived; it may be tried again if it is idempotent.
	Retryable bool
	// Overloaded: the object has more requests than it can handle; do not try again at once.
	Overloaded bool
	// DurableObjectReset: the object was reset; its next call goes to a fresh instance, through a new stub.
	DurableObjectReset bool
	// Cause is what the error says led to it, where that is an error: its `cause`. A Go error that wraps another has that as its cause
	// on the other side.
	Cause error
	// Props are the error's other own properties.
	Props map[string]any
	// Stack is the JavaScript or Go stack, when there is one.
	Stack string
}

// Error returns the message, preceded by the name unless that is plain "Error".
func (e *Error) Error() string {
	if e.Name == "" || e.Name == "Error" {
		return e.Message
	}
	return e.Name + ": " + e.Message
}

// Unwrap returns the Cause.
func (e *Error) Unwrap() error { return e.Cause }

// NewError returns an error that callers, also those in JavaScript, see under this name and message.
func NewError(name, message string) *Error { return &Error{Name: name, Message: message} }

// FromABI converts an error that crossed from the host.
func FromABI(e *abi.Error) *Error {
	out := &Error{
		Name: e.Name, Message: e.Message, Stack: e.Stack,
		Remote: e.Remote, Retryable: e.Retryable, Overloaded: e.Overloaded, DurableObjectReset: e.ObjectWasReset,
	}
	if len(e.Props) > 0 {
		out.Props = make(map[string]any, len(e.Props))
		for _, p := range e.Props {
			if cause, ok := p.Value.(*abi.Error); ok && p.Name == "cause" {
				out.Cause = FromABI(cause)
				continue
			}
			out.Props[p.Name] = codec.Natural(p.Value)
		}
	}
	return out
}

// maxCauses bounds the chain of causes that an error takes along.
const maxCauses = 16

// ToABI converts any error for its way to the host. A wrapped *Error keeps its name, flags and properties; the message is
// that of the whole chain, and what an error wraps is its cause.
func ToABI(err error) *abi.Error { return toABI(err, maxCauses) }

func toABI(err error, causes int) *abi.Error {
	var e *Error
	if !errors.As(err, &e) {
		return withCause(&abi.Error{Name: "Error", Message: err.Error()}, err, causes)
	}
	out := &abi.Error{
		Name: e.Name, Message: e.Message, Stack: e.Stack,
		Remote: e.Remote, Retryable: e.Retryable, Overloaded: e.Overloaded, ObjectWasReset: e.DurableObjectReset,
	}
	if out.Name == "" {
		out.Name = "Error"
	}
	if direct, ok := err.(*Error); !ok || direct != e {
		out.Message = err.Error()
	}
	for name, v := range e.Props {
		var w abi.Writer
		if codec.Marshal(&w, v) == nil {
			out.Props = append(out.Props, abi.Field{Name: name, Value: abi.NewReader(w.Bytes()).Value()})
		}
	}
	return withCause(out, err, causes)
}

// withCause adds what err wraps to out.
func withCause(out *abi.Error, err error, causes int) *abi.Error {
	inner := errors.Unwrap(err)
	if inner == nil || causes == 0 {
		return out
	}
	out.Props = append(out.Props, abi.Field{Name: "cause", Value: toABI(inner, causes-1)})
	return out
}

// panicError is what a caller gets when the code it called panics. A handler, which returns no error, may panic with an *Error
// to have its caller see just that.
func panicError(p any) *Error {
	if e, ok := p.(*Error); ok {
		return e
	}
	if err, ok := p.(error); ok {
		return &Error{Name: "Error", Message: "panic: " + err.Error()}
	}
	return &Error{Name: "Error", Message: fmt.Sprintf("panic: %v", p)}
}

// cause is the reason why ctx is done, never nil.
func cause(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return context.Canceled
}
