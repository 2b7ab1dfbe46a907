package guest

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"grove.place/lattice/internal/abi"
)

func TestWhatAnErrorWrapsIsItsCause(t *testing.T) {
	inner := &Error{Name: "TypeError", Message: "inner", Props: map[string]any{"code": int64(7)}}
	got := FromABI(ToABI(fmt.Errorf("outer: %w", inner)))
	if got.Name != "TypeError" || got.Message != "outer: TypeError: inner" || got.Props["code"] != int64(7) {
		t.Errorf("got %#v", got)
	}
	var cause *Error
	if !errors.As(errors.Unwrap(got), &cause) || cause.Message != "inner" || cause.Props["code"] != int64(7) {
		t.Errorf("the cause is %#v", cause)
	}
	if plain := FromABI(ToABI(fmt.Errorf("read: %w", io.ErrUnexpectedEOF))); plain.Cause == nil || plain.Cause.Error() != "unexpected EOF" {
		t.Errorf("the cause of a plain error is %v", plain.Cause)
	}
	if FromABI(ToABI(io.EOF)).Cause != nil {
		t.Error("an error that wraps nothing has a cause")
	}
}

func TestAnEndlessChainOfCausesIsCut(t *testing.T) {
	loop := &Error{Name: "Error", Message: "again"}
	loop.Cause = loop
	var w abi.Writer
	w.Error(ToABI(loop))
	depth := 0
	for err := error(FromABI(abi.NewReader(w.Bytes()).Error())); err != nil; err = errors.Unwrap(err) {
		depth++
	}
	if depth != maxCauses+1 {
		t.Errorf("%d errors arrived, want %d", depth, maxCauses+1)
	}
}
