package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestTheConfigurationIsFoundAboveAndTheEnvironmentChosen(t *testing.T) {
	dir := t.TempDir()
	sub := filepath.Join(dir, "sub")
	if err := os.Mkdir(sub, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "wrangler.jsonc"), `{"name": "app", "dev": {"port": 0}, "env": {"staging": {}, "test": {}}}`)
	write(t, filepath.Join(dir, "wrangler.toml"), "name = \"other\"\n")
	t.Chdir(sub)
	for _, k := range []struct {
		variable string
		args     []string
		name     string
	}{
		{"", nil, "app"},
		{"staging", nil, "app-staging"},
		{"staging", []string{"--env", "test"}, "app-test"},
		{"staging", []string{"-e", "test"}, "app-test"},
		{"staging", []string{"--env", ""}, "app"},
	} {
		t.Setenv("CLOUDFLARE_ENV", k.variable)
		var p project
		fs := newFlags("build", buildHelp, io.Discard, io.Discard)
		p.flags(fs)
		if _, err := parse(fs, k.args, io.Discard); err != nil {
			t.Fatal(err)
		}
		cfg, o, err := p.load()
		if err != nil {
			t.Fatal(err)
		}
		if cfg.Name != k.name || p.configPath != filepath.Join("..", "wrangler.jsonc") || o.Dir != ".." || o.Package != "." {
			t.Errorf("CLOUDFLARE_ENV=%q %q: %s of %s, package %s in %s", k.variable, k.args, cfg.Name, p.configPath, o.Package, o.Dir)
		}
		if len(cfg.Warnings) != 1 {
			t.Errorf("warnings: %v", cfg.Warnings)
		}
	}
}
