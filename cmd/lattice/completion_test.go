package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestMain is the command itself when the shell of a test calls it.
func TestMain(m *testing.M) {
	if os.Getenv("LATTICE_IS_THIS") != "" {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func completed(t *testing.T, word string, before ...string) (words []string) {
	t.Helper()
	var out strings.Builder
	if code := run(t.Context(), append([]string{completeCommand, "--word=" + word, "--"}, before...), &out, &out); code != exitOK {
		t.Fatalf("exit code %d", code)
	}
	for line := range strings.Lines(out.String()) {
		first, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		words = append(words, first)
	}
	return words
}

const completedConfiguration = `
name = "shop"
main = "build/dist/worker.mjs"
compatibility_date = "2026-10-01"
[env.staging]
[[d1_databases]]
binding = "DB"
database_name = "orders"
[[r2_buckets]]
binding = "IMAGES"
bucket_name = "images"
[[kv_namespaces]]
binding = "CARTS"
`

func TestWordsAreCompleted(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "wrangler.toml", completedConfiguration)
	for _, k := range []struct {
		line string // the last word is the one being written
		want string // words that must be there, and with a ! those that must not
	}{
		{"", "build dev new help doctor !__complete"},
		{"d", "d1 dev doctor !build"},
		{"d1 ", "create delete execute export info list migrations !apply"},
		{"d1 migrations ", "apply create list !execute"},
		{"d1 execute ", "orders"},
		{"d1 migrations apply ", "orders"},
		{"d1 execute orders --", "--command --json --persist-to --env !-c"},
		{"d1 execute --persist-to ", ":folders"},
		{"d1 execute --file ", ":files"},
		{"d1 execute --json ", "orders"},
		{"kv ", "key"},
		{"kv key ", "get put list delete"},
		{"kv key get --binding ", "CARTS"},
		{"r2 object get ", "images/"},
		{"r2 object list ", "images"},
		{"state ", "path import clear"},
		{"state import --", "--dry-run --force"},
		{"dev --", "--port --var --sidecar --config"},
		{"dev -", "-c -e --port"},
		{"dev --env ", "staging"},
		{"dev --env=", "staging"},
		{"dev --env = st", "staging"},
		{"dev --port ", ""},
		{"build ", ":folders"},
		{"build -c ", ":files"},
		{"new --template ", "worker object chat app"},
		{"new --template c", "chat !app"},
		{"new x --ci ", "github gitlab none"},
		{"completion ", "bash zsh fish powershell"},
		{"help ", "dev exit-codes"},
		{"help d1 ", "execute migrations"},
		{"help d1 migrations ", "apply"},
		{"nonsense ", ""},
	} {
		words := strings.Split(k.line, " ")
		got := completed(t, words[len(words)-1], words[:len(words)-1]...)
		if k.want == "" && len(got) > 0 {
			t.Errorf("%q is completed by %q", k.line, got)
		}
		for _, want := range strings.Fields(k.want) {
			word, not := strings.CutPrefix(want, "!")
			if slices.Contains(got, word) == not {
				t.Errorf("%q is completed by %q; want %s", k.line, got, want)
			}
		}
	}
}

func TestEveryCommandTellsItsFlagsOrTheCommandsBelowIt(t *testing.T) {
	var explore func(words ...string)
	explore = func(words ...string) {
		s := surveyed(words...)
		if s.flags == nil && s.commands == nil {
			t.Errorf("lattice %s tells neither: make its flags with newFlags, or start the commands below it with nested", strings.Join(words, " "))
		}
		for _, below := range s.commands {
			explore(append(slices.Clone(words), strings.Fields(below)...)...)
		}
	}
	for _, c := range commandList {
		explore(c.name)
	}
}

func TestBashCompletes(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Log("there is no bash here")
		return
	}
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, "lattice")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "wrangler.toml"), completedConfiguration)
	write(t, filepath.Join(dir, "some file.sql"), "")
	for line, want := range map[string]string{
		"lattice d1 migrations a":              "apply",
		"lattice new --template ch":            "chat",
		"lattice d1 execute orders --file som": "some file.sql",
		"lattice dev --env=st":                 "staging",
		"lattice r2 object get im":             "images/",
	} {
		// What the shell does when someone presses Tab: COMP_WORDS is the line, cut at its COMP_WORDBREAKS.
		script := `source <(lattice completion bash)
COMP_WORDS=(` + strings.ReplaceAll(line, "=", " = ") + `); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_lattice
printf '%s\n' "${COMPREPLY[@]}"
complete -p lattice`
		cmd := exec.Command(bash, "--norc", "-c", script)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "LATTICE_IS_THIS=1", "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"))
		out, err := cmd.Output()
		if err != nil || string(out) != want+"\ncomplete -F _lattice lattice\n" {
			t.Errorf("%q: %q, %v; want %q", line, out, err, want)
		}
	}
}
