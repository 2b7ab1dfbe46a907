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

	"grove.place/lattice/build"
	local "grove.place/lattice/local-runtime"
)

// freeMemory is a path that makes the process of the local host collect its garbage.
const freeMemory = "/bench/free-memory"

// serve runs the local host on a project with fresh state, as lattice dev does, until the process is killed. It prints
// its URL when it listens.
func serve(project string) error {
	module, err := os.ReadFile(filepath.Join(project, "dist", build.ModuleFile))
	if err != nil {
		return err
	}
	state, err := os.MkdirTemp(project, "state-") // goes with the project
	if err != nil {
		return err
	}
	h, err := local.New(context.Background(), local.Options{
		Module: module, Name: "bench", Objects: benchObjects, Dir: state, CacheDir: local.TestCacheDir(),
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
