// Package coverage checks docs/grove/coverage.md, the page that says of everything Grove promises which file does it and which test shows it.
//
// The one idea: what there is to cover is read from the code (methods, tasks, tables, messages, routes) and from the lists of promises in promised.go, never
// from the page. What is promised must be in the code, by its own name or the one that promised.go says; everything must have a row, and what a row names must
// exist. Start with Page and Check.
package coverage

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Row is a row of the page: an item, the files that do it and the tests that show it.
type Row struct {
	Section, Item string
	Files, Tests  []string
	Note          string
}

// Page reads the rows of the page at path. A row has four cells: item, files, tests, note; names stand in backquotes.
func Page(path string) ([]Row, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var rows []Row
	section := ""
	for n, line := range strings.Split(string(text), "\n") {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			section = title
			continue
		}
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		for len(cells) < 4 {
			cells = append(cells, "")
		}
		items := quoted(cells[0])
		if len(items) != 1 || len(cells) > 4 {
			return nil, fmt.Errorf("%s:%d: a row is | `item` | `file`, … | `package.Test`, … | note |", path, n+1)
		}
		rows = append(rows, Row{section, items[0], quoted(cells[1]), quoted(cells[2]), strings.Trim(cells[3], " |")})
	}
	return rows, nil
}

var backquoted = regexp.MustCompile("`([^`]+)`")

func quoted(cell string) []string {
	var names []string
	for _, m := range backquoted.FindAllStringSubmatch(cell, -1) {
		names = append(names, m[1])
	}
	return names
}

// Sections of the page, each with what it has to list.
const (
	Methods      = "Methods"
	Tasks        = "Alarms"
	ObjectTables = "Storage of objects"
	Tables       = "Tables of D1"
	Messages     = "WebSocket messages"
	Endpoints    = "Endpoints"
	Pages        = "Pages"
	Improvements = "Expected improvements"
)

// Check compares the rows with what the module at root has and promises, and returns what is wrong.
func Check(root string, rows []Row) (wrong []string, err error) {
	have, err := inCode(root)
	if err != nil {
		return nil, err
	}
	tests, err := testFunctions(root)
	if err != nil {
		return nil, err
	}
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	listed := map[string]map[string]Row{}
	for _, r := range rows {
		if listed[r.Section] == nil {
			listed[r.Section] = map[string]Row{}
		}
		if _, twice := listed[r.Section][r.Item]; twice {
			say("%s: %q has two rows", r.Section, r.Item)
		}
		listed[r.Section][r.Item] = r
		wrong = append(wrong, r.check(root, tests)...)
	}
	for section, items := range promised {
		for _, item := range items {
			if !have[section][item] {
				say("%s: %q is promised and not in the code: build it, or say in promised.go what does it", section, item)
			}
		}
	}
	for section, names := range renamed {
		for name, item := range names {
			if !have[section][item] {
				say("%s: %q is promised as %q, which is not in the code", section, name, item)
			}
			if r, there := listed[section][item]; there && !strings.Contains(r.Note, name) {
				say("%s: the note of %q does not say that it is what the design calls %q", section, item, name)
			}
		}
	}
	for section, items := range apart {
		for _, item := range items {
			if have[section][item] {
				say("%s: %q is in the code: take it out of apart, in promised.go", section, item)
			}
			if r, there := listed[section][item]; there && r.Note == "" {
				say("%s: %q is nothing that the code has by name, and no note says what does it", section, item)
			}
			have.add(section, item)
		}
	}
	for section, items := range have {
		for item := range items {
			if _, there := listed[section][item]; !there {
				say("%s: no row for %q", section, item)
			}
		}
	}
	for section, items := range listed {
		for item := range items {
			if !have[section][item] {
				say("%s: a row for %q, which is neither in the code nor promised", section, item)
			}
		}
	}
	undocumented, err := compareWithDocuments(root, have[Messages])
	wrong = append(wrong, undocumented...)
	slices.Sort(wrong)
	return wrong, err
}

func (r Row) check(root string, tests map[string]bool) (wrong []string) {
	if len(r.Files) == 0 || len(r.Tests) == 0 {
		wrong = append(wrong, fmt.Sprintf("%s: %q names no file, or no test", r.Section, r.Item))
	}
	for _, file := range r.Files {
		if _, err := os.Stat(filepath.Join(root, file)); err != nil {
			wrong = append(wrong, fmt.Sprintf("%s: %q: there is no file %s", r.Section, r.Item, file))
		}
	}
	for _, test := range r.Tests {
		if !tests[test] {
			wrong = append(wrong, fmt.Sprintf("%s: %q: there is no test %s", r.Section, r.Item, test))
		}
	}
	return wrong
}
