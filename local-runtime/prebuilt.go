package local

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// PrebuiltVariable names the environment variable by which `lattice test` tells StartTest of modules that it has built already: a JSON array of Prebuilt.
const PrebuiltVariable = "LATTICE_TEST_MODULES"

// Prebuilt is a module that need not be built for a test.
type Prebuilt struct {
	Dir    string `json:"dir"`    // of the main package, absolute
	Import string `json:"import"` // its import path
	File   string `json:"file"`   // app.wasm, absolute
}

// prebuilt returns the module of a package, if it has been built. The file is one that the go command sees the test read, so that the test runs again when
// the module is another one.
func prebuilt(pkg string) (module []byte, found bool, err error) {
	text := os.Getenv(PrebuiltVariable)
	if text == "" {
		return nil, false, nil
	}
	var all []Prebuilt
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return nil, false, fmt.Errorf("%s is not what `lattice test` writes there: %w; unset it", PrebuiltVariable, err)
	}
	for _, p := range all {
		if pkg != p.Import && !sameFolder(pkg, p.Dir) {
			continue
		}
		module, err := os.ReadFile(p.File)
		if err != nil {
			return nil, false, fmt.Errorf("the module that `lattice test` has built: %w", err)
		}
		return module, true, nil
	}
	return nil, false, nil
}

func sameFolder(pkg, dir string) bool {
	a, err := os.Stat(filepath.Clean(pkg))
	if err != nil {
		return false
	}
	b, err := os.Stat(dir)
	return err == nil && os.SameFile(a, b)
}
