package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"grove.place/lattice/internal/compile"
	"grove.place/lattice/internal/scaffold"
)

const newHelp = `lattice new NAME [flags]

Makes the folder NAME with a complete project: a program, its configuration, tests that run on this machine, and what git shall ignore. NAME is the
Worker's name as well, and may have folders before it; . is the folder that you are in.

Templates:
%s
The project's go.mod requires Lattice at the version of this command, and has the command as a tool: "go tool lattice" in the project is always the one
that it was made with. A development build writes a replace directive, to the checkout that it was built in or --replace.

Examples:
  lattice new hello
  lattice new my-chat --template chat --module example.com/chat
  lattice new my-shop --template app --ci github
`

func newHelpText() string {
	var list strings.Builder
	for _, t := range scaffold.Templates {
		fmt.Fprintf(&list, "  %-8s %s\n", t.Name, t.About)
	}
	return fmt.Sprintf(newHelp, list.String())
}

func runNew(ctx context.Context, args []string, out, errs io.Writer) error {
	var p scaffold.Project
	flags := newFlags("new", newHelpText(), out, errs)
	flags.StringVar(&p.Template, "template", "object", "`kind` of program to begin with: "+strings.Join(templateNames(), ", "))
	flags.StringVar(&p.Module, "module", "", "module `path` (default the name)")
	flags.StringVar(&p.CI, "ci", "none", "write a file for this `system`: "+strings.Join(scaffold.CI, ", "))
	flags.StringVar(&p.Replace, "replace", "", "`folder` with a checkout of Lattice to build with")
	arg, err := parse(flags, args, errs)
	if err != nil {
		return err
	}
	if arg == "" {
		fmt.Fprint(errs, newHelpText())
		return errUsage
	}
	if !slices.Contains(scaffold.CI, p.CI) {
		fmt.Fprintf(errs, "there is no file for %q: choose one of %s\n", p.CI, strings.Join(scaffold.CI, ", "))
		return errUsage
	}
	if _, ok := scaffold.Find(p.Template); !ok {
		fmt.Fprintf(errs, "there is no template %q: choose one of %s\n", p.Template, strings.Join(templateNames(), ", "))
		return errUsage
	}
	if p.Dir, err = filepath.Abs(arg); err != nil {
		return err
	}
	if p.Name = filepath.Base(p.Dir); p.Module == "" {
		p.Module = p.Name
		if slices.Contains(goWords, p.Name) || inStandardLibrary(ctx, p.Name) {
			p.Module = "example.com/" + p.Name
		}
	}
	sums, err := chooseLattice(&p)
	if err != nil {
		return err
	}
	written, err := p.Write()
	if err != nil {
		return err
	}
	shown := arg
	if rel, err := filepath.Rel(".", arg); err == nil {
		shown = rel
	}
	where := shown
	if shown == "." {
		where = "here"
	}
	fmt.Fprintf(out, "%s: %d files of the template %s\n", where, len(written), p.Template)
	if p.Replace != "" {
		fmt.Fprintf(out, "go.mod builds it with the checkout of Lattice in %s: who builds it elsewhere needs one there, or another replace line\n", p.Replace)
	}
	next := []string{"go tool lattice test", "go tool lattice dev"}
	if why := tidy(ctx, p.Dir, sums, errs); why != nil {
		fmt.Fprintf(errs, "\ngo.sum is not complete:\n%s\n", indent(why.Error()))
		next = append([]string{"go mod tidy"}, next...)
	}
	if work := workspace(ctx, p.Dir); work != "" {
		next = append([]string{"go work use . # the folder is below " + work}, next...)
	}
	if shown != "." {
		next[0] = "cd " + shown + " && " + next[0]
	}
	fmt.Fprintf(out, "\nNext:\n  %s\n", strings.Join(next, "\n  "))
	return nil
}

func templateNames() (names []string) {
	for _, t := range scaffold.Templates {
		names = append(names, t.Name)
	}
	return names
}

// chooseLattice fills in what the project is built with, and returns the go.sum that has what it needs, if one is at hand.
func chooseLattice(p *scaffold.Project) (sums []byte, err error) {
	checkout := p.Replace
	if checkout == "" {
		if p.Version, checkout, err = scaffold.Lattice(); err != nil || checkout == "" {
			return nil, err
		}
		p.Replace = checkout
	} else {
		if err := scaffold.CheckCheckout(checkout); err != nil {
			return nil, fmt.Errorf("--replace: %w", err)
		}
		if !filepath.IsAbs(checkout) { // go.mod has it relative to itself
			if p.Replace, err = filepath.Abs(checkout); err != nil {
				return nil, err
			}
			if p.Replace, err = filepath.Rel(p.Dir, p.Replace); err != nil {
				return nil, err
			}
			if p.Replace = filepath.ToSlash(p.Replace); !strings.HasPrefix(p.Replace, "../") {
				p.Replace = "./" + p.Replace
			}
		}
	}
	sums, err = os.ReadFile(filepath.Join(checkout, "go.sum"))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return sums, err
}

// tidy completes go.mod and go.sum. With the sums of a checkout it needs no network for what has been downloaded.
func tidy(ctx context.Context, dir string, sums []byte, errs io.Writer) error {
	if len(sums) > 0 {
		if err := os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o644); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(errs, "fetching what the project needs (go mod tidy)")
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", "mod", "tidy")
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &said, &said
	if err := cmd.Run(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return compile.ErrNoGo
		}
		if said.Len() > 0 {
			return errors.New(strings.TrimSpace(said.String()))
		}
		return err
	}
	return nil
}

func indent(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }

// goWords mean something else to the go command than a module.
var goWords = []string{"all", "main", "std", "tool", "work"}

// inStandardLibrary reports whether a module of that name would hide a folder of the standard library.
func inStandardLibrary(ctx context.Context, name string) bool {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return false
	}
	_, err = os.Stat(filepath.Join(strings.TrimSpace(string(root)), "src", name))
	return err == nil
}

// workspace returns the go.work that counts in a folder, if there is one.
func workspace(ctx context.Context, dir string) string {
	cmd := exec.CommandContext(ctx, "go", "env", "GOWORK")
	cmd.Dir = dir
	text, err := cmd.Output()
	if work := strings.TrimSpace(string(text)); err == nil && work != "off" {
		return work
	}
	return ""
}
