package devserver

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"grove.place/lattice/internal/wrangler"
)

// variables are [vars] with .dev.vars or .env and then overrides on top, as wrangler dev has them.
func variables(cfg *wrangler.Config, env string, overrides map[string]string) (vars map[string]wrangler.Var, secrets *wrangler.Secrets, err error) {
	vars = maps.Clone(cfg.Vars)
	secrets, err = cfg.LoadSecrets(env)
	if err != nil {
		return nil, nil, err
	}
	for name, value := range secrets.Values {
		vars[name] = wrangler.Var{Text: value}
	}
	for name, value := range overrides {
		vars[name] = wrangler.Var{Text: value}
	}
	for _, name := range cfg.Secrets {
		if _, ok := vars[name]; !ok {
			return nil, nil, fmt.Errorf("%s: secrets.required names %s, which is not set: write %s=… into %s; on Cloudflare `lattice secret put %s` sets it", cfg.Path, name, name, filepath.Join(cfg.Dir(), ".dev.vars"), name)
		}
	}
	return vars, secrets, nil
}

// fingerprint tells whether the files that a host reads at its start have changed: the configuration and the migrations.
func fingerprint(cfg *wrangler.Config) [sha256.Size]byte {
	h := sha256.New()
	add := func(path string) {
		data, _ := os.ReadFile(path) // what cannot be read is reported by whoever needs it
		h.Write([]byte(path))
		h.Write(data)
	}
	add(cfg.Path)
	for _, d := range cfg.Databases {
		files, _ := filepath.Glob(filepath.Join(cfg.Abs(d.Migrations()), "*.sql"))
		for _, f := range files {
			add(f)
		}
	}
	return [sha256.Size]byte(h.Sum(nil))
}
