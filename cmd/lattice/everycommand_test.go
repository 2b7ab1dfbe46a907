package main

import (
	"encoding/json"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// tried runs a command line where there is no project and no account.
func tried(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e strings.Builder
	code = run(t.Context(), args, &o, &e)
	if strings.Contains(o.String()+e.String(), "\x1b") {
		t.Errorf("lattice %s colours what is no terminal: %q %q", strings.Join(args, " "), &o, &e)
	}
	return code, o.String(), e.String()
}

// nowhere is an empty folder, without an account in the environment.
func nowhere(t *testing.T) {
	t.Helper()
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "CLOUDFLARE_") || strings.HasPrefix(name, "CF_") {
			t.Setenv(name, "") // so that it is put back
			os.Unsetenv(name)
		}
	}
	t.Setenv("HOME", t.TempDir())
	t.Chdir(t.TempDir())
}

// TestEveryCommandKeepsTheRulesOfOutput: results go to the standard output, everything else to the standard error; 0 is success, 1 a failure, 2 a command line that
// makes no sense; --json prints one value or nothing.
func TestEveryCommandKeepsTheRulesOfOutput(t *testing.T) {
	nowhere(t)
	if commands := everyCommand(); len(commands) < 50 {
		t.Fatalf("only %d commands", len(commands))
	}
	for _, command := range everyCommand() {
		words := strings.Fields(command)
		with := func(more ...string) []string { return append(slices.Clone(words), more...) }
		for _, flag := range []string{"--help", "-h"} {
			if code, out, errs := tried(t, with(flag)...); code != exitOK || !strings.HasPrefix(out, "lattice "+words[0]) || errs != "" {
				t.Errorf("lattice %s %s: %d, %q, %q", command, flag, code, out, errs)
			}
		}
		if code, out, errs := tried(t, append([]string{"help"}, words...)...); code != exitOK || out == "" || errs != "" {
			t.Errorf("lattice help %s: %d, %q, %q", command, code, out, errs)
		}
		if code, out, errs := tried(t, with("--no-such-flag")...); code != exitUsage || out != "" ||
			!strings.Contains(errs, "lattice "+command+": there is no flag --no-such-flag") || !strings.Contains(errs, "-h` lists the flags") {
			t.Errorf("lattice %s --no-such-flag: %d, %q, %q", command, code, out, errs)
		}
		lines := [][]string{with(), with("one", "two", "three", "four")}
		if flagsOf(command)["--json"] != nil && command != "test" { // which prints an event in each line, as go test -json does
			lines = append(lines, with("--json"), with("one", "--json"), with("one", "two", "--json"))
		}
		for _, args := range lines {
			code, out, errs := tried(t, args...)
			line := strings.Join(args, " ")
			switch code {
			case exitOK:
				if out == "" {
					t.Errorf("lattice %s succeeds without a word", line)
				}
				if slices.Contains(args, "--json") {
					oneValue(t, line, out)
				}
			case exitFailure:
				last := errs[strings.LastIndex(strings.TrimSuffix(errs, "\n"), "\n")+1:]
				if !strings.HasPrefix(last, "lattice: ") && !strings.HasPrefix(errs, "lattice: ") || out != "" {
					t.Errorf("lattice %s fails with %q, %q", line, out, errs)
				}
			case exitUsage:
				if errs == "" || out != "" {
					t.Errorf("lattice %s makes no sense, but says %q, %q", line, out, errs)
				}
			default:
				t.Errorf("lattice %s: exit code %d", line, code)
			}
		}
	}
}

func oneValue(t *testing.T, line, out string) {
	t.Helper()
	var v any
	d := json.NewDecoder(strings.NewReader(out))
	if err := d.Decode(&v); err != nil {
		t.Errorf("lattice %s prints no JSON: %v\n%s", line, err, out)
		return
	}
	if _, err := d.Token(); err != io.EOF {
		t.Errorf("lattice %s prints more than one value:\n%s", line, out)
	}
}

// TestTheHelpOfExitCodesNamesWhatPrintsJSON keeps that list whole.
func TestTheHelpOfExitCodesNamesWhatPrintsJSON(t *testing.T) {
	_, list, _ := strings.Cut(exitCodesHelp, "These print JSON with --json:")
	first := map[string]bool{}
	for _, command := range everyCommand() {
		if flagsOf(command)["--json"] != nil {
			first[strings.Fields(command)[0]] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(first)) {
		if !strings.Contains(list, name) {
			t.Errorf("lattice help exit-codes does not say that %s has --json", name)
		}
	}
}
