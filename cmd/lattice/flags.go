package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"grove.place/lattice/internal/habits"
)

// newFlags returns a flag set whose -h prints the command's help.
func newFlags(name, long string, out, errs io.Writer) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(errs)
	fs.Usage = func() {
		if s, ok := out.(*survey); ok {
			s.flags = fs
			return
		}
		fmt.Fprint(out, long)
		if spelled := spellings(fs); len(spelled) > 0 {
			fmt.Fprintln(out, "\nFlags:")
			for _, one := range spelled {
				one.describe(out)
			}
		}
	}
	return fs
}

// spelling is a flag with all of its names.
type spelling struct {
	names []string // with dashes; the one that is described is the last
	main  *flag.Flag
}

// spellings are the flags in the order of their descriptions. Those that set the same variable are one.
func spellings(fs *flag.FlagSet) (all []*spelling) {
	fs.VisitAll(func(f *flag.Flag) {
		at := slices.IndexFunc(all, func(s *spelling) bool { return sameVariable(s.main.Value, f.Value) })
		if at < 0 {
			all = append(all, &spelling{[]string{dashed(f.Name)}, f})
			return
		}
		s := all[at]
		s.names = append(s.names, dashed(f.Name))
		if s.main.Usage == aliasUsage {
			s.main = f
		}
	})
	for _, s := range all {
		first := dashed(s.main.Name)
		slices.SortStableFunc(s.names, func(a, b string) int {
			return cmp.Or(cmp.Compare(min(len(a), 3), min(len(b), 3)), order(a == first, b == first))
		})
	}
	slices.SortStableFunc(all, func(a, b *spelling) int { return strings.Compare(a.main.Name, b.main.Name) })
	return all
}

// aliasUsage marks the further names of a flag, which is described under its first.
const aliasUsage = "the same"

// alias gives a flag further names.
func alias(fs *flag.FlagSet, of string, names ...string) {
	for _, name := range names {
		fs.Var(fs.Lookup(of).Value, name, aliasUsage)
	}
}

func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// described is the flag under the name by which it is described: -e is --env.
func described(fs *flag.FlagSet, f *flag.Flag) *flag.Flag {
	for _, one := range spellings(fs) {
		if slices.Contains(one.names, dashed(f.Name)) {
			return one.main
		}
	}
	return f
}

// sameVariable reports whether two flags set one variable: their values are pointers, which are compared. Functions are all different.
func sameVariable(a, b flag.Value) (same bool) {
	defer func() {
		if recover() != nil {
			same = false // values that cannot be compared
		}
	}()
	return a == b
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// describe prints the flag as package flag does, but for the dashes.
func (s *spelling) describe(out io.Writer) {
	kind, usage := flag.UnquoteUsage(s.main)
	line := "  " + strings.Join(s.names, ", ")
	if kind != "" {
		line += " " + kind
	}
	fmt.Fprintf(out, "%s\n    \t%s", line, usage)
	switch def := s.main.DefValue; {
	case def == "" || def == "0" || def == "false" || def == "0s":
	case isText(s.main.Value):
		fmt.Fprintf(out, " (default %q)", def)
	default:
		fmt.Fprintf(out, " (default %s)", def)
	}
	fmt.Fprintln(out)
}

func isText(v flag.Value) bool {
	g, ok := v.(flag.Getter)
	if !ok {
		return false
	}
	_, ok = g.Get().(string)
	return ok
}

// parse takes flags before and after at most one positional argument, which it returns.
func parse(fs *flag.FlagSet, args []string, errs io.Writer) (arg string, err error) {
	all, err := parseAll(fs, args, errs)
	switch {
	case err != nil || len(all) == 0:
		return "", err
	case len(all) == 1:
		if fault := noPackage(fs, all[0]); fault != "" {
			fmt.Fprintf(errs, "lattice %s: %s\n", fs.Name(), fault)
			return "", errUsage
		}
		return all[0], nil
	}
	if fault := noPackage(fs, all[1]); fault != "" {
		fmt.Fprintf(errs, "lattice %s: %s\n", fs.Name(), fault)
		return "", errUsage
	}
	what := "package"
	switch {
	case strings.HasPrefix(fs.Name(), "state"):
		what = "folder"
	case fs.Name() == "new":
		what = "name"
	case fs.Name() == "symbolize":
		what = "log"
	}
	fmt.Fprintf(errs, "lattice %s takes one %s, not also %q\n", fs.Name(), what, all[1])
	return "", errUsage
}

// noPackage says why an argument is no Go package, where wrangler takes something of the kind.
func noPackage(fs *flag.FlagSet, arg string) string {
	if !slices.Contains([]string{"dev", "build", "types", "doctor"}, fs.Name()) {
		return ""
	}
	switch file := strings.ToLower(arg); {
	case strings.HasSuffix(file, ".d.ts") && fs.Name() == "types":
		return fmt.Sprintf("the file is given with -o: lattice types -o %s; the argument is a Go package", arg)
	case slices.Contains([]string{".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".tsx"}, filepath.Ext(file)):
		return fmt.Sprintf("%s is no Go package: write its folder, as ./site, or nothing for that of the configuration; JavaScript and TypeScript are run by wrangler dev", arg)
	}
	name, value, ok := strings.Cut(arg, ":")
	drive := strings.HasPrefix(value, `\`) || strings.HasPrefix(value, "/") // of Windows
	if ok && !drive && !strings.ContainsAny(name, `./\`) && fs.Lookup("var") != nil {
		return fmt.Sprintf("--var takes one NAME:value each time: write --var %s", arg)
	}
	return ""
}

// parseAll takes flags before and after any number of positional arguments, which it returns.
func parseAll(fs *flag.FlagSet, args []string, errs io.Writer) (given []string, err error) {
	for {
		usage := fs.Usage
		fs.Usage = func() {}
		fs.SetOutput(io.Discard)
		err := fs.Parse(args)
		fs.SetOutput(errs)
		fs.Usage = usage
		if errors.Is(err, flag.ErrHelp) {
			fs.Usage()
			return nil, err
		}
		if err != nil {
			fmt.Fprintf(errs, "lattice %s: %s\n`lattice %s -h` lists the flags\n", fs.Name(), faultOf(fs, err), fs.Name())
			return nil, errUsage
		}
		if fs.NArg() == 0 {
			return given, nil
		}
		given, args = append(given, fs.Arg(0)), fs.Args()[1:]
	}
}

// faultOf says what is wrong with a flag, as package flag has found it, and what may be meant.
func faultOf(fs *flag.FlagSet, err error) string {
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		typed := dashed(name)
		if h, ok := habits.OfFlag(fs.Name(), typed); ok && h.Answer() != "" {
			return "there is no flag " + typed + ": " + h.Answer()
		}
		var names []string
		fs.VisitAll(func(f *flag.Flag) {
			if len(f.Name) > 1 {
				names = append(names, f.Name)
			}
		})
		if near := nearest(name, names); near != "" {
			return fmt.Sprintf("there is no flag %s: did you mean %q?", typed, dashed(near))
		}
		return "there is no flag " + typed
	}
	if name, ok := strings.CutPrefix(text, "flag needs an argument: -"); ok {
		kind := "value"
		if f := fs.Lookup(name); f != nil {
			kind, _ = flag.UnquoteUsage(described(fs, f))
		}
		return fmt.Sprintf("%s needs a value: %s %s", dashed(name), dashed(name), kind)
	}
	if value, rest, ok := strings.Cut(strings.TrimPrefix(text, "invalid value "), " for flag -"); ok {
		name, why, _ := strings.Cut(rest, ": ")
		if f := fs.Lookup(name); f != nil && why == "parse error" {
			why = "it takes " + takes(f.Value)
		}
		return fmt.Sprintf("invalid value %s for %s: %s", value, dashed(name), why)
	}
	if value, rest, ok := strings.Cut(strings.TrimPrefix(text, "invalid boolean value "), " for -"); ok {
		name, _, _ := strings.Cut(rest, ": ")
		return fmt.Sprintf("invalid value %s for %s: it takes true or false", value, dashed(name))
	}
	return text
}

// takes says which values package flag understands.
func takes(v flag.Value) string {
	if g, ok := v.(flag.Getter); ok {
		switch g.Get().(type) {
		case int, int64, uint, uint64:
			return "a whole number"
		case float64:
			return "a number"
		case time.Duration:
			return "a duration, such as 250ms or 5s"
		}
	}
	return "another value"
}

// Flags of all commands that may stand before the command, as with wrangler, and whether a value follows.
var leadingFlags = map[string]bool{"c": true, "config": true, "e": true, "env": true, "cwd": true}

// behind takes flags that stand before a command behind it.
func behind(args []string) []string {
	var flags []string
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		name, _, assigned := strings.Cut(strings.TrimLeft(args[0], "-"), "=")
		if !leadingFlags[name] {
			break
		}
		n := 2
		if assigned {
			n = 1
		}
		n = min(n, len(args))
		flags, args = append(flags, args[:n]...), args[n:]
	}
	if len(args) == 0 || len(flags) == 0 {
		return append(flags, args...)
	}
	end := slices.Index(args, "--")
	if end < 0 {
		end = len(args)
	}
	return slices.Concat(args[:end], flags, args[end:])
}

// workingFolder is the flag --cwd: the command does as if it had been started there.
func workingFolder(fs *flag.FlagSet) {
	fs.Func("cwd", "work as if started in `folder`", func(dir string) error {
		if err := os.Chdir(dir); err != nil {
			return errors.Unwrap(err)
		}
		return nil
	})
}
