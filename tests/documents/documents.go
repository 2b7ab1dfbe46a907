// Package documents checks what the Markdown files of the repository say: their Go compiles, their configuration is read without a warning, their commands
// exist, their links lead somewhere, the limits and the map of packages are those of the code.
//
// The one idea: a block of code belongs to a language, and each language has a check; a block without a language, or of one that nothing checks, is a fault. What
// a reader of a Go block has to imagine around it stands in an HTML comment above it, which the forge does not show (code.go says how). A block that cannot be
// checked is marked <!-- unchecked: why -->. Start with Pages.
package documents

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Page is a Markdown file of the repository.
type Page struct {
	Name   string // below the repository, with slashes
	Text   string
	Blocks []Block
	Faults []string
}

// Block is a fenced block of code.
type Block struct {
	Page     *Page
	Line     int // of its first line of code
	Language string
	Text     string
	Frame    string // what the comment above says that stands around it
	Reason   string // why it is not checked; empty when it is
}

// At names the place of a block.
func (b Block) At() string { return fmt.Sprintf("%s:%d", b.Page.Name, b.Line) }

// Languages are those that blocks may have. The checks of each are in the tests of this package, and of cmd/lattice for commands; text is what programs print.
var Languages = []string{"go", "sh", "console", "toml", "jsonc", "json", "js", "ts", "yaml", "sql", "text"}

// apart are files that are not documents: what is filled in before it is read, data of tests, what a demo site publishes.
func apart(name string) bool {
	base := filepath.Base(name)
	return base == "node_modules" || base == "testdata" || strings.HasPrefix(base, "_") || strings.HasPrefix(base, ".") && base != "." && base != ".." ||
		filepath.ToSlash(name) == "tests/demo/texts"
}

// Pages reads all documents below root.
func Pages(root string) (pages []*Page, err error) {
	err = fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && apart(name):
			return fs.SkipDir
		case entry.IsDir() || filepath.Ext(name) != ".md":
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		pages = append(pages, Read(name, string(text)))
		return err
	})
	return pages, err
}

// Read takes a page apart.
func Read(name, text string) *Page {
	p := &Page{Name: name, Text: text}
	lines := strings.Split(text, "\n")
	comment, frame, reason := false, "", "" // of the comment above
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		switch fence, isFence := strings.CutPrefix(line, "```"); {
		case isFence:
			indent := lines[i][:strings.Index(lines[i], "```")]
			b := Block{Page: p, Line: i + 2, Language: fence, Frame: frame, Reason: reason}
			for i++; i < len(lines) && strings.TrimSpace(lines[i]) != "```"; i++ {
				b.Text += strings.TrimPrefix(lines[i], indent) + "\n"
			}
			if i == len(lines) {
				p.Faults = append(p.Faults, fmt.Sprintf("%s: the block has no end", b.At()))
			}
			p.Blocks = append(p.Blocks, b)
			frame, reason = "", ""
		case strings.HasPrefix(line, "<!-- frame"):
			comment, frame = true, strings.TrimPrefix(line, "<!-- frame")
			if before, _, ended := strings.Cut(frame, "-->"); ended {
				comment, frame = false, before
			}
		case comment:
			before, _, ended := strings.Cut(lines[i], "-->")
			frame, comment = frame+"\n"+before, !ended
		case strings.HasPrefix(line, "<!-- unchecked:"):
			reason = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(line, "<!-- unchecked:"), "-->"))
			if len(reason) < 10 {
				p.Faults = append(p.Faults, fmt.Sprintf("%s:%d: say why the block is not checked", name, i+1))
			}
		case line != "":
			if frame != "" || reason != "" {
				p.Faults = append(p.Faults, fmt.Sprintf("%s:%d: the comment above belongs to no block", name, i+1))
			}
			frame, reason = "", ""
		}
	}
	return p
}
