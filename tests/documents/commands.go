package documents

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Command is a command of a block, in words: what a shell would do with quotes is done, variables and redirections are left as they are.
type Command struct {
	At    string
	Words []string
}

var run = regexp.MustCompile(`^(?:- )?run: (?:\| *)?(.*)$`)

// Commands returns what a block of sh, console or yaml has people run; of the last, the values of run. In a console, commands follow a $.
func (b Block) Commands() (all []Command) {
	for i, line := range strings.Split(strings.ReplaceAll(b.Text, "\\\n", " "), "\n") {
		text := strings.TrimSpace(line)
		switch b.Language {
		case "console":
			typed, isTyped := strings.CutPrefix(text, "$ ")
			if !isTyped {
				continue
			}
			text = typed
		case "yaml":
			m := run.FindStringSubmatch(text)
			if m == nil {
				continue
			}
			text = m[1]
		case "sh":
		default:
			return nil
		}
		for _, words := range split(text) {
			all = append(all, Command{fmt.Sprintf("%s:%d", b.Page.Name, b.Line+i), words})
		}
	}
	return all
}

// split divides a line at ;, &&, || and |, and each part into words.
func split(line string) (commands [][]string) {
	var words []string
	var word strings.Builder
	started, quote := false, rune(0)
	end := func() {
		if started {
			words = append(words, word.String())
		}
		word.Reset()
		started = false
	}
	for i, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, started = r, true
		case r == ' ':
			end()
		case r == '#' && (i == 0 || line[i-1] == ' '):
			end()
			return slices.DeleteFunc(append(commands, words), empty)
		case strings.ContainsRune(";|&", r):
			end()
			if len(words) > 0 {
				commands = append(commands, words)
			}
			words = nil
		default:
			word.WriteRune(r)
			started = true
		}
	}
	end()
	if len(words) > 0 {
		commands = append(commands, words)
	}
	return slices.DeleteFunc(commands, empty)
}

// Lattice returns the arguments of the command lattice, however it is started: itself, by go tool, or by go run.
func (c Command) Lattice() (args []string, ok bool) {
	for _, start := range [][]string{{"lattice"}, {"bin/lattice"}, {"go", "tool", "lattice"}, {"go", "run", "./cmd/lattice"}} {
		if len(c.Words) >= len(start) && slices.Equal(c.Words[:len(start)], start) {
			return c.Words[len(start):], true
		}
	}
	return nil, false
}

// Fault says which part of a command of make or go is not in the repository. Commands of lattice are for its own test.
func (c Command) Fault(root string) string {
	words := c.Words
	for len(words) > 0 && strings.Contains(words[0], "=") {
		words = words[1:] // a variable for the command
	}
	if len(words) == 0 {
		return ""
	}
	switch words[0] {
	case "make":
		text, err := os.ReadFile(filepath.Join(root, "Makefile"))
		for _, target := range words[1:] {
			if err == nil && !strings.Contains(target, "=") && !strings.Contains("\n"+string(text), "\n"+target+":") {
				return "the Makefile has no " + target
			}
		}
	case "go":
		for _, word := range words[1:] {
			if path, local := strings.CutPrefix(word, "./"); local && len(words) > 1 && (words[1] == "run" || words[1] == "test") {
				if info, err := os.Stat(filepath.Join(root, strings.TrimSuffix(path, "..."))); err != nil || !info.IsDir() {
					return "there is no package " + word
				}
			}
		}
	}
	return ""
}

func empty(words []string) bool { return len(words) == 0 }
