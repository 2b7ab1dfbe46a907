package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"net/http"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/rpc"
)

// reveal is a value as text in which every type is visible. oracle/rpc_values.mjs is the twin.
func reveal(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		b, _ := json.Marshal(v)
		return string(b)
	case bool:
		return strconv.FormatBool(v)
	case time.Time:
		return fmt.Sprintf("Date(%d)", v.UnixMilli())
	case *big.Int:
		if v == nil {
			return "null"
		}
		return v.String() + "n"
	case []byte:
		return "Uint8Array(" + hex.EncodeToString(v) + ")"
	case rpc.ArrayBuffer:
		return "ArrayBuffer(" + hex.EncodeToString(v) + ")"
	case rpc.DataView:
		return "DataView(" + hex.EncodeToString(v) + ")"
	case rpc.RegExp:
		return "RegExp(" + v.Source + " " + v.Flags + ")"
	case http.Header:
		return revealHeader(v)
	case error:
		return revealError(v)
	case *rpc.Any:
		return "stub"
	}
	return revealComposite(reflect.ValueOf(v))
}

func revealComposite(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Float32, reflect.Float64:
		if v.Float() == 0 && math.Signbit(v.Float()) {
			return "-0"
		}
		return strconv.FormatFloat(v.Float(), 'f', -1, 64)
	case reflect.Slice:
		return revealList(v)
	case reflect.Map:
		keys := v.MapKeys()
		sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
		var parts []string
		for _, k := range keys {
			parts = append(parts, k.String()+": "+reveal(v.MapIndex(k).Interface()))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case reflect.Pointer:
		if v.IsNil() {
			return "null"
		}
		return reveal(v.Elem().Interface())
	}
	return fmt.Sprint(v.Interface())
}

func revealList(v reflect.Value) string {
	name, _, _ := strings.Cut(v.Type().Name(), "[")
	parts := make([]string, v.Len())
	for i := range parts {
		e := v.Index(i)
		switch {
		case name == "Map":
			parts[i] = reveal(e.Field(0).Interface()) + ": " + reveal(e.Field(1).Interface())
		case strings.HasPrefix(name, "Big"):
			parts[i] = reveal(e.Interface()) + "n"
		default:
			parts[i] = reveal(e.Interface())
		}
	}
	text := strings.Join(parts, ", ")
	switch name {
	case "":
		return "[" + text + "]"
	case "Map", "Set":
		return name + "{" + text + "}"
	}
	return name + "(" + text + ")"
}

func revealHeader(h http.Header) string {
	var parts []string
	for name, values := range h {
		parts = append(parts, strings.ToLower(name)+": "+strings.Join(values, ", "))
	}
	sort.Strings(parts)
	return "Headers{" + strings.Join(parts, ", ") + "}"
}

// revealError shows an error with its own properties and its cause.
func revealError(err error) string {
	var e *workers.Error
	if !errors.As(err, &e) {
		e = &workers.Error{Name: "Error", Message: err.Error(), Cause: errors.Unwrap(err)}
	}
	var props []string
	for name, v := range e.Props {
		if name != "durableObjectId" && name != "cause" {
			props = append(props, "; "+name+": "+reveal(v))
		}
	}
	for name, set := range map[string]bool{"remote": e.Remote, "retryable": e.Retryable, "overloaded": e.Overloaded, "durableObjectReset": e.DurableObjectReset} {
		if set {
			props = append(props, "; "+name+": true")
		}
	}
	slices.Sort(props)
	cause := ""
	if inner := errors.Unwrap(e); inner != nil {
		cause = "; cause: " + reveal(inner)
	} else if v, ok := e.Props["cause"]; ok {
		cause = "; cause: " + reveal(v)
	}
	return "Error(" + e.Name + ": " + e.Message + strings.Join(props, "") + cause + ")"
}

func bigInt(s string) *big.Int { n, _ := new(big.Int).SetString(s, 10); return n }

type omap = rpc.Map[any, any]

// types has a value of each type that JavaScript knows.
var types = map[string]func() any{
	"ordered map": func() any {
		return omap{{Key: "z", Value: 1}, {Key: "a", Value: 2}, {Key: "m", Value: omap{{Key: "y", Value: 1}, {Key: "b", Value: 2}}}}
	},
	"map with keys of many types": func() any {
		return omap{{Key: 1, Value: "number"}, {Key: "1", Value: "string"}, {Key: true, Value: "boolean"}, {Value: "null"}}
	},
	"empty map":         func() any { return omap{} },
	"ordered set":       func() any { return rpc.Set[any]{"z", "a", 1, "m"} },
	"empty set":         func() any { return rpc.Set[string]{} },
	"ArrayBuffer":       func() any { return rpc.ArrayBuffer{1, 2, 255} },
	"Int8Array":         func() any { return rpc.Int8Array{-128, 0, 127} },
	"Uint8Array":        func() any { return []byte{0, 128, 255} },
	"Uint8ClampedArray": func() any { return rpc.Uint8ClampedArray{0, 128, 255} },
	"Int16Array":        func() any { return rpc.Int16Array{-32768, 1, 32767} },
	"Uint16Array":       func() any { return rpc.Uint16Array{0, 65535} },
	"Int32Array":        func() any { return rpc.Int32Array{-2147483648, 1, 2147483647} },
	"Uint32Array":       func() any { return rpc.Uint32Array{0, 4294967295} },
	"Float32Array":      func() any { return rpc.Float32Array{-1.5, 0.25, 1024} },
	"Float64Array":      func() any { return rpc.Float64Array{-1.5, 0.1, 1e9} },
	"BigInt64Array":     func() any { return rpc.BigInt64Array{math.MinInt64, 1, math.MaxInt64} },
	"BigUint64Array":    func() any { return rpc.BigUint64Array{0, math.MaxUint64} },
	"DataView":          func() any { return rpc.DataView{7, 8, 9} },
	"RegExp":            func() any { return rpc.RegExp{Source: `a(b)+\/[c-d]`, Flags: "giu"} },
	"BigInt":            func() any { return bigInt("-12345678901234567890123456789") },
	"Date":              func() any { return time.UnixMilli(1700000000123) },
	"error":             func() any { return workers.NewError("RangeError", "a value") },
	"error with properties": func() any {
		return &workers.Error{Name: "Error", Message: "a value", Props: object{"code": 7, "list": []any{1, time.UnixMilli(5)}}}
	},
	"error with a cause": func() any {
		return &workers.Error{Message: "outer", Cause: &workers.Error{Name: "TypeError", Message: "inner", Cause: errors.New("innermost")}}
	},
	"Headers": func() any { return http.Header{"X-One": {"1"}, "X-Two": {"2"}} },
}

// order is that of the oracle.
var order = []string{"ordered map", "map with keys of many types", "empty map", "ordered set", "empty set", "ArrayBuffer", "Int8Array", "Uint8Array",
	"Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array",
	"DataView", "RegExp", "BigInt", "Date", "error", "error with properties", "error with a cause", "Headers"}

func mixedTypes() any {
	m := object{}
	for name, v := range types {
		if name != "map with keys of many types" {
			m[strings.ReplaceAll(name, " ", "_")] = v()
		}
	}
	return m
}

// Typed has a field for each type that a Go program would declare.
type Typed struct {
	Ints    rpc.Int32Array       `json:"ints"`
	Floats  rpc.Float64Array     `json:"floats"`
	Set     rpc.Set[string]      `json:"set"`
	Map     rpc.Map[string, int] `json:"map"`
	When    *time.Time           `json:"when"`
	Pattern *rpc.RegExp          `json:"pattern"`
	Buffer  rpc.ArrayBuffer      `json:"buffer"`
	Big     *big.Int             `json:"big"`
	Failure error                `json:"failure"`
	Headers http.Header          `json:"headers"`
}

var (
	seen = durables.Method(objClass, "seen", func(_ *Obj, _ context.Context, v any) (string, error) { return reveal(v), nil })
	_    = durables.Method(objClass, "typed", func(_ *Obj, _ context.Context, p Typed) (Typed, error) { return p, nil })
)

func echoed(c *call, v any) (any, error) {
	got, err := echo.Call(c.ctx, c.object(), v)
	return reveal(got), err
}

func revealTyped(c *call, p any) (any, error) {
	var got any
	err := c.object().Call(c.ctx, "typed", &got, p)
	return reveal(got), err
}

func init() {
	for name, value := range types {
		workerCases["rpc types/"+name] = func(c *call) (any, error) { return echoed(c, value()) }
		workerCases["rpc types nested/"+name] = func(c *call) (any, error) {
			return echoed(c, object{"v": value(), "list": []any{[]any{value()}, value()}})
		}
	}
	objectCases["rpc types/inside"] = func(ctx context.Context, _ *self) (any, error) {
		got, err := echo.Call(ctx, objects().GetByName("rpc types/inside 2"), mixedTypes())
		return reveal(got), err
	}
	table(workerCases, map[string]func(c *call) (any, error){
		"rpc types/all at once": func(c *call) (any, error) { return echoed(c, mixedTypes()) },
		"rpc types/between objects": func(c *call) (any, error) {
			return run.Call(c.ctx, c.object(), RunParams{Name: "rpc types/inside"})
		},
		"rpc types/seen inside": func(c *call) (any, error) {
			list := []string{}
			for _, name := range order {
				text, err := seen.Call(c.ctx, c.object(), types[name]())
				if err != nil {
					return nil, err
				}
				list = append(list, text)
			}
			return list, nil
		},
		"rpc types/typed": func(c *call) (any, error) {
			when := time.UnixMilli(99)
			return revealTyped(c, Typed{
				Ints: rpc.Int32Array{1, -2}, Floats: rpc.Float64Array{1.5}, Set: rpc.Set[string]{"b", "a"}, Map: rpc.Map[string, int]{{Key: "b", Value: 1}, {Key: "a", Value: 2}},
				When: &when, Pattern: &rpc.RegExp{Source: "x+", Flags: "g"}, Buffer: rpc.ArrayBuffer{3, 4}, Big: bigInt("99999999999999999999"),
				Failure: &workers.Error{Name: "TypeError", Message: "as a field", Cause: errors.New("why")}, Headers: http.Header{"X-A": {"b"}},
			})
		},
		"rpc types/holes": func(c *call) (any, error) { return echoed(c, []any{1, rpc.Undefined{}, 3}) },
		"rpc types/an empty typed array": func(c *call) (any, error) {
			return echoed(c, []any{rpc.Float64Array{}, rpc.ArrayBuffer{}, []byte{}})
		},
	})
}
