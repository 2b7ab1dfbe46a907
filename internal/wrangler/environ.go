package wrangler

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Environ is the environment of the process with that of .env files, as wrangler itself has it: where the process sets a variable, the files do not.
type Environ struct {
	values map[string]string
	from   map[string]string // the file that sets a variable
}

// LoadEnviron reads files, of which the later ones win; without any .env, .env.local, .env.ENV and .env.ENV.local in a folder, which need not be there. See
// https://developers.cloudflare.com/workers/wrangler/system-environment-variables/.
func LoadEnviron(dir, env string, files ...string) (*Environ, error) {
	named := len(files) > 0
	if !named {
		names := []string{".env", ".env.local"}
		if env != "" {
			names = append(names, ".env."+env, ".env."+env+".local")
		}
		for _, name := range names {
			files = append(files, filepath.Join(dir, name))
		}
	}
	e := &Environ{values: map[string]string{}, from: map[string]string{}}
	process := map[string]string{}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		process[name] = value
	}
	var all []variable
	s := &Secrets{}
	for _, path := range files {
		vars, ok, err := s.read(path)
		if err != nil {
			return nil, err
		}
		if named && !ok {
			return nil, fmt.Errorf("%s: there is no such file", path)
		}
		for _, v := range vars {
			all = slices.DeleteFunc(all, func(a variable) bool { return a.name == v.name })
			all = append(all, v)
			if process[v.name] == "" {
				e.from[v.name] = path
			}
		}
	}
	e.values = maps.Clone(process)
	for name, value := range expand(all, process) {
		e.values[name] = value
	}
	return e, nil
}

// Get is the value of a variable, or "".
func (e *Environ) Get(name string) string { return e.values[name] }

// From says where a variable is set, for people.
func (e *Environ) From(name string) string {
	if file := e.from[name]; file != "" {
		return name + " in " + file
	}
	return name + " in the environment"
}

// List is all of them as NAME=value, for a process.
func (e *Environ) List() (list []string) {
	for _, name := range slices.Sorted(maps.Keys(e.values)) {
		list = append(list, name+"="+e.values[name])
	}
	return list
}
