// Command licenses writes docs/licenses.md: the modules that this repository links or tests with, and the licence of each, which it finds in the module
// cache. A licence that it does not know is an error: somebody has to read it.
//
//	go run ./tests/licenses
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	text, err := document(".")
	if err == nil {
		err = os.WriteFile("docs/licenses.md", []byte(text), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

const head = `# Licences of what Lattice depends on

Each Go module that a package or a test of this repository imports, directly or not, in the version of ` + "`go.mod`" + `. "Linked" says into what: an application (its
` + "`app.wasm`" + `), the command ` + "`lattice`" + ` with the local host, or tests alone. Made by ` + "`go run ./tests/licenses`" + `; a test fails when it is out of date.

| module | version | licence | linked into |
|---|---|---|---|
`

const foot = `
The SDK itself imports the standard library alone, so that an application has the licences of Go (BSD-3-Clause) and of what it imports by itself. Modules linked into
"application" here are those of Grove. From npm, workerd, wrangler and what they need are used by tests alone and are not distributed.
`

type module struct{ path, version, dir string }

// document is the text of docs/licenses.md for the repository at root.
func document(root string) (string, error) {
	app, err := modules(root, true, false, "./workers/...", "./durables/...")
	if err != nil {
		return "", err
	}
	command, err := modules(root, false, false, "./cmd/...", "./local-runtime/...")
	if err != nil {
		return "", err
	}
	all, err := modules(root, false, true, "./...")
	if err != nil {
		return "", err
	}
	all = append(append(all, app...), command...)
	slices.SortFunc(all, func(a, b module) int { return strings.Compare(a.path, b.path) })
	var b strings.Builder
	b.WriteString(head)
	for _, m := range slices.Compact(all) {
		kind, err := licence(m.dir)
		if err != nil {
			return "", fmt.Errorf("%s %s: %w", m.path, m.version, err)
		}
		var into []string
		if slices.Contains(app, m) {
			into = append(into, "application")
		}
		if slices.Contains(command, m) {
			into = append(into, "command")
		}
		if into == nil {
			into = []string{"tests"}
		}
		fmt.Fprintf(&b, "| [%s](https://pkg.go.dev/%[1]s) | %s | %s | %s |\n", m.path, m.version, kind, strings.Join(into, ", "))
	}
	return b.String() + foot, nil
}

// modules are those that packages are in that others import.
func modules(root string, wasm, tests bool, packages ...string) (list []module, err error) {
	args := []string{"list", "-e", "-deps", "-f", `{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}`}
	if tests {
		args = append(args, "-test")
	}
	cmd := exec.Command("go", append(args, packages...)...)
	cmd.Dir, cmd.Stderr = root, os.Stderr
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0") // the same list wherever it is made
	if wasm {
		cmd.Env = append(cmd.Env, "GOOS=js", "GOARCH=wasm")
	}
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		f := strings.SplitN(strings.TrimSpace(line), " ", 3)
		if len(f) == 3 && !slices.Contains(list, module{f[0], f[1], f[2]}) {
			list = append(list, module{f[0], f[1], f[2]})
		}
	}
	return list, nil
}

// kinds are licences, and words that only they have, with the spaces between them as one.
var kinds = []struct {
	name  string
	words []string
}{
	{"Apache-2.0", []string{"Apache License Version 2.0"}},
	{"MPL-2.0", []string{"Mozilla Public License Version 2.0"}},
	{"BSD-3-Clause", []string{"Redistribution and use in source and binary forms", "endorse or promote products"}},
	{"BSD-2-Clause", []string{"Redistribution and use in source and binary forms"}},
	{"MIT", []string{"Permission is hereby granted, free of charge", "without restriction"}},
	{"ISC", []string{"Permission to use, copy, modify, and/or distribute this software"}},
}

// licence names the licence of a module.
func licence(dir string) (string, error) {
	var files []string
	for _, pattern := range []string{"[Ll][Ii][Cc][Ee][Nn][CcSs][Ee]*", "COPYING*"} {
		some, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return "", err
		}
		files = append(files, some...)
	}
	if len(files) == 0 {
		return "", fmt.Errorf("there is no licence in %s: read its sources, and do without it unless they say one", dir)
	}
	var found []string
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			continue // a folder of others' licences
		}
		if kind := kindOf(string(text)); kind != "" && !slices.Contains(found, kind) {
			found = append(found, kind)
		}
	}
	if len(found) == 0 {
		return "", fmt.Errorf("the licence in %s is none that is known here: read it, and add it to kinds if it is acceptable", files[0])
	}
	return strings.Join(found, ", "), nil
}

func kindOf(text string) string {
	text = strings.Join(strings.Fields(text), " ")
next:
	for _, k := range kinds {
		for _, w := range k.words {
			if !strings.Contains(text, w) {
				continue next
			}
		}
		return k.name
	}
	return ""
}
