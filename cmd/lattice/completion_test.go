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
id = "c0ffee"
[[durable_objects.bindings]]
name = "ROOMS"
class_name = "Room"
[[queues.producers]]
binding = "MAILS"
queue = "mails"
[secrets]
required = ["API_KEY"]
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
		{"kv key get --namespace-id ", "c0ffee"},
		{"objects inspect ", "Room"},
		{"objects inspect Room ", ""},
		{"objects inspect --worker ", "shop"},
		{"objects inspect --json ", "Room"},
		{"queues info ", "mails"},
		{"queues create ", ""},
		{"d1 create ", ""},
		{"secret put ", "API_KEY"},
		{"secret put API_KEY ", ""},
		{"tail ", "shop"},
		{"tail --status ", "ok error canceled"},
		{"dev --d1-seed ", "DB="},
		{"dev --log-level w", "warn !debug"},
		{"dev --ip ", "0.0.0.0"},
		{"symbolize ", ":files"},
		{"test ./rooms ", ":folders"},
		{"deploy ", ":folders"},
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

// completedLines are lines, as they are typed until Tab is pressed, and what stands in the place of their last words then.
var completedLines = map[string]string{
	"lattice d1 migrations a":              "apply",
	"lattice new --template ch":            "chat",
	"lattice d1 execute orders --file som": "some file.sql",
	"lattice d1 execute orders --file=som": "--file=some file.sql",
	"lattice dev --persist-to=sub":         "--persist-to=subfolder/",
	"lattice dev --env st":                 "staging",
	"lattice dev --env=st":                 "--env=staging",
	"lattice r2 object get im":             "images/",
	"lattice dev --d1-seed D":              "DB=",
	"lattice dev --port 1 --inspector-p":   "--inspector-port",
}

// inShell runs a script where lattice is this command. Where there is no such shell it says so, and returns nothing: TestScriptsAskTheCommand looks at
// the scripts there, too.
func inShell(t *testing.T, shell string, script string, args ...string) (out string, ok bool) {
	t.Helper()
	path, err := exec.LookPath(shell)
	if err != nil {
		t.Logf("there is no %s here", shell)
		return "", false
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
	if err := os.Mkdir(filepath.Join(dir, "subfolder"), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, append(args, "-c", script)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LATTICE_IS_THIS=1", "HOME="+dir, "XDG_CONFIG_HOME="+dir, "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s\n%s", shell, err, script, text)
	}
	return strings.TrimSuffix(string(text), "\n"), true
}

func TestBashCompletes(t *testing.T) {
	for line, want := range completedLines {
		if at := strings.Index(want, "="); strings.HasPrefix(want, "-") && at > 0 {
			want = strings.TrimSuffix(want[at+1:], "/") // bash cuts words at =, and adds the / itself
		}
		// What the shell does when someone presses Tab: COMP_WORDS is the line, cut at its COMP_WORDBREAKS.
		got, ok := inShell(t, "bash", `source <(lattice completion bash)
COMP_WORDS=(`+strings.ReplaceAll(line, "=", " = ")+`); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_lattice
printf '%s\n' "${COMPREPLY[@]}"
complete -p lattice`, "--norc")
		if ok && got != want+"\ncomplete -F _lattice lattice" {
			t.Errorf("%q: %q; want %q", line, got, want)
		}
	}
}

func TestFishCompletes(t *testing.T) {
	for line, want := range completedLines {
		got, ok := inShell(t, "fish", "lattice completion fish | source\ncomplete -C "+"'"+line+"'", "--no-config")
		got, _, _ = strings.Cut(got, "\t")
		if ok && got != want {
			t.Errorf("%q: %q; want %q", line, got, want)
		}
	}
}

// TestZshCompletes calls the function as zsh's completion does, with a completion system that prints what it is given.
func TestZshCompletes(t *testing.T) {
	for line, want := range completedLines {
		got, ok := inShell(t, "zsh", `compdef() { : }
compset() { [[ $1 == -P && $words[CURRENT] == *=* ]] && prefix="${words[CURRENT]%%=*}=" && words[CURRENT]="${words[CURRENT]#*=}" }
_files() { local f; for f in "$words[CURRENT]"*(N); do [[ $1 == -/ ]] && f="$f/"; print -r -- "$prefix$f"; done }
_describe() {
	local -a given
	given=("${(@P)2}")
	[[ $3 == -- ]] && given+=("${(@P)4}")
	print -rl -- "${prefix}${(@)^${(@)given:#}%%:*}"
}
source <(lattice completion zsh)
words=(`+line+`); CURRENT=$#words; prefix=
_lattice`, "-f")
		if ok && got != want {
			t.Errorf("%q: %q; want %q", line, got, want)
		}
	}
}

// TestScriptsAskTheCommand looks at what all scripts have in common, whichever shells there are here.
func TestScriptsAskTheCommand(t *testing.T) {
	for _, shell := range shells {
		script, err := completionScripts.ReadFile("completion/" + shell)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{" " + completeCommand + " ", "--word=", ":files", ":folders", "2>", "lattice completion " + shell} {
			if !strings.Contains(string(script), want) {
				t.Errorf("the script for %s lacks %q", shell, want)
			}
		}
		for _, pair := range []string{"{}", "()", "[]"} {
			text := strings.NewReplacer(":files)", "", ":folders)", "", "?*)", "", "*=)", "", "$'\\t'* | */ |", "").Replace(string(script))
			if open, closed := strings.Count(text, pair[:1]), strings.Count(text, pair[1:]); open != closed {
				t.Errorf("the script for %s has %d %s and %d %s", shell, open, pair[:1], closed, pair[1:])
			}
		}
	}
}
