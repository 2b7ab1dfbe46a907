package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSymbolizeSaysWhatItNeeds(t *testing.T) {
	t.Chdir(t.TempDir())
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("no module"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]struct {
		args []string
		want string
	}{
		"no map":                  {nil, "with --map"},
		"a map that is no module": {[]string{"--map", text}, "no Wasm module"},
		"two logs":                {[]string{"a", "b"}, "takes one log"},
	} {
		var out, errs bytes.Buffer
		if code := run(context.Background(), append([]string{"symbolize"}, k.args...), &out, &errs); code == exitOK || !strings.Contains(errs.String(), k.want) {
			t.Errorf("%s: %d %s, want %s", name, code, errs.String(), k.want)
		}
	}
}
