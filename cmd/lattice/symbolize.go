package main

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"grove.place/lattice/build"
)

const symbolizeHelp = `lattice symbolize puts the names of Go functions, their files and lines into a log of Cloudflare or workerd, where a trace has only numbers:

  at wasm://wasm/0123abcd:wasm-function[1234]:0x5678   becomes   at main.find (example.com/app/find.go:12)

It reads the log from standard input, or from a file. The map is the module itself, app.wasm: keep that of each version you deploy, since numbers change
with every build. Go's own panics need no map: they come with names.

Usage: lattice symbolize [--map file] [log]

Examples:
  wrangler tail | lattice symbolize
  lattice symbolize --map releases/v12/app.wasm crash.log
`

func runSymbolize(_ context.Context, args []string, out, errs io.Writer) error {
	fs := newFlags("symbolize", symbolizeHelp, out, errs)
	module := fs.String("map", "", "`file`: the app.wasm that made the log (default build/dist/app.wasm)")
	log, err := parse(fs, args, errs)
	if err != nil {
		return err
	}
	if *module == "" {
		*module = filepath.Join(build.DefaultOut, build.ModuleFile)
	}
	table, err := readMap(*module)
	if err != nil {
		return err
	}
	var in io.Reader = os.Stdin
	if log != "" {
		f, err := os.Open(log)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	return table.Rewrite(out, in)
}
