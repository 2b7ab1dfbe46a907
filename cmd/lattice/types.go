package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"grove.place/lattice/build"
)

const typesHelp = `lattice types [flags] [package]

Writes lattice.d.ts: TypeScript types of the program's classes and entrypoints, and of Env, the bindings of the configuration, for Workers that call it. They build
on @cloudflare/workers-types. "lattice build" writes the same file to build/dist; this command writes one beside the configuration, to keep in git.

What "wrangler types" writes beside it, worker-configuration.d.ts, gives Env the same methods, once "lattice build" has run: it takes the classes from build/dist.

With --check nothing is written: the exit code is 1 when the file is not what it would be, for CI.

Examples:
  lattice types
  lattice types -o ../frontend/src/lattice.d.ts
  lattice types -o -                               print them
  lattice types --check
`

func runTypes(ctx context.Context, args []string, out, errs io.Writer) error {
	var p project
	fs := newFlags("types", typesHelp, out, errs)
	p.configFlags(fs)
	file := fs.String("o", "", "write `file`; - is the standard output (default lattice.d.ts beside the configuration)")
	check := fs.Bool("check", false, "write nothing, and fail when the file is out of date")
	var err error
	if p.pkg, err = parse(fs, args, errs); err != nil {
		return err
	}
	if err := p.one(errs); err != nil {
		return err
	}
	cfg, options, err := p.load()
	if err != nil {
		return err
	}
	done := underWay(errs, "building the program")
	text, err := build.Declarations(ctx, options)
	done()
	if err != nil {
		return printed(err, options.Package, errs)
	}
	if *file == "" {
		*file = filepath.Join(cfg.Dir(), build.TypesFile)
	}
	switch {
	case *check && *file == "-":
		fmt.Fprintln(errs, "--check compares with a file: name it with -o")
		return errUsage
	case *check:
		old, err := os.ReadFile(*file)
		if err != nil {
			return fmt.Errorf("%w: lattice types writes it", err)
		}
		if !bytes.Equal(old, text) {
			return fmt.Errorf("%s is out of date: lattice types writes it anew", *file)
		}
		return nil
	case *file == "-":
		_, err = out.Write(text)
		return err
	}
	if err := os.WriteFile(*file, text, 0o644); err != nil {
		return err
	}
	fmt.Fprintln(out, *file)
	return nil
}
