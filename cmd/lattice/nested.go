package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"grove.place/lattice/internal/habits"
)

// runner is what runs a command.
type runner = func(ctx context.Context, args []string, out, errs io.Writer) error

// nested are the commands below one, by their names, which may be of two words.
type nested map[string]runner

// start runs one of them, or explains them. help is the text about all of them.
func (n nested) start(ctx context.Context, name, help string, args []string, out, errs io.Writer) error {
	for words := min(2, len(args)); words > 0; words-- {
		if run := n[strings.Join(args[:words], " ")]; run != nil {
			return run(ctx, args[words:], out, errs)
		}
	}
	if len(args) > 0 && slices.Contains([]string{"-h", "--help", "-help", "help"}, args[0]) {
		if s, ok := out.(*survey); ok {
			s.commands = slices.Sorted(maps.Keys(n))
		}
		fmt.Fprint(out, help)
		return flag.ErrHelp
	}
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		fmt.Fprintf(errs, "lattice %s: %s\n`lattice %s -h` explains the commands\n", name, n.lacks(name, args), name)
		return errUsage
	}
	fmt.Fprint(errs, help)
	return errUsage
}

// lacks says that there is no such command, and which may be meant.
func (n nested) lacks(name string, args []string) string {
	word := strings.Join(args[:min(2, len(args))], " ")
	if h, ok := habits.OfCommand(append([]string{name}, args...)...); ok && h.Answer() != "" {
		return fmt.Sprintf("there is no command %q: %s", strings.TrimPrefix(h.Command, name+" "), h.Answer())
	}
	var below []string
	for _, full := range slices.Sorted(maps.Keys(n)) {
		if strings.HasPrefix(full, args[0]+" ") {
			below = append(below, strings.TrimPrefix(full, args[0]+" "))
		}
	}
	if below != nil && len(args) == 1 {
		return fmt.Sprintf("%q needs a command after it: %s", args[0], strings.Join(below, ", "))
	}
	hint := didYouMean(word, slices.Collect(maps.Keys(n)))
	if hint == "" {
		hint = didYouMean(args[0], slices.Collect(maps.Keys(n)))
	}
	if hint == "" && below != nil {
		return fmt.Sprintf("there is no command %q: after %s there is %s", word, args[0], strings.Join(below, ", "))
	}
	if hint == "" {
		return fmt.Sprintf("there is no command %q", args[0])
	}
	return fmt.Sprintf("there is no command %q%s", word, hint)
}

// didYouMean is a question about the nearest of the names, or nothing when none is near.
func didYouMean(word string, names []string) string {
	if near := nearest(word, names); near != "" {
		return fmt.Sprintf(": did you mean %q?", near)
	}
	return ""
}

// nearest is the nearest of the names, or nothing when none is near.
func nearest(word string, names []string) (best string) {
	slices.Sort(names)
	least := 1 + min(2, len(word)/2)
	for _, name := range names {
		if d := distance(word, name); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance is how many letters are to be changed, added, left out or swapped with their neighbours to make one word of the other.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
