package local_test

import (
	"context"
	"testing"

	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/local-runtime/testdata/ring/node"
)

// BenchmarkStart starts a host, makes one call, and closes it, as a small test does.
func BenchmarkStart(b *testing.B) {
	o := ring()
	o.Logger = quiet()
	module, err := local.BuildTest(o.Package)
	if err != nil {
		b.Fatal(err)
	}
	o.Module = module
	local.StartTest(b, o) // keeps the compiled module
	for b.Loop() {
		o.Dir = b.TempDir()
		h := local.StartTest(b, o)
		if _, err := node.Add.Call(h.Context(), nodeOf("x"), 1); err != nil {
			b.Fatal(err)
		}
		h.Close()
	}
}

// BenchmarkStartFromDisk starts a host as the first test of a process does, with the compiled code on disk.
func BenchmarkStartFromDisk(b *testing.B) {
	o := ring().Options
	module, err := local.BuildTest("./testdata/ring")
	if err != nil {
		b.Fatal(err)
	}
	o.Module, o.CacheDir, o.Logger = module, local.TestCacheDir(), quiet()
	for b.Loop() {
		h, err := local.New(context.Background(), o)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := node.Add.Call(h.Context(), nodeOf("x"), 1); err != nil {
			b.Fatal(err)
		}
		h.Close()
	}
}
