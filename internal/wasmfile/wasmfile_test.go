package wasmfile

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

func TestSignedNumbers(t *testing.T) {
	for text, want := range map[string]int{"\x00": 0, "\x02": 2, "\x7e": -2, "\xff\x00": 127, "\x80\x7f": -128, "\x80\x80\x04": 65536, "\x80\x80\x80\x80\x78": -1 << 31} {
		r := &reader{b: []byte(text)}
		if got := r.signed(); got != want || r.err != nil || len(r.b) > 0 {
			t.Errorf("%x is %d (%v), want %d", text, got, r.err, want)
		}
		if got := AppendSigned(nil, want); string(got) != text {
			t.Errorf("%d becomes %x, want %x", want, got, text)
		}
	}
	for _, text := range []string{"", "\x80", strings.Repeat("\x80", 9)} {
		if r := (&reader{b: []byte(text)}); r.signed() != 0 || r.err == nil {
			t.Errorf("%x is taken for a number", text)
		}
	}
}

func module(segments ...Segment) []byte {
	return Format([]Section{{ID: Custom, Body: []byte("\x01xabc")}, {ID: Data, Body: FormatSegments(segments)}, {ID: Custom, Body: []byte("\x01y")}})
}

// memory is what memory starts with.
func memory(t testing.TB, module []byte) (m []byte, segments int) {
	t.Helper()
	sections, err := Parse(module)
	if err != nil {
		t.Fatal(err)
	}
	m = make([]byte, 1<<20)
	for _, s := range sections {
		if s.ID == Data {
			list, err := Segments(s.Body)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range list {
				copy(m[s.Start:s.End()], s.Data)
				segments++
			}
		}
	}
	return m, segments
}

func TestMergingLeavesMemoryAsItWas(t *testing.T) {
	many := make([]Segment, 1000)
	for i := range many {
		many[i] = Segment{100 + 50*i, []byte{1, 2, byte(i)}}
	}
	for _, k := range []struct {
		name     string
		segments []Segment
		want     int
	}{
		{"none", nil, 0},
		{"one", []Segment{{8, []byte("data")}}, 1},
		{"two that touch", []Segment{{8, []byte("data")}, {12, []byte("more")}}, 1},
		{"two that are close", []Segment{{8, []byte("data")}, {12 + gap, []byte("more")}}, 1},
		{"two that are not", []Segment{{8, []byte("data")}, {13 + gap, []byte("more")}}, 2},
		{"two in the other order", []Segment{{12, []byte("more")}, {8, []byte("data")}}, 1},
		{"an empty one", []Segment{{8, nil}, {8, []byte("x")}}, 1},
		{"many", many, 1},
	} {
		before := module(k.segments...)
		after, err := MergeSegments(before)
		if err != nil {
			t.Fatalf("%s: %v", k.name, err)
		}
		want, _ := memory(t, before)
		got, segments := memory(t, after)
		if !bytes.Equal(got, want) || segments != k.want {
			t.Errorf("%s: %d segments, want %d; memory is the same: %v", k.name, segments, k.want, bytes.Equal(got, want))
		}
		if !bytes.HasPrefix(after, []byte(header+"\x00\x05\x01xabc")) || !bytes.HasSuffix(after, []byte("\x00\x02\x01y")) {
			t.Errorf("%s: the other sections are not what they were", k.name)
		}
	}
}

func TestOtherFormsAreRefused(t *testing.T) {
	section := func(id byte, body string) string {
		return header + string(id) + string(binary.AppendUvarint(nil, uint64(len(body)))) + body
	}
	for name, k := range map[string][2]string{
		"nothing":                    {"", "no Wasm module"},
		"text":                       {"package main", "no Wasm module"},
		"a length that is too large": {header + "\x0b\xff\xff\x7f", "in the middle"},
		"a passive segment":          {section(Data, "\x01\x01\x00"), "that Go does not write"},
		"an address below memory":    {section(Data, "\x01\x00\x41\x7e\x0b\x01a"), "that Go does not use"},
		"an address above memory":    {section(Data, "\x01\x00\x41\x80\x80\x80\x80\x01\x0b\x01a"), "that Go does not use"},
		"a segment that is cut off":  {section(Data, "\x01\x00\x41\x08\x0b\x05a"), "in the middle"},
		"fewer segments than said":   {section(Data, "\x02\x00\x41\x08\x0b\x01a"), "in the middle"},
		"a count of segments":        {section(DataCount, "\x01"), "counts its data segments"},
		"segments that overlap":      {string(module(Segment{8, []byte("data")}, Segment{10, []byte("a")})), "overlap"},
	} {
		if _, err := MergeSegments([]byte(k[0])); err == nil || !strings.Contains(err.Error(), k[1]) {
			t.Errorf("%s: %v, want %s", name, err, k[1])
		}
	}
}

func FuzzMergeSegments(f *testing.F) {
	f.Add(module(Segment{8, []byte("data")}, Segment{100, []byte("more")}))
	f.Add(module())
	f.Add([]byte(header))
	f.Fuzz(func(t *testing.T, b []byte) {
		merged, err := MergeSegments(b)
		if err != nil {
			return
		}
		again, err := MergeSegments(merged)
		if err != nil || !bytes.Equal(again, merged) {
			t.Errorf("merging again changes the module (%v)", err)
		}
	})
}
