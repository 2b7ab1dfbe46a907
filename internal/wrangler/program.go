package wrangler

import (
	"path/filepath"
	"slices"
	"strings"
)

// Program returns the folder in which the go command runs, and the package: that the [build] command hands to lattice build, or the folder of the configuration.
func (c *Config) Program() (dir, pkg string) {
	words := strings.Fields(c.Build.Command)
	for i, word := range words {
		if word != "build" || i == 0 || !isLattice(words[i-1]) {
			continue
		}
		if pkg := packageWord(words[i+1:]); pkg != "" {
			return c.Abs(c.Build.Cwd), pkg
		}
	}
	return c.Dir(), "."
}

// BuildsWithLattice reports whether the [build] command is lattice build, and nothing more.
func (c *Config) BuildsWithLattice() bool {
	words := strings.Fields(c.Build.Command)
	at := slices.IndexFunc(words, isLattice)
	return at >= 0 && at+1 < len(words) && words[at+1] == "build" && !slices.ContainsFunc(words, func(w string) bool { return strings.ContainsAny(w, "&|;") })
}

// isLattice recognises the command as people write it: lattice, ./bin/lattice, ./cmd/lattice, a module path with @version.
func isLattice(word string) bool {
	word, _, _ = strings.Cut(word, "@")
	return filepath.Base(strings.Trim(word, `"'`)) == "lattice"
}

// switches are the flags that take no value.
var switches = map[string]bool{"small": true, "sizes": true}

// Small reports whether the [build] command has the flag --small, so that lattice dev runs what is deployed.
func (c *Config) Small() bool {
	words := strings.Fields(c.Build.Command)
	return slices.Contains(words, "--small") || slices.Contains(words, "-small")
}

// packageWord returns the argument that is neither a flag nor the value of one.
func packageWord(words []string) string {
	for i := 0; i < len(words); i++ {
		switch word := words[i]; {
		case word == "&&" || word == ";" || word == "|" || word == "||":
			return ""
		case !strings.HasPrefix(word, "-"):
			return strings.Trim(word, `"'`)
		case !strings.Contains(word, "=") && !switches[strings.TrimLeft(word, "-")]:
			i++
		}
	}
	return ""
}
