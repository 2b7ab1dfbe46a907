// Package compatibility holds what is promised of each member of the Durable Objects API, of each limit, and of each of
// workerd's own tests, and writes docs/compatibility.md and docs/workerd-tests.md of it. What is promised is checked:
// every member that Cloudflare's typings declare must be in the tables, the Go names must exist, and the cases and
// tests that show a thing must be there.
//
// Start with Pages; members*.go and ported.go are the tables, and docs/limits.md is that of limits.
package compatibility

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Known is what the tables are checked against.
type Known struct {
	Root        string            // folder of the Go module
	Cases       []string          // names of the conformance cases
	Differences map[string]string // documented differences by case
}

// source is Known with what is read from the tree.
type source struct {
	Known
	declared map[string]bool // exported Go names, as "durables.State.ID"
	tests    map[string]bool // Go tests, as "local-runtime.TestAlarms"
	typings  typings
}

// member is one member of the API. No Go names: it is absent, and note says why and what to use. A note beside Go
// names says how it differs; what merely has another form in Go is a remark in parentheses among the names.
type member struct {
	name   string
	golang string // separated by "; "
	shown  string // separated by "; ": cases ("kv/get*") and Go tests ("local-runtime.TestAlarms")
	note   string
}

// section is a type of the typings with its members.
type section struct {
	declaration string // name in the typings; empty when they have none
	title       string
	about       string
	members     []member
}

const (
	works       = "works on both"
	differs     = "differs"
	absent      = "absent"
	unfinished  = "not implemented yet"
	compatPage  = "docs/compatibility.md"
	workersPage = "docs/compatibility-workers.md"
	workerdPage = "docs/workerd-tests.md"
)

// Pages returns the pages by their path in the module, and what of the API is not implemented yet.
func Pages(k Known) (pages map[string]string, open []string, err error) {
	s := source{Known: k}
	if s.declared, s.tests, err = declarations(k.Root); err != nil {
		return nil, nil, err
	}
	if s.typings, err = loadTypings(filepath.Join(k.Root, "tests", "node_modules", "@cloudflare", "workers-types")); err != nil {
		return nil, nil, err
	}
	all := slices.Concat(sections, bindingSections)
	if err := errors.Join(append(s.missing(all), s.unknown(all)...)...); err != nil {
		return nil, nil, err
	}
	compat, open, err := s.compatibility(compatibilityHead, sections)
	if err != nil {
		return nil, nil, err
	}
	bindings, more, err := s.compatibility(workersHead, bindingSections)
	if err != nil {
		return nil, nil, err
	}
	open = append(open, more...)
	ported, more, err := s.ported()
	if err != nil {
		return nil, nil, err
	}
	return map[string]string{compatPage: compat, workersPage: bindings, workerdPage: ported}, append(open, more...), nil
}

// Write writes the pages that have changed.
func Write(root string, pages map[string]string) error {
	for path, text := range pages {
		path = filepath.Join(root, path)
		if old, err := os.ReadFile(path); err == nil && string(old) == text {
			continue
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (s source) compatibility(head string, sections []section) (page string, open []string, err error) {
	var b strings.Builder
	b.WriteString(head)
	var errs []error
	counts := map[string]int{}
	for _, sec := range sections {
		fmt.Fprintf(&b, "\n## %s\n\n", sec.title)
		if sec.about != "" {
			b.WriteString(sec.about + "\n\n")
		}
		b.WriteString("| member | in Go | status | shown by |\n|---|---|---|---|\n")
		for _, m := range sec.members {
			status, note, err := s.status(m)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %s: %w", sec.title, m.name, err))
				continue
			}
			if status == unfinished {
				open = append(open, sec.title+": "+m.name)
			}
			counts[status]++
			name := code(m.name)
			if s.typings.experimental(sec.declaration, m.name) {
				name += " (experimental)"
			}
			if note != "" {
				status += ": " + note
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, codes(m.golang), status, codes(m.shown))
		}
	}
	lost, err := s.limits(&b)
	open, errs = append(open, lost...), append(errs, err)
	var sums []string
	for _, status := range slices.Sorted(maps.Keys(counts)) {
		sums = append(sums, fmt.Sprintf("%d %s", counts[status], status))
	}
	text := strings.Replace(b.String(), "{counts}", strings.Join(sums, ", "), 1)
	return text, open, errors.Join(errs...)
}

// status says how far a member goes.
func (s source) status(m member) (status, note string, err error) {
	if m.golang == "" {
		if m.note == "" {
			return "", "", errors.New("it has no Go name, and nothing says why")
		}
		return absent, m.note, nil
	}
	for name := range list(m.golang) {
		if !s.declared[name] && !strings.HasPrefix(name, "(") {
			return unfinished, "", nil
		}
	}
	cases, found := s.find(m.shown)
	if !found {
		return unfinished, "", nil
	}
	var notes []string
	if m.note != "" {
		notes = append(notes, m.note)
	}
	for _, c := range cases {
		if why := s.Differences[c]; why != "" && !slices.Contains(notes, why) {
			notes = append(notes, why)
		}
	}
	if notes != nil {
		return differs, strings.Join(notes, "; "), nil
	}
	return works, "", nil
}

// find returns the cases that a list of patterns names, and whether each pattern names a case or a test, and there is one.
func (s source) find(patterns string) (cases []string, all bool) {
	for pattern := range list(patterns) {
		if s.tests[pattern] {
			all = true
			continue
		}
		re := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$")
		n := len(cases)
		for _, name := range s.Cases {
			if re.MatchString(name) {
				cases = append(cases, name)
			}
		}
		if len(cases) == n {
			return nil, false
		}
		all = true
	}
	return cases, all
}

// list goes through a list separated by semicolons: names of cases contain commas.
func list(s string) func(func(string) bool) {
	return func(yield func(string) bool) {
		if s == "" {
			return
		}
		for part := range strings.SplitSeq(s, "; ") {
			if !yield(part) {
				return
			}
		}
	}
}

func code(s string) string { return "`" + strings.ReplaceAll(s, "|", `\|`) + "`" }

func codes(s string) string {
	var out []string
	for part := range list(s) {
		if !strings.HasPrefix(part, "(") {
			part = code(part)
		}
		out = append(out, part)
	}
	return strings.ReplaceAll(strings.Join(out, ", "), ", (", " (")
}
