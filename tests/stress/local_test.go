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

var stressObjects = map[string]string{"CELLS": "Cell", "ROOMS": "Room"}

// startLocal starts the local host with a number of isolates.
func startLocal(t *testing.T, isolates int) (h *local.Host, url string) {
	t.Helper()
	module, err := os.ReadFile(filepath.Join(app(t), build.ModuleFile))
	if err != nil {
		t.Fatal(err)
	}
	h, err = local.New(t.Context(), local.Options{
		Module: module, Name: "stress", Objects: stressObjects, Dir: t.TempDir(), CacheDir: local.TestCacheDir(),
		Isolates: isolates, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(func() {
		server.Close()
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h, server.URL
}

// TestLocalHost has one isolate, so that its goroutines and heap can be watched.
func TestLocalHost(t *testing.T) {
	t.Parallel()
	_, url := startLocal(t, 1)
	stressAll(t, home{url: url, requests: callers * 50, cancelled: 10_000, collect: func(*testing.T) {}})
}

// TestIsolatesTogether has objects in one isolate call objects in another, and back.
func TestIsolatesTogether(t *testing.T) {
	t.Parallel()
	_, url := startLocal(t, 3)
	h := home{url: url, name: "apart", objects: 60, spread: true, cancelled: 700}
	c, l := newClient(h.url), newLedger()
	h.touchAll(t, c, l)
	h.mix(t, c, l, callers*20)
	h.leave(t, c)
	h.mix(t, c, l, callers*10)
	l.check(t)
	h.audit(t, c, l)
}
