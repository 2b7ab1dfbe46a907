package local_test

import (
	"net/http/httptest"
	"testing"

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
