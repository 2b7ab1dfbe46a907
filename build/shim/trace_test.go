package shim_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// Both hosts show the same of a trace (internal/symbols has the other half of this test).
func TestTraces(t *testing.T) {
	files, err := filepath.Glob("../../internal/symbols/testdata/*.trace")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	if out, err := node(t, append([]string{"testdata/trace.mjs"}, files...)...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, strings.TrimSpace(string(out)))
	}
}
