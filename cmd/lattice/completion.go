package main

import (
	"context"
	"embed"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

const completionHelp = `lattice completion SHELL

Prints a script that completes lattice's commands, flags and their values: bash, zsh, fish or powershell. The script asks the command itself, so that it
need not be made again for a new version.

  source <(lattice completion bash)                          in ~/.bashrc
  source <(lattice completion zsh)                           in ~/.zshrc, after compinit
  lattice completion fish | source                           in ~/.config/fish/config.fish
  lattice completion powershell | Out-String | Invoke-Expression   in $PROFILE

It completes "lattice", not "go tool lattice": install the command with go install grove.place/lattice/cmd/lattice@latest, or let the word stand for the tool
of the project that you are in, with the function   lattice() { go tool lattice "$@"; }   in bash and zsh, and what a script prints from: go tool lattice completion bash.
`

//go:embed completion
var completionScripts embed.FS

var shells = []string{"bash", "fish", "powershell", "zsh"}

func runCompletion(_ context.Context, args []string, out, errs io.Writer) error {
	shell, err := parse(newFlags("completion", completionHelp, out, errs), args, errs)
	if err != nil {
		return err
	}
	if !slices.Contains(shells, shell) {
		if shell != "" {
			fmt.Fprintf(errs, "there is no completion for %q%s\n\n", shell, didYouMean(shell, shells))
		}
		fmt.Fprint(errs, completionHelp)
		return errUsage
	}
	script, err := completionScripts.ReadFile("completion/" + shell)
	if err == nil {
		_, err = out.Write(script)
	}
	return err
}

// survey takes the place of the output of a command that is asked for its help, and learns of its flags and the commands below it.
type survey struct {
	flags    *flag.FlagSet
	commands []string
}

func (s *survey) Write(p []byte) (int, error) { return len(p), nil }

// surveyed asks a command, given by the words after lattice, for its flags and the commands below it.
func surveyed(words ...string) *survey {
	s := new(survey)
	for _, c := range commandList {
		if c.name == words[0] {
			_ = c.run(context.Background(), append(slices.Clone(words[1:]), "-h"), s, io.Discard) // its help, and nothing else
		}
	}
	return s
}

// completeCommand is what the scripts call, as: lattice __complete --word=WORD -- the words before it. The answer is a line for each word that could stand there, with
// a tab and what it means; or :files or :folders, when it is a path.
const completeCommand = "__complete"

func complete(args []string, out io.Writer) int {
	if len(args) < 2 || args[1] != "--" {
		return exitUsage
	}
	word, before := strings.TrimPrefix(args[0], "--word="), args[2:]
	if flag, value, ok := strings.Cut(word, "="); ok && strings.HasPrefix(flag, "-") {
		before, word = append(slices.Clone(before), flag), value // bash hands over one word or three
	}
	if n := len(before); n > 1 && before[n-1] == "=" {
		before = before[:n-1]
	}
	if word == "=" {
		word = ""
	}
	for _, line := range candidates(before, word) {
		if strings.HasPrefix(line, word) || strings.HasPrefix(line, ":") {
			fmt.Fprintln(out, line)
		}
	}
	return exitOK
}

// candidates are the lines for what may follow words.
func candidates(words []string, word string) []string {
	if len(words) > 0 && words[0] == "help" {
		return helpWords(words[1:])
	}
	if len(words) == 0 {
		return commandLines()
	}
	path, rest := []string{words[0]}, words[1:]
	s := surveyed(path...)
	if s.commands != nil {
		below := under(s.commands, rest)
		if below != nil {
			return below
		}
		n := 1
		if !slices.Contains(s.commands, rest[0]) {
			n = 2
		}
		path = append(path, rest[:n]...)
		s, rest = surveyed(path...), rest[n:]
	}
	if s.flags == nil {
		return nil
	}
	if n := len(rest); n > 0 && takesValue(s.flags, rest[n-1]) {
		return flagValues(s.flags, s.flags.Lookup(strings.TrimLeft(rest[n-1], "-")))
	}
	if strings.HasPrefix(word, "-") {
		return flagLines(s.flags)
	}
	given := 0 // arguments before the word
	for i, before := range rest {
		if !strings.HasPrefix(before, "-") && (i == 0 || !takesValue(s.flags, rest[i-1])) {
			given++
		}
	}
	return arguments(path, given)
}

// under returns the next words of commands that begin with given, or nil when those are a command already.
func under(commands, given []string) (next []string) {
	if slices.Contains(commands, strings.Join(given[:min(1, len(given))], " ")) || len(given) > 1 && slices.Contains(commands, strings.Join(given[:2], " ")) {
		return nil
	}
	next = []string{}
	for _, c := range commands {
		parts := strings.Fields(c)
		if len(given) < len(parts) && slices.Equal(parts[:len(given)], given) && !slices.Contains(next, parts[len(given)]) {
			next = append(next, parts[len(given)])
		}
	}
	return next
}

func commandLines() []string {
	lines := []string{"help\texplain a command"}
	for _, c := range commandList {
		lines = append(lines, c.name+"\t"+c.short)
	}
	slices.Sort(lines)
	return lines
}

// helpWords are what may follow help.
func helpWords(words []string) []string {
	if len(words) == 0 {
		lines := commandLines()
		for _, t := range topics {
			lines = append(lines, t.name+"\t"+t.short)
		}
		return lines
	}
	if s := surveyed(words[0]); s.commands != nil {
		return under(s.commands, words[1:])
	}
	return nil
}

func flagLines(fs *flag.FlagSet) (lines []string) {
	for _, one := range spellings(fs) {
		_, usage := flag.UnquoteUsage(one.main)
		for _, name := range one.names {
			lines = append(lines, name+"\t"+usage)
		}
	}
	return lines
}

func takesValue(fs *flag.FlagSet, word string) bool {
	if !strings.HasPrefix(word, "-") || strings.Contains(word, "=") {
		return false
	}
	f := fs.Lookup(strings.TrimLeft(word, "-"))
	if f == nil {
		return false
	}
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return !ok || !b.IsBoolFlag()
}
