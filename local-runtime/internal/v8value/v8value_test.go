package v8value

import (
	"encoding/hex"
	"math"
	"reflect"
	"strings"
	"testing"

	"grove.place/lattice/internal/abi"
)

type object = abi.Object

func field(name string, v abi.Value) abi.Field { return abi.Field{Name: name, Value: v} }

// stored are values as workerd 2026-11-17 has stored them with storage.put, and what they were in JavaScript.
var stored = []struct {
	name, bytes string
	want        abi.Value
}{
	{"undefined, null, true, false in an array", "FF0F41045F305446240004", abi.Array{abi.Undefined{}, nil, true, false}},
	{"42", "FF0F4954", int64(42)},
	{"-7", "FF0F490D", int64(-7)},
	{"2**40", "FF0F4E0000000000007042", int64(1 << 40)},
	{"-2147483648", "FF0F4E000000000000E0C1", int64(math.MinInt32)},
	{"1.5", "FF0F4E000000000000F83F", 1.5},
	{"Infinity", "FF0F4E000000000000F07F", math.Inf(1)},
	{"a string of Latin-1", "FF0F220268E9", "hé"},
	{"a string that is aligned", "FF0F630E6800E9006C006C006F002000AC20", "héllo €"},
	{"a string after a byte that aligns it", "FF0F4102220161006304E900AC20240002", abi.Array{"a", "é€"}},
	{"half of a surrogate pair", "FF0F630400D87800", "\uFFFDx"},
	{"12345678901234567890n", "FF0F5A10D20A1FEB8CA954AB", abi.BigInt("12345678901234567890")},
	{"-5n", "FF0F5A110500000000000000", abi.BigInt("-5")},
	{"0n", "FF0F5A00", abi.BigInt("0")},
	{"-(2n ** 70n)", "FF0F5A2100000000000000004000000000000000", abi.BigInt("-1180591620717411303424")},
	{"new Date(1700000000000)", "FF0F4400008056FEBC7842", abi.Date(1700000000000)},
	{"boxed 3, 's', true, 7n", "FF0F41046E000000000000084073220173797A100700000000000000240004", abi.Array{int64(3), "s", true, abi.BigInt("7")}},
	{"a Map of a Date to a Set of a Map", "FF0F3B44000000000000F03F273B3A002C013A02", abi.Map{{Key: abi.Date(1), Value: abi.Set{abi.Map{}}}}},
	{"a Map with an object as a value", "FF0F3B220161490249046F22016241034902490449062400037B013A04",
		abi.Map{{Key: "a", Value: int64(1)}, {Key: int64(2), Value: object{field("b", abi.Array{int64(1), int64(2), int64(3)})}}}},
	{"new Set([1, 'x'])", "FF0F2749022201782C02", abi.Set{int64(1), "x"}},
	{"what is empty", "FF0F410541002400006F7B003B3A00272C002200240005", abi.Array{abi.Array{}, object{}, abi.Map{}, abi.Set{}, ""}},
	{"nested objects", "FF0F6F2201616F22016241016F220163302201645F22016554220166467B042400017B017B01",
		object{field("a", object{field("b", abi.Array{object{field("c", nil), field("d", abi.Undefined{}), field("e", true), field("f", false)}})})}},
	{"names that are numbers", "FF0F6F4E0000C0FFFFFFEF41490622022D314902220A3432393439363732393549042203312E3549087B04",
		object{field("4294967294", int64(3)), field("-1", int64(1)), field("4294967295", int64(2)), field("1.5", int64(4))}},
	{"an object twice", "FF0F6F2201786F7B002201795E017B02", object{field("x", object{}), field("y", object{})}},
	{"an object of a class", "FF0F6F22016149027B01", object{field("a", int64(1))}},
	{"an array with a hole", "FF0F61034900490249044906400203", abi.Array{int64(1), abi.Undefined{}, int64(3)}},
	{"an array with a property", "FF0F410149022201784904240101", abi.Array{int64(1)}},
	{"an ArrayBuffer", "FF0F42020908", abi.ArrayBuffer{9, 8}},
	{"a resizable ArrayBuffer", "FF0F7E040800000000", abi.ArrayBuffer{0, 0, 0, 0}},
	{"a Uint8Array of all of one", "FF0F7E0408000000005642000003", []byte{0, 0, 0, 0}},
	{"a Uint8Array of a part of one", "FF0F7E0408000000005642010202", []byte{0, 0}},
	{"a Uint8Array", "FF0F42030102035642000300", []byte{1, 2, 3}},
	{"a subarray", "FF0F420501020304055642010200", []byte{2, 3}},
	{"four views of one buffer", "FF0F410442040102030456420004005E0156420202005E0156770004005E01240004",
		abi.Array{[]byte{1, 2, 3, 4}, []byte{3, 4}, abi.TypedArray{Kind: 2, Bytes: []byte{1, 2, 3, 4}}, abi.ArrayBuffer{1, 2, 3, 4}}},
	{"a Float64Array", "FF0F4210000000000000F83F00000000000004405646001000", abi.TypedArray{Kind: 7, Bytes: []byte{0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0, 0, 0, 0, 0, 0, 4, 0x40}}},
	{"a Float32Array", "FF0F42080000803F000000405666000800", abi.TypedArray{Kind: 6, Bytes: []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0x40}}},
	{"a DataView", "FF0F420401020304563F010200", abi.TypedArray{Kind: 10, Bytes: []byte{2, 3}}},
	{"an Int8Array", "FF0F420201025662000200", abi.TypedArray{Kind: 0, Bytes: []byte{1, 2}}},
	{"a Uint8ClampedArray", "FF0F420201025643000200", abi.TypedArray{Kind: 1, Bytes: []byte{1, 2}}},
	{"a BigUint64Array", "FF0F4210010000000000000002000000000000005651001000", abi.TypedArray{Kind: 9, Bytes: []byte{1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0}}},
	{"/a+b/gi", "FF0F522203612B6203", abi.RegExp{Source: "a+b", Flags: "gi"}},
	{"new RegExp('')", "FF0F522204283F3A2900", abi.RegExp{Source: "(?:)"}},
	{"/[a]/dgimsy", "FF0F5222035B615DAF01", abi.RegExp{Source: "[a]", Flags: "dgimsy"}},
	{`/a\/b/v`, "FF0F522204615C2F628002", abi.RegExp{Source: `a\/b`, Flags: "v"}},
	{"an Error without a stack", "FF0F5C0A0122016D6F7B00", &abi.Error{Name: "Error", Message: "m"}},
	{"an Error with a name of its own", "FF0F5C0A0022044D696E6522016D6F7B00", &abi.Error{Name: "Mine", Message: "m"}},
	{"a TypeError with a stack and a code", "FF0F5C0A0222036261646F2205737461636B220161220463" + "6F6465490E7B02", &abi.Error{Name: "TypeError", Message: "bad", Props: object{field("code", int64(7))}}},
	{"an Error as V8 has it", "FF0F72526D22016D2E", &abi.Error{Name: "RangeError", Message: "m"}},
}

func TestValuesOfWorkerd(t *testing.T) {
	for _, c := range stored {
		b, err := hex.DecodeString(c.bytes)
		if err != nil {
			t.Fatal(c.name, err)
		}
		got, err := Decode(b)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s is read as %#v, %v; want %#v", c.name, got, err, c.want)
		}
		for n := range b { // no beginning of it is a value, but for the buffer that a view is of
			v, err := Decode(b[:n])
			if _, buffer := v.(abi.ArrayBuffer); err == nil && !buffer {
				t.Errorf("the first %d of %d bytes of %s are read as %#v", n, len(b), c.name, v)
			}
		}
	}
	if v, err := Decode([]byte("\xff\x0fN\x00\x00\x00\x00\x00\x00\x00\x80")); err != nil || !math.Signbit(v.(float64)) {
		t.Errorf("-0 is read as %v, %v", v, err)
	}
	for _, nan := range []string{"\xff\x0fN\x00\x00\x00\x00\x00\x00\xf8\x7f", "\xff\x0fD\x00\x00\x00\x00\x00\x00\xf8\x7f"} {
		v, err := Decode([]byte(nan))
		f, isFloat := v.(float64)
		if date, ok := v.(abi.Date); ok {
			f, isFloat = float64(date), true
		}
		if err != nil || !isFloat || !math.IsNaN(f) {
			t.Errorf("NaN, or an invalid Date, is read as %v, %v", v, err)
		}
	}
}

func TestWhatCannotBeReadSaysWhy(t *testing.T) {
	deep := "FF0F" + strings.Repeat("4101", 600) + "30" + strings.Repeat("240001", 600)
	for _, c := range []struct{ name, bytes, want string }{
		{"a cycle", "FF0F6F22016E4902220473656C665E007B02", "it contains itself"},
		{"a Blob", "FF0F5C0F0A746578742F706C61696E0178", "it has a Blob in it, which storage in Go cannot hold"},
		{"Headers", "FF0F5C0403010001610162", "it has Headers in it"},
		{"a Float16Array", "FF0F4202003E5668000200", "Float16Array"},
		{"600 arrays in one another", deep, "nests deeper than 500"},
		{"a later version", "FF1030", "version 16"},
		{"an earlier version", "FF0930", "version 9"},
		{"what is no value", "7B7D", "not a value that V8 has serialized"},
		{"nothing", "", "cut off"},
		{"more after it", "FF0F3030", "1 bytes follow its end"},
		{"a view beyond its memory", "FF0F42010156420005" + "00", "a view goes beyond its memory"},
		{"a reference to nothing", "FF0F5E07", "refers to a value 7"},
		{"an array of four thousand million", "FF0F61FFFFFFFF0F", "an array of 4294967295 elements"},
	} {
		b, err := hex.DecodeString(c.bytes)
		if err != nil {
			t.Fatal(c.name, err)
		}
		if v, err := Decode(b); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v; want an error with %q", c.name, v, err, c.want)
		}
	}
}

// A value of a few bytes may refer to itself so often that it would fill the memory.
func TestAValueThatUnfoldsWithoutEnd(t *testing.T) {
	b := []byte{0xff, 15, 'A', 31, 'A', 0, '$', 0, 0}
	for id := 1; id < 31; id++ {
		b = append(b, 'A', 2, '^', byte(id), '^', byte(id), '$', 0, 2)
	}
	b = append(b, '$', 0, 31)
	if _, err := Decode(b); err == nil || !strings.Contains(err.Error(), "more than 4194304 values") {
		t.Errorf("got %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, c := range stored {
		b, _ := hex.DecodeString(c.bytes)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := Decode(b)
		if err != nil {
			return
		}
		var w abi.Writer
		w.Value(v)
		r := abi.NewReader(w.Bytes())
		if r.Value(); r.End() != nil {
			t.Errorf("%x is read as %#v, which does not encode: %v", b, v, r.End())
		}
	})
}
