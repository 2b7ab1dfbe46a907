package wrangler

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Secrets are the variables for development that stand in files beside the configuration.
type Secrets struct {
	Values map[string]string
	Files  []string // that were read
	Notes  []string // what is odd in them, with the place
}

// LoadSecrets reads the secrets for development of the configuration: .dev.vars.ENV when there is one for the environment, otherwise .dev.vars; and without
// either .env, .env.local, .env.ENV and .env.ENV.local, of which the later ones win. Where the file has a table of secrets, the process's environment sets
// them as well, and nothing counts but those and what vars has. CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV=false and CLOUDFLARE_INCLUDE_PROCESS_ENV=true are as in
// wrangler.
func (c *Config) LoadSecrets(env string) (*Secrets, error) {
	s := &Secrets{Values: map[string]string{}}
	names := []string{".dev.vars"}
	if env != "" {
		names = []string{".dev.vars." + env, ".dev.vars"}
	}
	for _, name := range names {
		vars, ok, err := s.read(filepath.Join(c.Dir(), name))
		if err != nil {
			return nil, err
		}
		if ok {
			for _, v := range vars {
				s.Values[v.name] = v.value
			}
			return c.only(s), nil
		}
	}
	load, err := switched("CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV", true)
	if err != nil || !load {
		return s, err
	}
	include, err := switched("CLOUDFLARE_INCLUDE_PROCESS_ENV", false)
	if err != nil {
		return nil, err
	}
	return c.dotenv(s, env, include || c.OnlySecrets)
}

func (c *Config) dotenv(s *Secrets, env string, include bool) (*Secrets, error) {
	names := []string{".env", ".env.local"}
	if env != "" {
		names = append(names, ".env."+env, ".env."+env+".local")
	}
	var all []variable
	for _, name := range names {
		vars, _, err := s.read(filepath.Join(c.Dir(), name))
		if err != nil {
			return nil, err
		}
		for _, v := range vars {
			if i := slices.IndexFunc(all, func(a variable) bool { return a.name == v.name }); i >= 0 {
				all[i] = v
			} else {
				all = append(all, v)
			}
		}
	}
	process := map[string]string{}
	if include {
		for _, pair := range os.Environ() {
			name, value, _ := strings.Cut(pair, "=")
			process[name] = value
		}
	}
	s.Values = process
	maps.Copy(s.Values, expand(all, maps.Clone(process)))
	return c.only(s), nil
}

// only leaves what a table of secrets in the configuration asks for.
func (c *Config) only(s *Secrets) *Secrets {
	if c.OnlySecrets {
		maps.DeleteFunc(s.Values, func(name, _ string) bool {
			_, isVar := c.Vars[name]
			return !isVar && !slices.Contains(c.Secrets, name)
		})
	}
	return s
}

// read reads one file, if it is there.
func (s *Secrets) read(path string) (vars []variable, ok bool, err error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("%s: cannot be read: %w", path, errors.Unwrap(err))
	}
	s.Files = append(s.Files, path)
	vars, notes := parseDotenv(string(data))
	for _, note := range notes {
		s.Notes = append(s.Notes, path+":"+note)
	}
	return vars, true, nil
}

// switched is a variable of the process's environment that is true or false.
func switched(name string, unset bool) (bool, error) {
	switch value, ok := os.LookupEnv(name); {
	case !ok:
		return unset, nil
	case strings.EqualFold(value, "true"):
		return true, nil
	case strings.EqualFold(value, "false"):
		return false, nil
	default:
		return false, fmt.Errorf("the environment variable %s must be true or false, not %q", name, value)
	}
}

// MissingVars names, in order, what .dev.vars.example in dir sets and vars lack.
func MissingVars(dir string, vars map[string]Var) (missing []string) {
	data, err := os.ReadFile(filepath.Join(dir, ".dev.vars.example"))
	if err != nil {
		return nil
	}
	example, _ := parseDotenv(string(data))
	for _, v := range example {
		if _, ok := vars[v.name]; !ok {
			missing = append(missing, v.name)
		}
	}
	slices.Sort(missing)
	return slices.Compact(missing)
}
