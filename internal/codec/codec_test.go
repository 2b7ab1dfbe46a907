package codec_test

import (
	"errors"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/codec"
)

type inner struct {
	City string `json:"city"`
}

type person struct {
	Name    string            `json:"name"`
	Age     int               `json:"age,omitempty"`
	Born    time.Time         `json:"born"`
	Key     []byte            `json:"key"`
	Tags    []string          `json:"tags"`
	Address *inner            `json:"address"`
	Extra   map[string]any    `json:"extra"`
	Counts  map[int]string    `json:"counts"`
	Big     *big.Int          `json:"big"`
	Labels  map[string]string `json:"labels"`
	Hidden  string            `json:"-"`
	Pair    [2]float64        `json:"pair"`
}

func roundTrip(t *testing.T, in, out any) {
	t.Helper()
	var w abi.Writer
	if err := codec.Marshal(&w, in); err != nil {
		t.Fatalf("marshal %#v: %v", in, err)
	}
	r := abi.NewReader(w.Bytes())
	if err := codec.Unmarshal(r, out); err != nil {
		t.Fatalf("unmarshal %#v: %v", in, err)
	}
	if err := r.End(); err != nil {
		t.Fatal(err)
	}
}

func TestRoundTripKeepsEveryField(t *testing.T) {
	in := person{
		Name: "Ada", Age: 36, Born: time.UnixMilli(1234567890123).UTC(), Key: []byte{0, 255}, Tags: []string{"x", ""},
		Address: &inner{"London"}, Extra: map[string]any{"n": int64(1), "f": 1.5, "s": "t", "b": true, "nil": nil},
		Counts: map[int]string{7: "seven"}, Big: new(big.Int).Lsh(big.NewInt(1), 80), Labels: map[string]string{"a": "b"},
		Pair: [2]float64{1, -0.5},
	}
	var out person
	roundTrip(t, in, &out)
	if !reflect.DeepEqual(in, out) {
		t.Errorf("got  %+v\nwant %+v", out, in)
	}
}

func TestAbsentAndNullLeaveZeroValues(t *testing.T) {
	for name, v := range map[string]abi.Value{"empty object": abi.Object{}, "nulls": abi.Object{{Name: "name"}, {Name: "age", Value: abi.Undefined{}}, {Name: "address"}}} {
		p := person{Name: "left over", Address: &inner{}}
		if err := codec.Assign(v, &p); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if p.Name != "" || p.Address != nil {
			t.Errorf("%s: %+v is not zero", name, p)
		}
	}
}

func TestMismatchesNameThePlace(t *testing.T) {
	cases := []struct {
		value abi.Value
		want  string
	}{
		{abi.Object{{Name: "age", Value: "old"}}, "age: expected an integer, got a string"},
		{abi.Object{{Name: "age", Value: 1.5}}, "age: number 1.5 does not fit int"},
		{abi.Object{{Name: "tags", Value: abi.Array{"a", int64(1)}}}, "tags[1]: expected a string, got a number"},
		{abi.Object{{Name: "address", Value: abi.Object{{Name: "city", Value: true}}}}, "address.city: expected a string, got a boolean"},
		{abi.Object{{Name: "born", Value: "yesterday"}}, "born: expected a Date, got a string"},
		{abi.Array{}, "expected an object, got an array"},
	}
	for _, c := range cases {
		var p person
		err := codec.Assign(c.value, &p)
		if err == nil || err.Error() != c.want {
			t.Errorf("%v: got %v, want %s", c.value, err, c.want)
		}
	}
}

func TestAMismatchDoesNotSpoilWhatFollows(t *testing.T) {
	var w abi.Writer
	w.Value(abi.Object{{Name: "name", Value: abi.Map{{Key: "k", Value: abi.Array{int64(1)}}}}})
	w.String("next")
	r := abi.NewReader(w.Bytes())
	var p person
	if err := codec.Unmarshal(r, &p); err == nil {
		t.Fatal("no error")
	}
	var next string
	if err := codec.Unmarshal(r, &next); err != nil || next != "next" {
		t.Errorf("got %q, %v", next, err)
	}
}

func TestWhatCannotBeEncodedIsAnError(t *testing.T) {
	type loop struct{ Next *loop }
	cycle := &loop{}
	cycle.Next = cycle
	for name, c := range map[string]struct {
		value any
		want  string
	}{
		"cycle":         {cycle, "cycle"},
		"channel":       {map[string]any{"c": make(chan int)}, "c: chan int could not be cloned"},
		"function":      {[]any{func() {}}, "[0]: func() could not be cloned"},
		"large integer": {int64(1) << 60, "beyond ±2^53"},
	} {
		var w abi.Writer
		w.U8(42)
		err := codec.Marshal(&w, c.value)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q in it", name, err, c.want)
		}
		if w.Len() != 1 {
			t.Errorf("%s: %d bytes of a failed value were kept", name, w.Len()-1)
		}
	}
}

func TestIntegersBeyondDoublePrecisionAreRefused(t *testing.T) {
	var n int64
	if err := codec.Assign(float64(1<<60), &n); err == nil {
		t.Errorf("2^60 was taken as %d", n)
	}
	if err := codec.Assign(float64(abi.MaxSafeInt), &n); err != nil || n != abi.MaxSafeInt {
		t.Errorf("2^53-1: %d, %v", n, err)
	}
	var small int8
	if err := codec.Assign(int64(300), &small); err == nil {
		t.Error("300 went into an int8")
	}
}

func TestErrorsTravelAsErrors(t *testing.T) {
	var w abi.Writer
	if err := codec.Marshal(&w, map[string]any{"e": errors.New("boom")}); err != nil {
		t.Fatal(err)
	}
	e, ok := abi.NewReader(w.Bytes()).Value().(abi.Object).Get("e").(*abi.Error)
	if !ok || e.Message != "boom" {
		t.Errorf("got %#v", e)
	}
}

func FuzzUnmarshal(f *testing.F) {
	var w abi.Writer
	w.Value(abi.Object{{Name: "name", Value: "x"}, {Name: "tags", Value: abi.Array{"a"}}, {Name: "counts", Value: abi.Map{{Key: int64(1), Value: "b"}}}})
	f.Add(w.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		var p person
		if codec.Unmarshal(abi.NewReader(data), &p) != nil {
			return
		}
		var again person
		roundTrip(t, p, &again)
	})
}
