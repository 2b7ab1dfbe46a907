package main

import (
	"grove.place/lattice/internal/bindings"
	"grove.place/lattice/internal/devserver"
	local "grove.place/lattice/local-runtime"
)

// hostOptions are the program's bindings, as the local host takes them.
func hostOptions(p devserver.Program, stateDir string, isolates int, seeds map[string]string) (local.Options, error) {
	o, err := bindings.Options(p.Config, p.Vars, seeds)
	if err != nil {
		return local.Options{}, err
	}
	o.Module, o.Classes, o.Dir, o.CacheDir, o.Isolates, o.Logger = p.Module, p.Classes, stateDir, cacheDir(), isolates, p.Log
	o.KeepNames = true
	return o, nil
}
