package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestPagesAboutCompatibilityAreFresh(t *testing.T) {
	root, text, open, err := pages(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, what := range open {
		t.Errorf("%s: its Go name does not exist, or no case of that name", what)
	}
	for path, want := range text {
		got, err := os.ReadFile(filepath.Join(root, path))
		if err != nil || string(got) != want {
			t.Errorf("%s is stale (%v): go run ./tests/conformance -write-compatibility", path, err)
		}
	}
}
