package stress

import (
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"grove.place/lattice/build"
	local "grove.place/lattice/local-runtime"
)

func TestLocalHost(t *testing.T) {
	t.Parallel()
	module, err := os.ReadFile(filepath.Join(app(t), build.ModuleFile))
	if err != nil {
		t.Fatal(err)
	}
	h, err := local.New(t.Context(), local.Options{
		Module: module, Name: "stress", Objects: map[string]string{"CELLS": "Cell"}, Dir: t.TempDir(), CacheDir: local.TestCacheDir(),
		Isolates: 1, // one instance, so that its goroutines and heap can be watched
		Logger:   slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	server := httptest.NewServer(h)
	defer server.Close()
	stressAll(t, home{url: server.URL, requests: callers * 50, cancelled: 10_000, collect: func(*testing.T) {}})
}
