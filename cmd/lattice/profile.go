package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"grove.place/lattice/internal/inspector"
)

const profileHelp = `lattice profile [flags]

Finds out what a Worker that "lattice dev" runs spends its time on, by function and line, and writes a profile for "go tool pprof". Send it requests meanwhile:
time in which nothing is computed is not counted.

The program has a question in each function and each loop for it, which makes it somewhat slower (docs/debugging.md). Where lattice dev runs with --warn-turn 0 it is
compiled again for that, and takes over as a new build does: objects are constructed again, before and after.

Examples:
  lattice profile                                   ten seconds, into cpu.pprof
  lattice profile --seconds 30 -o load.pprof
  go tool pprof -http localhost:8080 cpu.pprof      look at it
`

func runProfile(ctx context.Context, args []string, out, errs io.Writer) error {
	var p stateFolder
	flags := newFlags("profile", profileHelp, out, errs)
	p.flags(flags)
	seconds := flags.Float64("seconds", 10, "`how long`")
	file := flags.String("o", "cpu.pprof", "`file` to write, - for standard output")
	worker := flags.String("worker", "", "`name` of the Worker, where several run (default the one that answers requests)")
	given, err := parse(flags, args, errs)
	switch {
	case err != nil:
		return err
	case given != "":
		fmt.Fprintf(errs, "lattice profile takes no argument, not %q\n", given)
		return errUsage
	case !(*seconds > 0 && *seconds <= 600):
		fmt.Fprintf(errs, "--seconds %v: write a number of seconds above 0, of at most 600\n", *seconds)
		return errUsage
	}
	if err := p.one(errs); err != nil {
		return err
	}
	server := inspector.FindServer(ctx, p.path())
	if server == nil {
		return fmt.Errorf("no lattice dev runs on %s: start it, without --no-inspector, and try again", p.path())
	}
	fmt.Fprintf(errs, "profiling for %v …\n", time.Duration(*seconds*float64(time.Second)))
	data, err := server.Profile(ctx, *seconds, *worker)
	if err != nil {
		return err
	}
	if *file == "-" {
		_, err := out.Write(data)
		return err
	}
	if err := os.WriteFile(*file, data, 0o644); err != nil {
		return err
	}
	fmt.Fprintf(out, "wrote %s; look at it with: go tool pprof -http localhost:8080 %s\n", *file, *file)
	return nil
}
