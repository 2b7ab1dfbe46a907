package guest

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/codec"
)

// None is the parameter type of methods without a parameter, and the result type of methods that return nothing.
type None struct{}

// IsNone reports whether P is None.
func IsNone[P any]() bool { return reflect.TypeFor[P]() == none }

var none = reflect.TypeFor[None]()

// ReservedMethod reports whether no method can have that name: the runtime takes it for something else.
func ReservedMethod(name string) bool {
	switch name {
	case "", "dup", "constructor", "then", "catch", "finally":
		return true
	}
	return false
}

// DecodeParameter takes the one parameter of a method or function from the encoded list of arguments. Streams in what it does not take are
// given up; stubs end with the call.
//
// Like the other generic functions here it only says of which type something is, since the compiler makes a copy for each type.
func DecodeParameter[P any](ctx context.Context, name string, args []byte) (p P, err error) {
	err = takeParameter(ctx, name, args, &p, reflect.TypeFor[P]())
	return p, err
}

// takeParameter stores the parameter in p, a pointer to t.
func takeParameter(ctx context.Context, name string, args []byte, p any, t reflect.Type) error {
	refs := newReferences(ctx)
	unread := streamsIn(refs, args)
	if unread != nil {
		refs.claimed = map[claim]any{}
	}
	err := decodeParameter(refs, name, abi.NewReader(args), p, t)
	if err != nil {
		refs.claimed = nil
	}
	disown(ctx, unread, refs.claimed)
	return err
}

func decodeParameter(refs *references, name string, r *abi.Reader, p any, t reflect.Type) error {
	n := r.Count()
	if r.Err() != nil {
		return r.Err()
	}
	want := 1
	if t == none {
		want = 0
	}
	optional := t.Kind() == reflect.Pointer || want == 0
	switch {
	case n > want:
		return NewError("TypeError", fmt.Sprintf("%s takes %s, got %d", name, arguments(want), n))
	case n == 0 && !optional:
		return NewError("TypeError", fmt.Sprintf("%s takes %s, got none", name, arguments(want)))
	case n == 0:
		return nil
	}
	if tag := r.Peek(); (tag == abi.TagUndefined || tag == abi.TagNull) && !optional && !nullable(t) {
		return NewError("TypeError", fmt.Sprintf("%s: argument 1 is missing: expected %s", name, t))
	}
	if err := codec.UnmarshalWith(r, p, refs); err != nil {
		return NewError("TypeError", fmt.Sprintf("%s: argument 1: %v", name, err))
	}
	return nil
}

func nullable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Interface, reflect.Slice, reflect.Map, reflect.Pointer:
		return true
	}
	return t == reflect.TypeFor[abi.Undefined]()
}

func arguments(n int) string {
	if n == 1 {
		return "1 argument"
	}
	return "no arguments"
}

// Perform calls f, which is called by RPC under name, with an encoded list of arguments, and encodes what it returned.
func Perform[P, R any](ctx context.Context, name string, args []byte, f func(ctx context.Context, p P) (R, error)) ([]byte, error) {
	p, err := DecodeParameter[P](ctx, name, args)
	if err != nil {
		return nil, err
	}
	result, err := f(ctx, p)
	if err != nil {
		return nil, err
	}
	return EncodeResult(ctx, name, result)
}

// EncodeResult encodes what a method or function returned, after Headroom bytes.
func EncodeResult[R any](ctx context.Context, name string, result R) ([]byte, error) {
	return encodeResult(ctx, name, IsNone[R](), Argument(result))
}

func encodeResult(ctx context.Context, name string, nothing bool, result any) ([]byte, error) {
	if nothing {
		return undefinedResult(), nil
	}
	w := abi.NewWriter(make([]byte, Headroom, 64))
	if err := marshalResult(ctx, w, result); err != nil {
		return nil, notEncoded(fmt.Sprintf("result of %s", name), err)
	}
	return w.Bytes(), nil
}

// notEncoded says of what cannot be encoded where it is; an error of the runtime's own stays what it is.
func notEncoded(what string, err error) error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	return NewError("DataCloneError", fmt.Sprintf("%s: %v", what, err))
}

// Signature is the TypeScript of a method or function, such as "(params: Plan): Promise<void>".
func Signature[P, R any](types *Types, arrow string) string {
	return signature(types, arrow, reflect.TypeFor[P](), reflect.TypeFor[R]())
}

func signature(types *Types, arrow string, p, r reflect.Type) string {
	parameter := ""
	if p != none {
		optional := ""
		if p.Kind() == reflect.Pointer && !types.reference(p) {
			optional, p = "?", p.Elem()
		}
		parameter = "params" + optional + ": " + types.Of(p)
	}
	result := "void"
	if r != none {
		result = types.Of(r)
	}
	return fmt.Sprintf("(%s)%s Promise<%s>", parameter, arrow, result)
}
