package local_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/d1"
)

// seeded starts a host on a folder with a seed of those statements, and counts the notes.
func seeded(t *testing.T, dir, statements string) (notes int, err error) {
	t.Helper()
	module, err := local.BuildTest("./testdata/worker")
	if err != nil {
		t.Fatal(err)
	}
	seed := filepath.Join(t.TempDir(), "seed.sql")
	if err := os.WriteFile(seed, []byte(statements), 0o600); err != nil {
		t.Fatal(err)
	}
	o := options().Options
	o.Module, o.Dir, o.CacheDir, o.Logger = module, dir, local.TestCacheDir(), slog.New(slog.DiscardHandler)
	o.Databases = map[string]local.Database{"DB": {ID: "notes", Migrations: "testdata/migrations", Seed: seed}}
	h, err := local.New(context.Background(), o)
	if err != nil {
		return 0, err
	}
	defer h.Close()
	_, err = d1.Database("DB").Prepare(`SELECT count(*) FROM notes`).First(h.Context(), &notes)
	return notes, err
}

func TestASeedIsForANewDatabaseOnly(t *testing.T) {
	dir := t.TempDir()
	for i, start := range []string{"first", "second"} {
		if n, err := seeded(t, dir, "INSERT INTO notes VALUES ('one');\nINSERT INTO notes VALUES ('two; and more');"); n != 2 || err != nil {
			t.Errorf("%d. after the %s start there are %d notes (%v), want 2", i, start, n, err)
		}
	}
}

func TestASeedThatFailsStoresNothingAndIsTriedAgain(t *testing.T) {
	dir := t.TempDir()
	_, err := seeded(t, dir, "INSERT INTO notes VALUES ('one');\nINSERT INTO letters VALUES ('two');")
	if err == nil || !strings.Contains(err.Error(), "line 2") || !strings.Contains(err.Error(), "letters") {
		t.Errorf("got %v, want an error about letters at line 2", err)
	}
	if n, err := seeded(t, dir, "INSERT INTO notes VALUES ('corrected');"); n != 1 || err != nil {
		t.Errorf("after the correction there are %d notes (%v), want 1", n, err)
	}
}
