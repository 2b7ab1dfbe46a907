package main

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"

	"grove.place/lattice/tests/conformance/compatibility"
	"grove.place/lattice/tests/workerd"
)

// pages makes the pages about compatibility. It asks the oracle which cases there are.
func pages(ctx context.Context) (root string, text map[string]string, open []string, err error) {
	tests, err := workerd.Root()
	if err != nil {
		return "", nil, nil, err
	}
	root = filepath.Dir(tests)
	hosts, err := startHosts(ctx, []string{"oracle"})
	if err != nil {
		return "", nil, nil, err
	}
	defer hosts.close()
	cases, err := allCases(hosts[1], regexp.MustCompile(""))
	if err != nil {
		return "", nil, nil, err
	}
	known := compatibility.Known{Root: root, Differences: map[string]string{}}
	for _, c := range cases {
		known.Cases = append(known.Cases, c.Name)
		if c.Differs.why != "" {
			known.Differences[c.Name] = c.Differs.why
			if c.Differs.local {
				known.Differences[c.Name] = "local host: " + c.Differs.why
			}
		}
	}
	text, open, err = compatibility.Pages(known)
	return root, text, open, err
}

func writePages(ctx context.Context) error {
	root, text, open, err := pages(ctx)
	if err != nil {
		return err
	}
	for _, name := range open {
		fmt.Println("not implemented yet:", name)
	}
	return compatibility.Write(root, text)
}
