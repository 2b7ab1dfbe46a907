// Package habits knows what fingers type that know wrangler: each of its commands and flags, and what lattice has for it.
//
// The one idea is a table, wrangler.txt, that is three things at once: what the errors of lattice answer to a word of wrangler's, the tables of
// docs/wrangler.md, and a promise that tests hold against both commands. Start with OfCommand and OfFlag.
package habits

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed wrangler.txt
var table string

// Way is how lattice does what wrangler does.
type Way byte

// The ways, as the table writes them.
const (
	Same    Way = '=' // with the same word
	Differs Way = '~' // the word is there, and does something else
	Instead Way = '>' // with other words
	Missing Way = '!' // not at all
)

// Habit is a command of wrangler's, or flags of one.
type Habit struct {
	Command string   // "d1 execute"; "*": all of them
	Flags   []string // "--config", "-c"; none: it is about the command
	Way     Way
	Text    string
}

// All are the habits, each command before its flags.
var All = sync.OnceValue(func() (all []Habit) {
	command := ""
	for line := range strings.Lines(table) {
		if strings.TrimSpace(line) == "" || line[0] == '#' {
			continue
		}
		at := strings.IndexAny(line, "=~>!")
		if at < 0 {
			panic("habits: a line says nothing: " + line)
		}
		h := Habit{Way: Way(line[at]), Text: strings.TrimSpace(line[at+1:])}
		words := strings.TrimSpace(line[:at])
		if line[0] == ' ' {
			h.Flags = strings.Split(words, ", ")
		} else {
			command = words
		}
		h.Command = command
		all = append(all, h)
	}
	return all
})

// OfCommand finds the habit of the command that the words begin with: of the longest.
func OfCommand(words ...string) (Habit, bool) {
	for n := len(words); n > 0; n-- {
		for _, h := range All() {
			if h.Flags == nil && h.Command == strings.Join(words[:n], " ") {
				return h, true
			}
		}
	}
	return Habit{}, false
}

// OfFlag finds the habit of a flag, such as --port or -l, of a command.
func OfFlag(command, flag string) (Habit, bool) {
	for _, h := range All() {
		if (h.Command == command || h.Command == "*") && slices.Contains(h.Flags, flag) {
			return h, true
		}
	}
	return Habit{}, false
}

// Answer is what to say to someone who typed it, after a colon; nothing when it is there.
func (h Habit) Answer() string {
	switch h.Way {
	case Instead:
		return "here it is " + h.Text
	case Missing:
		return h.Text
	}
	return ""
}

// Markdown are the tables for the documentation.
func Markdown() string {
	var b strings.Builder
	b.WriteString("| wrangler | lattice |\n|---|---|\n")
	for _, h := range All() {
		name := "`wrangler " + h.Command + "`"
		if h.Flags != nil {
			name = "`" + strings.Join(h.Flags, "`, `") + "`"
		} else if h.Command == "*" {
			name = "any command"
		}
		fmt.Fprintf(&b, "| %s | %s |\n", name, h.cell())
	}
	return b.String()
}

func (h Habit) cell() string {
	text := strings.ReplaceAll(h.Text, "|", `\|`)
	switch {
	case h.Way == Differs:
		return "another meaning: " + text
	case h.Way == Instead:
		return text
	case h.Way == Missing:
		return "no: " + text
	case h.Flags != nil || h.Command == "*":
		return "the same"
	}
	return "`lattice " + h.Command + "`"
}
