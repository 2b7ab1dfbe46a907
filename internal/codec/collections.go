package codec

import "grove.place/lattice/internal/abi"

// Entry is an entry of a Map.
type Entry[K, V any] struct {
	Key   K
	Value V
}

// Map is a JavaScript Map with its order, which a Go map loses.
type Map[K, V any] []Entry[K, V]

// Set is a JavaScript Set in its order.
type Set[T any] []T

// ArrayBuffer is a JavaScript ArrayBuffer: bytes without a view. []byte is a Uint8Array.
type ArrayBuffer []byte

// The typed arrays of JavaScript other than Uint8Array, which is []byte. A plain slice of numbers is an Array.
type (
	Int8Array         []int8
	Uint8ClampedArray []uint8
	Int16Array        []int16
	Uint16Array       []uint16
	Int32Array        []int32
	Uint32Array       []uint32
	Float32Array      []float32
	Float64Array      []float64
	BigInt64Array     []int64
	BigUint64Array    []uint64
	DataView          []byte
)

// RegExp is a JavaScript regular expression, whose syntax is not Go's.
type RegExp struct{ Source, Flags string }

// special tells the types above from others of their kind: by the tag of their form.
type special interface{ form() (tag, kind byte) }

func (Map[K, V]) form() (byte, byte)         { return abi.TagMap, 0 }
func (Set[T]) form() (byte, byte)            { return abi.TagSet, 0 }
func (ArrayBuffer) form() (byte, byte)       { return abi.TagArrayBuffer, 0 }
func (Int8Array) form() (byte, byte)         { return abi.TagTypedArray, 0 }
func (Uint8ClampedArray) form() (byte, byte) { return abi.TagTypedArray, 1 }
func (Int16Array) form() (byte, byte)        { return abi.TagTypedArray, 2 }
func (Uint16Array) form() (byte, byte)       { return abi.TagTypedArray, 3 }
func (Int32Array) form() (byte, byte)        { return abi.TagTypedArray, 4 }
func (Uint32Array) form() (byte, byte)       { return abi.TagTypedArray, 5 }
func (Float32Array) form() (byte, byte)      { return abi.TagTypedArray, 6 }
func (Float64Array) form() (byte, byte)      { return abi.TagTypedArray, 7 }
func (BigInt64Array) form() (byte, byte)     { return abi.TagTypedArray, 8 }
func (BigUint64Array) form() (byte, byte)    { return abi.TagTypedArray, 9 }
func (DataView) form() (byte, byte)          { return abi.TagTypedArray, 10 }
func (RegExp) form() (byte, byte)            { return abi.TagRegExp, 0 }
