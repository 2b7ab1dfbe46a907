package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/rpc"
)

// show turns a value into what JSON can say, with every type visible. oracle/show.mjs is the twin.
func show(v any) any {
	switch v := v.(type) {
	case nil, bool, string, json.RawMessage:
		return v
	case float64:
		switch {
		case math.IsNaN(v):
			return object{"$number": "NaN"}
		case math.IsInf(v, 1):
			return object{"$number": "Infinity"}
		case math.IsInf(v, -1):
			return object{"$number": "-Infinity"}
		case v == 0 && math.Signbit(v):
			return object{"$number": "-0"}
		}
		return v
	case []byte:
		return showBytes(v)
	case rpc.ArrayBuffer:
		return showBytes(v)
	case rpc.Map[any, any]:
		m := object{}
		for _, e := range v {
			m[fmt.Sprint(e.Key)] = show(e.Value)
		}
		return m
	case time.Time:
		return object{"$date": v.UnixMilli()}
	case *big.Int:
		return object{"$bigint": v.String()}
	case error:
		return object{"$error": showError(v)}
	case durables.Entries:
		return pairs(v)
	}
	return showComposite(reflect.ValueOf(v))
}

// showComposite shows lists and maps of any element type.
func showComposite(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = show(v.Index(i).Interface())
		}
		return list
	case reflect.Map:
		m := object{}
		for _, k := range v.MapKeys() {
			m[fmt.Sprint(k.Interface())] = show(v.MapIndex(k).Interface())
		}
		return m
	}
	return v.Interface()
}

type object = map[string]any

func showBytes(b []byte) any {
	if len(b) > 64 {
		sum := uint32(7)
		for _, x := range b {
			sum = sum*31 + uint32(x)
		}
		return object{"$bytes": fmt.Sprintf("%d bytes, sum %d", len(b), sum)}
	}
	return object{"$bytes": fmt.Sprintf("%x", b)}
}

// showError shows an error as callers see it: name, message and properties.
func showError(err error) object {
	var e *workers.Error
	if !errors.As(err, &e) {
		return object{"name": "Error", "message": err.Error()}
	}
	out := object{"name": e.Name, "message": e.Message}
	for name, set := range map[string]bool{"remote": e.Remote, "retryable": e.Retryable, "overloaded": e.Overloaded, "durableObjectReset": e.DurableObjectReset} {
		if set {
			out[name] = true
		}
	}
	for k, v := range e.Props {
		out[k] = show(v)
	}
	return out
}

// attempt is the outcome of a call: its value, or the error it failed with.
func attempt(v any, err error) any {
	if err != nil {
		return object{"error": showError(err)}
	}
	return show(v)
}

// try is attempt for calls that return only an error.
func try(err error) any { return attempt(nil, err) }

// pairs shows entries as [key, value] in their order.
func pairs(entries durables.Entries) []any {
	list := make([]any, len(entries))
	for i, e := range entries {
		var v any
		if err := e.Decode(&v); err != nil {
			v = err
		}
		list[i] = []any{e.Key, show(v)}
	}
	return list
}

// fields shows entries as an object.
func fields(entries durables.Entries) object {
	m := object{}
	for _, e := range entries {
		var v any
		if err := e.Decode(&v); err != nil {
			v = err
		}
		m[e.Key] = show(v)
	}
	return m
}

// all evaluates to the list of values, or to the first error.
func all(values ...func() (any, error)) (any, error) {
	list := make([]any, len(values))
	for i, f := range values {
		v, err := f()
		if err != nil {
			return nil, err
		}
		list[i] = v
	}
	return list, nil
}

// sleep waits, or ends early with the context.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pattern returns n bytes that every home makes in the same way.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

// asJSON is a value as a program prints it.
func asJSON(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}
