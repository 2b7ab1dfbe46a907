package session

import (
	"testing"

	"grove.place/lattice/build"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/tests/workerd"
)

// startWorkerd starts both in one workerd.
func startWorkerd(t *testing.T) home {
	t.Helper()
	o := options()
	app := bundle(t, o)
	app.Scripts, app.Services, app.Objects = map[string]string{"VAULTS": "auth"}, map[string]string{"AUTH": "auth", "ADMIN": "auth", "KEYS": "auth", "PLAIN_KEYS": "auth"}, map[string]string{"VAULTS": "Vault"}
	app.Entrypoints = map[string]workerd.Entrypoint{"ADMIN": {Name: "Admin", Props: map[string]any{"role": "root"}}, "KEYS": {Name: "Keys", Props: map[string]any{"may": "sign"}}, "PLAIN_KEYS": {Name: "Keys"}}
	auth := bundle(t, o.Workers[0])
	auth.Consumes = []string{"mail"}
	s, err := workerd.Start(t.Context(), workerd.Options{Worker: app, Others: []workerd.Worker{auth}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		if t.Failed() {
			t.Logf("workerd says:\n%s", s.Output())
		}
	})
	return home{t, s.URL, map[string]string{}}
}

// bundle builds a Worker for workerd, with the bindings that it has on the local host.
func bundle(t *testing.T, o local.TestOptions) workerd.Worker {
	t.Helper()
	dir := t.TempDir()
	if _, err := build.Build(t.Context(), build.Options{Package: o.Package, Out: dir, CacheDir: local.TestCacheDir(), NoSizes: true}); err != nil {
		t.Fatal(err)
	}
	return workerd.Worker{Name: o.Name, Dir: dir, Objects: o.Objects, Services: o.Services, Queues: o.Queues, Vars: o.Vars}
}
