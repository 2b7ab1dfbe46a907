package main

import (
	"flag"
	"slices"
	"strings"
	"testing"

	"grove.place/lattice/internal/habits"
)

// commandsBelow are all commands that take flags, by their words.
func commandsBelow(words ...string) (all []string) {
	s := surveyed(words...)
	if s.commands == nil {
		return []string{strings.Join(words, " ")}
	}
	for _, below := range s.commands {
		all = append(all, commandsBelow(append(slices.Clone(words), strings.Fields(below)...)...)...)
	}
	return all
}

func everyCommand() (all []string) {
	for _, c := range commandList {
		all = append(all, commandsBelow(c.name)...)
	}
	return all
}

func flagsOf(command string) map[string]*flag.Flag {
	found := map[string]*flag.Flag{}
	if fs := surveyed(strings.Fields(command)...).flags; fs != nil {
		fs.VisitAll(func(f *flag.Flag) { found[dashed(f.Name)] = f })
	}
	return found
}

// TestTheTableOfHabitsIsTrueOfThisCommand holds each row to the commands and flags that there are: what it calls the same is there, and what it calls missing is
// not, and is answered by an error with a hint.
func TestTheTableOfHabitsIsTrueOfThisCommand(t *testing.T) {
	commands := everyCommand()
	for _, h := range habits.All() {
		if h.Command == "*" {
			continue
		}
		if h.Flags == nil {
			exists := slices.Contains(commands, h.Command)
			if exists != (h.Way == habits.Same) {
				t.Errorf("%s: the table says %q, and the command exists: %t", h.Command, h.Way, exists)
			}
			if !exists {
				answered(t, h.Command, strings.Fields(h.Command), h.Answer())
			}
			continue
		}
		flags := flagsOf(h.Command)
		for _, name := range h.Flags {
			_, exists := flags[name]
			if exists != (h.Way == habits.Same || h.Way == habits.Differs) {
				t.Errorf("%s %s: the table says %q, and the flag exists: %t", h.Command, name, h.Way, exists)
			}
			if !exists {
				answered(t, h.Command+" "+name, append(strings.Fields(h.Command), name), h.Answer())
			}
		}
	}
}

func answered(t *testing.T, what string, args []string, hint string) {
	t.Helper()
	var out, errs strings.Builder
	if code := run(t.Context(), args, &out, &errs); code != exitUsage || out.Len() > 0 || !strings.Contains(errs.String(), hint) || hint == "" {
		t.Errorf("%s: exit code %d, output %q, errors %q; want %d and %q", what, code, &out, &errs, exitUsage, hint)
	}
}

func TestFlagsOfEveryCommandMayStandBeforeIt(t *testing.T) {
	for _, k := range []struct{ given, want string }{
		{"-c a.toml dev --port 1", "dev --port 1 -c a.toml"},
		{"--env=staging d1 execute DB", "d1 execute DB --env=staging"},
		{"-e x --cwd y test -- -run Z", "test -e x --cwd y -- -run Z"},
		{"--version", "--version"},
		{"dev -c a", "dev -c a"},
		{"-c", "-c"},
	} {
		if got := strings.Join(behind(strings.Fields(k.given)), " "); got != k.want {
			t.Errorf("%q: got %q, want %q", k.given, got, k.want)
		}
	}
}

func TestCommandsWorkInAnotherFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	project := t.TempDir()
	write(t, project+"/wrangler.toml", completedConfiguration)
	for _, args := range [][]string{{"--cwd", project, "state", "path"}, {"state", "path", "--cwd=" + project}} {
		var out, errs strings.Builder
		t.Chdir(t.TempDir())
		if code := run(t.Context(), args, &out, &errs); code != exitOK || !strings.HasSuffix(strings.TrimSpace(out.String()), "/.lattice/state") || errs.Len() > 0 {
			t.Errorf("%q: exit code %d, %q, %q", args, code, &out, &errs)
		}
	}
}

func TestHelpWritesFlagsAsTheyAreTyped(t *testing.T) {
	var out strings.Builder
	run(t.Context(), []string{"dev", "-h"}, &out, &out)
	for _, want := range []string{"\n  -c, --config file\n", "\n  --host, --ip address\n", "\n  -l, --local\n", "(default 8787)", `(default "127.0.0.1")`, "(default 250ms)"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in %s", want, &out)
		}
	}
	for _, wrong := range []string{"the same", "short for", "\n  -port", "(default false)"} {
		if strings.Contains(out.String(), wrong) {
			t.Errorf("%q is in %s", wrong, &out)
		}
	}
}
