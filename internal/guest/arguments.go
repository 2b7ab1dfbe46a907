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
func IsNone[P any]() bool { return reflect.TypeFor[P]() == reflect.TypeFor[None]() }

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
func DecodeParameter[P any](ctx context.Context, name string, args []byte) (p P, err error) {
	refs := newReferences(ctx)
	unread := streamsIn(refs, args)
	if unread != nil {
		refs.claimed = map[claim]any{}
	}
	p, err = decodeParameter[P](refs, name, abi.NewReader(args))
	if err != nil {
		refs.claimed = nil
	}
	disown(ctx, unread, refs.claimed)
	return p, err
}

func decodeParameter[P any](refs *references, name string, r *abi.Reader) (p P, err error) {
	n := r.Count()
	if r.Err() != nil {
		return p, r.Err()
	}
	want := 1
	if IsNone[P]() {
		want = 0
	}
	t := reflect.TypeFor[P]()
	optional := t.Kind() == reflect.Pointer || want == 0
	switch {
	case n > want:
		return p, NewError("TypeError", fmt.Sprintf("%s takes %s, got %d", name, arguments(want), n))
	case n == 0 && !optional:
		return p, NewError("TypeError", fmt.Sprintf("%s takes %s, got none", name, arguments(want)))
	case n == 0:
		return p, nil
	}
	if tag := r.Peek(); (tag == abi.TagUndefined || tag == abi.TagNull) && !optional && !nullable(t) {
		return p, NewError("TypeError", fmt.Sprintf("%s: argument 1 is missing: expected %s", name, t))
	}
	if err := codec.UnmarshalWith(r, &p, refs); err != nil {
		return p, NewError("TypeError", fmt.Sprintf("%s: argument 1: %v", name, err))
	}
	return p, nil
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

// EncodeResult encodes what a method or function returned, after Headroom bytes.
func EncodeResult[R any](ctx context.Context, name string, result R) ([]byte, error) {
	if IsNone[R]() {
		return undefinedResult(), nil
	}
	w := abi.NewWriter(make([]byte, Headroom, 64))
	if err := MarshalResult(ctx, w, result); err != nil {
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
	parameter := ""
	if t := reflect.TypeFor[P](); !IsNone[P]() {
		optional := ""
		if t.Kind() == reflect.Pointer && !types.reference(t) {
			optional, t = "?", t.Elem()
		}
		parameter = "params" + optional + ": " + types.Of(t)
	}
	result := "void"
	if !IsNone[R]() {
		result = types.Of(reflect.TypeFor[R]())
	}
	return fmt.Sprintf("(%s)%s Promise<%s>", parameter, arrow, result)
}
