package documents

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"
)

// The blocks of a page run one after another, in a database with the tables of Grove.
func TestBlocksOfSQLRun(t *testing.T) {
	migrations, err := filepath.Glob(filepath.Join(root, "migrations", "*.sql"))
	if err != nil || len(migrations) == 0 {
		t.Fatalf("there are no migrations: %v", err)
	}
	for _, p := range pages(t) {
		var db *sql.DB
		for _, b := range p.Blocks {
			if b.Language != "sql" || b.Reason != "" {
				continue
			}
			if db == nil {
				if db, err = sql.Open("sqlite", filepath.Join(t.TempDir(), "page.sqlite")); err != nil {
					t.Fatal(err)
				}
				for _, name := range migrations {
					text, err := os.ReadFile(name)
					if err != nil {
						t.Fatal(err)
					}
					if _, err := db.Exec(string(text)); err != nil {
						t.Fatalf("%s: %v", name, err)
					}
				}
			}
			if _, err := db.Exec(b.Text); err != nil {
				t.Errorf("%s: %v", b.At(), err)
			}
		}
		if db != nil {
			_ = db.Close()
		}
	}
}
