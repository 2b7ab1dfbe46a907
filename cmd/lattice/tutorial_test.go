package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"grove.place/lattice/internal/scaffold"
	"grove.place/lattice/tests/documents"
)

// madeText is all text of a project that is called like this.
func madeText(t *testing.T, name, template, ci string) string {
	t.Helper()
	p := scaffold.Project{Dir: filepath.Join(t.TempDir(), name), Name: name, Module: name, Template: template, CI: ci, Version: "v1.0.0"}
	files, err := p.Write()
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(p.Dir, file))
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// blocksOf are the blocks of a page in some languages.
func blocksOf(t *testing.T, page string, languages string) (blocks []documents.Block) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", page))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range documents.Read(page, string(text)).Blocks {
		if strings.Contains(languages, b.Language) {
			blocks = append(blocks, b)
		}
	}
	return blocks
}

func TestTheTutorialShowsWhatTheTemplatesMake(t *testing.T) {
	visits, chat := madeText(t, "visits", "object", ""), madeText(t, "chat", "chat", "")
	blocks := blocksOf(t, "docs/tutorial.md", "go toml")
	if len(blocks) < 10 {
		t.Errorf("the tutorial has %d blocks", len(blocks))
	}
	for _, b := range blocks {
		if text := strings.TrimSpace(b.Text); !strings.Contains(visits, text) && !strings.Contains(chat, text) {
			t.Errorf("%s: no template has\n%s", b.At(), text)
		}
	}
}

func TestThePageOnCIShowsWhatNewWrites(t *testing.T) {
	page := blocksOf(t, "docs/ci.md", "yaml")
	for _, ci := range []string{"github", "gitlab"} {
		made, found := madeText(t, "hello", "worker", ci), false
		for _, b := range page {
			found = found || strings.Contains(made, b.Text)
		}
		if !found {
			t.Errorf("docs/ci.md does not have the file for %s", ci)
		}
	}
}
