package local_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"grove.place/lattice/durables"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/local-runtime/testdata/thing"
)

func BenchmarkHello(b *testing.B) {
	h := local.StartTest(b, options())
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/hello", nil))
	}
}

func BenchmarkRPCFromWorker(b *testing.B) {
	h := local.StartTest(b, options())
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/add/x", nil))
	}
}

func BenchmarkInsert(b *testing.B) {
	h := local.StartTest(b, options())
	ctx, stub := h.Context(), named("bench")
	for b.Loop() {
		if _, err := thing.WriteLose.Call(ctx, stub, durables.None{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkProbes is what lattice dev pays for naming the line of slow code (docs/decisions/0011-traces.md).
func BenchmarkProbes(b *testing.B) {
	for name, turn := range map[string]time.Duration{"without": 0, "with": time.Hour} {
		for _, path := range []string{"/hello", "/add/x"} {
			b.Run(name+path, func(b *testing.B) {
				o := options()
				o.Watch.Turn = turn
				h := local.StartTest(b, o)
				for b.Loop() {
					h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
				}
			})
		}
	}
}
