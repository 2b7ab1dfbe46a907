package storage

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"

	"grove.place/lattice/internal/abi"
)

// TestKeysAnswerAsWorkerdDoes compares key-value operations with those of workerd 2026-11-17, recorded in
// testdata/keys.json, one turn each, on one object.
func TestKeysAnswerAsWorkerdDoes(t *testing.T) {
	var cases []struct {
		Run struct {
			KV, Key string
			Keys    []string
			N       int
			Opts    struct {
				Start, StartAfter, End, Prefix *string
				Reverse                        bool
				Limit                          any
			}
		}
		Want map[string]any
	}
	readJSON(t, "keys.json", &cases)
	d := open(t, file(t))
	for i, c := range cases {
		got := map[string]any{}
		var fields []abi.Field
		var err error
		r := c.Run
		switch r.KV {
		case "put":
			err = d.Put([]abi.Field{{Name: r.Key, Value: int64(1)}})
		case "putbig":
			err = d.Put([]abi.Field{{Name: r.Key, Value: make([]byte, r.N)}})
		case "delete":
			got["n"], err = d.Delete(r.Keys)
		case "get":
			fields, err = d.Get(r.Keys)
		case "list":
			o := abi.ListOptions{Start: r.Opts.Start, StartAfter: r.Opts.StartAfter, End: r.Opts.End, Prefix: r.Opts.Prefix, Reverse: r.Opts.Reverse}
			switch l := r.Opts.Limit.(type) {
			case float64:
				o.Limit = &l
			case map[string]any:
				n := map[string]float64{"NaN": math.NaN(), "Infinity": math.Inf(1)}[text(l["num"])]
				o.Limit = &n
			}
			fields, err = d.List(o)
		}
		if r.KV == "get" || r.KV == "list" {
			names := []string{}
			for _, f := range fields {
				names = append(names, f.Name)
			}
			got["kv"] = names
		}
		if err != nil {
			e := err.(*abi.Error)
			got = map[string]any{"error": e.Name + ": " + e.Message}
		}
		must(t, d.Commit())
		b, _ := json.Marshal(got)
		got = nil
		must(t, json.Unmarshal(b, &got))
		if !reflect.DeepEqual(got, c.Want) {
			w, _ := json.Marshal(c.Want)
			t.Errorf("%d %+v:\n got %s\nwant %s", i, r, b, w)
		}
	}
}

func TestEveryKindOfValueIsStored(t *testing.T) {
	d := open(t, "")
	values := []abi.Value{
		abi.Undefined{}, nil, true, false, int64(-5), 1.5, "é", []byte{0, 1}, abi.Date(12), abi.Array{int64(1), nil},
		abi.Object{{Name: "b", Value: "x"}, {Name: "a", Value: abi.Undefined{}}}, abi.Map{{Key: "k", Value: abi.Set{int64(1)}}},
		abi.BigInt("12345678901234567890"), &abi.Error{Name: "TypeError", Message: "m"},
		abi.TypedArray{Kind: 4, Bytes: []byte{1, 2, 3, 4}}, abi.ArrayBuffer{9}, abi.RegExp{Source: "a", Flags: "g"},
	}
	for _, v := range values {
		must(t, d.Put([]abi.Field{{Name: "k", Value: v}}))
		got, err := d.Get([]string{"k"})
		must(t, err)
		if len(got) != 1 || !reflect.DeepEqual(got[0].Value, v) {
			t.Errorf("%#v came back as %#v", v, got)
		}
	}
}

func TestPutOfSeveralIsAllOrNothing(t *testing.T) {
	d := open(t, file(t))
	must(t, d.Put([]abi.Field{{Name: "before", Value: true}}))
	err := d.Put([]abi.Field{{Name: "a", Value: int64(1)}, {Name: "b", Value: make([]byte, 9<<20)}})
	if err == nil || err.Error() != "string or blob too big: SQLITE_TOOBIG" {
		t.Fatal(err)
	}
	must(t, d.Commit())
	got, err := d.List(abi.ListOptions{})
	must(t, err)
	if len(got) != 1 || got[0].Name != "before" || d.Broken() != nil {
		t.Errorf("%v, broken %v", got, d.Broken())
	}
}
