package scaffold

import (
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
)

func TestProjectsAreBuiltWithTheLatticeOfTheCommand(t *testing.T) {
	checkout, gone := "../..", "/gone"
	ours := func(version, sum string) debug.Module {
		return debug.Module{Path: latticeModule, Version: version, Sum: sum}
	}
	replaced := ours("v0.0.0", "")
	absolute, err := filepath.Abs(checkout)
	if err != nil {
		t.Fatal(err)
	}
	replaced.Replace = &debug.Module{Path: absolute}
	for name, k := range map[string]struct {
		main              debug.Module
		source            string
		version, checkout string
		err               error
	}{
		"installed from a proxy":                    {ours("v1.2.3", "h1:x"), gone, "v1.2.3", "", nil},
		"a pseudo-version from a proxy":             {ours("v1.2.4-0.20261128000000-abcdefabcdef", "h1:x"), gone, "v1.2.4-0.20261128000000-abcdefabcdef", "", nil},
		"built in a checkout":                       {ours("v1.2.4-0.20261128000000-abcdefabcdef+dirty", ""), checkout, "", checkout, nil},
		"built in a checkout, which has moved away": {ours("v1.2.4-0.20261128000000-abcdefabcdef+dirty", ""), gone, "", "", ErrDevelopment},
		"a release that was built with -trimpath":   {ours("v1.2.3", ""), gone, "v1.2.3", "", nil},
		"a tool of a project that replaces it":      {replaced, gone, "", absolute, nil},
		"no module":                                 {debug.Module{}, gone, "", "", ErrDevelopment},
	} {
		version, checkout, err := lattice(k.main, k.source)
		if version != k.version || checkout != k.checkout || !errors.Is(err, k.err) {
			t.Errorf("%s: %q, %q, %v", name, version, checkout, err)
		}
	}
}

func TestAReleaseIsRequiredByItsVersion(t *testing.T) {
	p := Project{Dir: filepath.Join(t.TempDir(), "shop"), Name: "shop", Module: "example.com/shop", Template: "app", Version: "v1.2.3"}
	files, err := p.Write()
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(p.Dir, name))
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}
	if text := read("go.mod"); !strings.Contains(text, "require grove.place/lattice v1.2.3\n") || strings.Contains(text, "replace") {
		t.Errorf("go.mod:\n%s", text)
	}
	for _, file := range files {
		if text := read(file); strings.Contains(text, "internal/scaffold") || strings.Contains(text, "my-project") || strings.Contains(text, "{random}") {
			t.Errorf("%s still has what stands for something:\n%s", file, text)
		}
	}
	secret := read(".dev.vars")
	info, err := os.Stat(filepath.Join(p.Dir, ".dev.vars"))
	if err != nil || info.Mode().Perm() != 0o600 || strings.Contains(read(".dev.vars.example"), secret[len(secret)-20:]) {
		t.Errorf(".dev.vars: %v, %v", info, err)
	}
	if _, err := p.Write(); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("it is written over: %v", err)
	}
}

func TestNamesAreMended(t *testing.T) {
	for name, want := range map[string]string{"My_App": "my-app", "--": "my-worker", "héllo": "h-llo", strings.Repeat("a-", 40): strings.Repeat("a-", 31) + "a"} {
		got := Suggest(name)
		if got != want || CheckName(got) != nil {
			t.Errorf("%q becomes %q, %v; want %q", name, got, CheckName(got), want)
		}
	}
}
