package codec_test

import (
	"encoding/json"
	"strings"
	"testing"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/codec"
)

type record struct {
	ID     int64             `json:"id"`
	Title  string            `json:"title"`
	Body   string            `json:"body"`
	Tags   []string          `json:"tags"`
	Scores []float64         `json:"scores"`
	Labels map[string]string `json:"labels"`
}

var kilobyte = record{
	ID: 1, Title: "A title", Body: strings.Repeat("lorem ipsum ", 60), Tags: []string{"go", "wasm", "objects"},
	Scores: []float64{1, 2.5, 3, 4.75}, Labels: map[string]string{"one": "1", "two": "2", "three": "3"},
}

// BenchmarkRoundTrip encodes and decodes a struct of 1 KB; encoding/json beside it is the yardstick.
func BenchmarkRoundTrip(b *testing.B) {
	b.Run("codec", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var w abi.Writer
			var out record
			if err := codec.Marshal(&w, kilobyte); err != nil {
				b.Fatal(err)
			}
			if err := codec.Unmarshal(abi.NewReader(w.Bytes()), &out); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var out record
			data, err := json.Marshal(kilobyte)
			if err != nil {
				b.Fatal(err)
			}
			if err := json.Unmarshal(data, &out); err != nil {
				b.Fatal(err)
			}
		}
	})
}
