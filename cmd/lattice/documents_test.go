package main

import (
	"regexp"
	"strings"
	"testing"

	"grove.place/lattice/tests/documents"
)

// unknown says what of a command's arguments the command's own help does not have.
func unknown(t *testing.T, args []string) string {
	t.Helper()
	name := "lattice"
	help := func(args ...string) string {
		var out strings.Builder
		if code := run(t.Context(), args, &out, &out); code != exitOK {
			return ""
		}
		return out.String()
	}
	if len(args) == 0 || args[0] == "help" || strings.HasPrefix(args[0], "-") {
		if len(args) > 1 && help(args...) == "" {
			return "there is no help for " + strings.Join(args[1:], " ")
		}
		return ""
	}
	text := help("help", args[0])
	if text == "" {
		return "there is no command " + args[0]
	}
	for ; len(args) > 0 && args[0] != "--"; args = args[1:] {
		flag, isFlag := strings.CutPrefix(args[0], "-")
		if isFlag {
			flag, _, _ = strings.Cut(strings.TrimPrefix(flag, "-"), "=")
			if !regexp.MustCompile(`(?m)^\s+(-[\w-]+, )*--?` + regexp.QuoteMeta(flag) + `\b`).MatchString(text) {
				return name + " has no flag " + args[0]
			}
			continue
		}
		// A word is a subcommand as long as the help lists it as one, and an argument from there on.
		if next := name + " " + args[0]; strings.Contains(text, next) || name == "lattice" {
			name = next
			if own := help(append(strings.Fields(name)[1:], "-h")...); own != "" && len(strings.Fields(name)) > 2 {
				text = own
			}
		} else if regexp.MustCompile(`(?m)^\s+`+regexp.QuoteMeta(name)+` [a-z]+ `).MatchString(text) && regexp.MustCompile(`^[a-z]+$`).MatchString(args[0]) && len(strings.Fields(name)) == 2 && !strings.Contains(text, name+" [") {
			return name + " has no command " + args[0]
		}
	}
	return ""
}

func TestTheCommandsOfEveryPageAreThere(t *testing.T) {
	pages, err := documents.Pages("../..")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, p := range pages {
		for _, b := range p.Blocks {
			for _, c := range b.Commands() {
				args, ok := c.Lattice()
				if !ok || b.Reason != "" {
					continue
				}
				found++
				if fault := unknown(t, args); fault != "" {
					t.Errorf("%s: %s", c.At, fault)
				}
			}
		}
	}
	if found < 5 {
		t.Errorf("only %d commands were found", found)
	}
}

func TestCommandsThatAreNotThereAreNamed(t *testing.T) {
	for line, want := range map[string]string{
		"dev --port 1 ./site": "", "d1 execute DB --command x": "", "kv key put a b --binding=B": "", "state import --dry-run": "", "help dev": "", "--version": "", "build": "",
		"sevre": "there is no command sevre", "dev --prot 1": "lattice dev has no flag --prot", "d1 exceute DB": "lattice d1 has no command exceute",
		"kv key put a b --tll 1": "lattice kv key put has no flag --tll", "help none": "there is no help for none",
	} {
		if got := unknown(t, strings.Fields(line)); got != want {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
}
