package scaffold

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
)

// ErrDevelopment is a command that no released version of Lattice goes with.
var ErrDevelopment = errors.New("this command is a development build, so that no released version of Lattice goes with it: name the checkout that it comes from, with --replace path/to/lattice")

var release = regexp.MustCompile(`^v\d+\.\d+\.\d+$`)

// Lattice says what a project that this command makes is built with: a version, or the checkout that the command was built in.
func Lattice() (version, checkout string, err error) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	_, source, _, _ := runtime.Caller(0)
	return lattice(info.Main, filepath.Join(filepath.Dir(source), "..", ".."))
}

// lattice decides by the command's module and the folder of its source, which is not there when it was built with -trimpath.
func lattice(main debug.Module, source string) (version, checkout string, err error) {
	switch {
	case main.Path == latticeModule && main.Sum != "": // of a module proxy
		return main.Version, "", nil
	case CheckCheckout(source) == nil:
		return "", source, nil
	case main.Replace != nil && filepath.IsAbs(main.Replace.Path) && CheckCheckout(main.Replace.Path) == nil:
		return "", main.Replace.Path, nil
	case main.Path == latticeModule && release.MatchString(main.Version):
		return main.Version, "", nil
	}
	return "", "", ErrDevelopment
}

var moduleLine = regexp.MustCompile(`(?m)^module\s+"?` + regexp.QuoteMeta(latticeModule) + `"?\s*$`)

// CheckCheckout says why a folder is no checkout of Lattice.
func CheckCheckout(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil || !moduleLine.Match(text) {
		return fmt.Errorf("%s is no checkout of Lattice: it has no go.mod of the module %s", dir, latticeModule)
	}
	return nil
}
