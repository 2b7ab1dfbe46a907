package main

import (
	"context"
	"fmt"
	"io"

	"grove.place/lattice/build"
)

func runBuild(ctx context.Context, args []string, out, errs io.Writer) error {
	var p project
	fs := newFlags("build", buildHelp, out, errs)
	p.flags(fs)
	sizes := fs.Bool("sizes", false, "print what takes the space in the module")
	asJSON := fs.Bool("json", false, "print JSON")
	var err error
	if p.pkg, err = parse(fs, args, errs); err != nil {
		return err
	}
	if err := p.one(errs); err != nil {
		return err
	}
	_, options, err := p.load()
	if err != nil {
		return err
	}
	done := underWay(errs, "building the program")
	res, err := build.Build(ctx, options)
	done()
	if err != nil {
		return printed(err, options.Package, errs)
	}
	for _, w := range res.Warnings {
		fmt.Fprintf(errs, "warning: %s\n", w)
	}
	if *asJSON {
		return printJSON(out, struct {
			Out      string          `json:"out"`
			Sizes    build.Sizes     `json:"sizes"`
			Manifest *build.Manifest `json:"manifest"`
			Warnings []string        `json:"warnings"`
		}{res.Out, res.Sizes, res.Manifest, append([]string{}, res.Warnings...)})
	}
	if *sizes {
		b, err := res.Breakdown()
		if err != nil {
			return err
		}
		fmt.Fprintln(out, b)
	}
	fmt.Fprintln(out, res.Summary())
	return nil
}
