package local_test

import (
	"strings"
	"testing"

	local "grove.place/lattice/local-runtime"
)

func TestAPackageThatIsNoWorkerIsNamed(t *testing.T) {
	for pkg, want := range map[string]string{
		"./testdata/thing": "./testdata/thing is not a main package: TestOptions.Package names the Worker's",
		"./testdata/none":  "build ./testdata/none for Wasm",
		"":                 "StartTest needs TestOptions.Package",
	} {
		if _, err := local.BuildTest(pkg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error about %q", pkg, err, want)
		}
	}
}
