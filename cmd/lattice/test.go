package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"grove.place/lattice/build"
	local "grove.place/lattice/local-runtime"
)

const testHelp = `lattice test [flags] [packages] [-- go test flags]

Builds the program once, checks it against the configuration, and runs the project's Go tests with "go test", in which latticetest.Start and local.StartTest
then find the module instead of building it for each package. Packages are what the go command takes, by default ./... below the configuration. The flags
of go test that one types daily may stand anywhere; all others, after --, go to it as they are. Its exit code is this command's: 0 when all tests pass.

With -json a program that does not build is a package that fails, so that reports have it.

Several -c build several Workers, for tests that start them together.

Examples:
  lattice test
  lattice test ./rooms -run TestLateMessages -v
  lattice test -- -bench . -cpuprofile cpu.pprof
  gotestsum --raw-command -- lattice test -json      what CI systems read: docs/ci.md
  go test ./...                                      works as well: each package then builds the program
`

// exitStatus is how a command that was run has ended. It has said why.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func runTest(ctx context.Context, args []string, out, errs io.Writer) error {
	var p project
	fs := newFlags("test", testHelp, out, errs)
	p.configFlags(fs)
	var flags goTestFlags
	flags.define(fs)
	args, passed := splitDashes(args)
	packages, err := parseAll(fs, args, errs)
	if errors.Is(err, errUsage) {
		fmt.Fprintln(errs, "a flag of go test may stand after --, as in lattice test -- -bench .")
	}
	if err != nil {
		return err
	}
	passed = append(flags, passed...)
	said := errs
	var why bytes.Buffer
	if wantsJSON(passed) {
		said = io.MultiWriter(errs, &why)
	}
	done := underWay(errs, "building the program")
	built, dir, err := p.prebuild(ctx, said)
	done()
	if err != nil {
		if wantsJSON(passed) && ctx.Err() == nil {
			return errors.Join(err, notBuilt(out, p.importPath(ctx), why.String()+err.Error()))
		}
		return err
	}
	if len(packages) == 0 {
		packages = []string{"./..."}
	} else {
		dir = "" // as the user wrote them, where the user is
	}
	text, err := json.Marshal(built)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", slices.Concat([]string{"test"}, packages, passed)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, errs
	cmd.Env = append(os.Environ(), local.PrebuiltVariable+"="+string(text))
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	err = cmd.Run()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok && ctx.Err() == nil && failed.ExitCode() > 0 {
		return exitStatus(failed.ExitCode())
	}
	return err
}

// goTestFlags are those of go test that lattice test takes before --, in the order in which they stand.
type goTestFlags []string

func (g *goTestFlags) define(fs *flag.FlagSet) {
	take := func(name string) func(string) error {
		return func(value string) error {
			*g = append(*g, "-"+name+"="+value)
			return nil
		}
	}
	for name, usage := range map[string]string{
		"v": "print each test as it runs", "json": "print events, for scripts and reports", "short": "leave out what tests find too long", "cover": "print how much of the native code was covered",
		"race": "look for data races in the native code", "failfast": "begin no test after one that failed",
	} {
		fs.BoolFunc(name, usage+": go test's flag", take(name))
	}
	for name, usage := range map[string]string{
		"run": "only tests that match `regexp`", "skip": "no tests that match `regexp`", "count": "run each test `n` times", "timeout": "give up after a `duration`",
	} {
		fs.Func(name, usage+": go test's flag", take(name))
	}
}

// wantsJSON reports whether go test will print events.
func wantsJSON(passed []string) bool {
	return slices.ContainsFunc(passed, func(f string) bool {
		f = strings.TrimPrefix(f, "-")
		return f == "-json" || f == "json" || f == "json=true" || f == "-json=true"
	})
}

// notBuilt prints the events of go test -json for a package that does not build, so that no report takes an empty output for a good one.
func notBuilt(out io.Writer, pkg, why string) error {
	type event struct {
		Time            time.Time
		Action, Package string
		Output          string `json:",omitempty"`
	}
	enc := json.NewEncoder(out)
	write := func(action, text string) error { return enc.Encode(event{time.Now(), action, pkg, text}) }
	errs := []error{write("start", "")}
	for line := range strings.Lines(why + "\nFAIL\t" + pkg + " [build failed]\n") {
		if !strings.HasPrefix(line, "# ") { // begins the output of another package, for who makes JUnit of it
			errs = append(errs, write("output", line))
		}
	}
	return errors.Join(append(errs, write("fail", ""))...)
}

// importPath is that of the program, or "lattice" when it cannot be found.
func (p *project) importPath(ctx context.Context) string {
	if _, o, err := p.load(); err == nil {
		if at, err := locate(ctx, o.Dir, o.Package); err == nil {
			return at.Import
		}
	}
	return "lattice"
}

// splitDashes cuts what stands after --.
func splitDashes(args []string) (before, after []string) {
	if i := slices.Index(args, "--"); i >= 0 {
		return args[:i], args[i+1:]
	}
	return args, nil
}

// prebuild builds each Worker of the project, and returns the folder of the first.
func (p *project) prebuild(ctx context.Context, errs io.Writer) (all []local.Prebuilt, dir string, err error) {
	paths := []string(p.configs)
	if len(paths) == 0 {
		paths = []string{""}
	}
	for _, path := range paths {
		one := *p
		one.configs = nil
		one.configPath = path
		cfg, o, err := one.load()
		if err != nil {
			return nil, "", err
		}
		if len(paths) > 1 && filepath.Base(cfg.Main) == build.WorkerFile {
			o.Out = filepath.Dir(cfg.Abs(cfg.Main))
		}
		o.NoSizes = true
		res, err := build.Build(ctx, o)
		if err != nil {
			return nil, "", printed(err, o.Package, errs)
		}
		built, err := locate(ctx, o.Dir, o.Package)
		if err != nil {
			return nil, "", err
		}
		if built.File, err = filepath.Abs(filepath.Join(res.Out, build.ModuleFile)); err != nil {
			return nil, "", err
		}
		all = append(all, built)
		if dir == "" {
			dir = cfg.Dir()
		}
	}
	return all, dir, nil
}

// locate asks the go command where a package is.
func locate(ctx context.Context, dir, pkg string) (p local.Prebuilt, err error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}\n{{.ImportPath}}", pkg)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	text, err := cmd.Output()
	if err != nil {
		return p, fmt.Errorf("find the package %s: %w", pkg, err)
	}
	p.Dir, p.Import, _ = strings.Cut(strings.TrimSpace(string(text)), "\n")
	return p, nil
}
