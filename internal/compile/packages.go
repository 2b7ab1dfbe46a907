package compile

import (
	"context"
	"strings"
)

// listed is a package that a program is linked from.
type listed struct {
	path     string
	standard bool
	own      bool // of the program's module
	imports  []string
	dir      string
	files    []string
}

const listFormat = `{{.ImportPath}}|{{.Standard}}|{{with .Module}}{{.Main}}{{end}}|{{join .Imports " "}}|{{.Dir}}|{{join .GoFiles " "}}`

// list returns the packages of a program, or none if that cannot be told.
func list(ctx context.Context, dir, pkg string) []listed {
	out, err := goCommand(ctx, dir, "list", "-deps", "-f", listFormat, pkg).Output()
	if err != nil {
		return nil
	}
	var packages []listed
	for line := range strings.Lines(string(out)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "|")
		if len(fields) != 6 {
			return nil
		}
		packages = append(packages, listed{fields[0], fields[1] == "true", fields[2] == "true", strings.Fields(fields[3]), fields[4], strings.Fields(fields[5])})
	}
	return packages
}

// sdk are the packages of the SDK and what they use. They are in the way of every request.
var sdk = strings.Fields(`grove.place/lattice/durables grove.place/lattice/workers grove.place/lattice/workers/d1 grove.place/lattice/workers/queues
	grove.place/lattice/workers/r2 grove.place/lattice/workers/rpc grove.place/lattice/workers/websocket`)

const sdkInternal = "grove.place/lattice/internal/"

// withoutInlining returns flags that compile the program's own packages, and those of other modules, without inlining. Functions of the standard
// library and of the SDK still have what they call inlined.
func withoutInlining(packages []listed) (flags []string) {
	for _, p := range packages {
		own := !p.standard && !strings.HasPrefix(p.path, sdkInternal)
		for _, path := range sdk {
			own = own && p.path != path
		}
		if own {
			flags = append(flags, "-gcflags="+p.path+"=-l")
		}
	}
	return flags
}
