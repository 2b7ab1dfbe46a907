package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"

	local "grove.place/lattice/local-runtime"
)

// freeMemory is a path that makes the process of the local host collect its garbage.
const freeMemory = "/bench/free-memory"

// serve runs the local host on a module with fresh state, as lattice dev does, until the process is killed. It prints
// its URL when it listens.
func serve(module string, withObjects bool) error {
	wasm, err := os.ReadFile(module)
	if err != nil {
		return err
	}
	state, err := os.MkdirTemp(filepath.Dir(module), "state-") // goes with the project
	if err != nil {
		return err
	}
	var objects map[string]string
	if withObjects {
		objects = benchObjects
	}
	h, err := local.New(context.Background(), local.Options{
		Module: wasm, Name: "bench", Objects: objects, Dir: state,
		Databases: map[string]local.Database{"DB": {}}, KV: map[string]string{"VALUES": "values"}, Buckets: map[string]string{"FILES": "files"}, CacheDir: local.TestCacheDir(),
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr())
	return http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == freeMemory {
			debug.FreeOSMemory()
			return
		}
		h.ServeHTTP(w, r)
	}))
}
