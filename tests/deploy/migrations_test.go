package deploy

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/tests/workerd"
	"grove.place/lattice/workers/d1"
)

const migratedConfig = `name = "migrated"
compatibility_date = "2026-10-01"
[[d1_databases]]
binding = "DB"
database_name = "migrated"
database_id = "11111111-1111-1111-1111-111111111111"
migrations_dir = "sql"
migrations_table = "applied"
`

var migrated = map[string]string{
	"0001_first.sql": "-- the first; with a semicolon\nCREATE TABLE a (x, y); /* and ; here */\nCREATE TRIGGER a_t AFTER INSERT ON a BEGIN\n" +
		"  INSERT INTO a (x, y) VALUES (new.x + 1, 'in ; quotes');\nEND;\nINSERT INTO a VALUES (1, 'it''s; \"q\"');\n",
	"0002_second.sql": "ALTER TABLE a ADD COLUMN z; -- the end",
	"10_ten.sql":      "INSERT INTO a (x) VALUES (10);",
	"9_dumped.sql":    "BEGIN TRANSACTION;\nCREATE TABLE b (x);\nCOMMIT;\n",
	".hidden.sql":     "CREATE TABLE hidden (x);",
	"named.sql":       "CREATE INDEX b_x ON b (x);",
	"note.txt":        "no",
}

type migratedRow struct {
	What string  `json:"what"`
	Text *string `json:"text"`
}

// Everything that the migrations made, and what was noted of them.
const whatIsThere = `SELECT id || ' ' || name AS what, NULL AS text FROM applied
	UNION ALL SELECT type || ' ' || name, sql FROM sqlite_master WHERE name NOT LIKE '\_cf\_%' ESCAPE '\'
	UNION ALL SELECT 'row ' || x, y FROM a ORDER BY 1, 2`

// A folder of migrations leaves in a database of the local host what it leaves in one of wrangler's (compared with wrangler 4.164.0, November 2026).
func TestMigrationsLeaveWhatWranglerLeaves(t *testing.T) {
	repository(t)
	dir := t.TempDir()
	sql := filepath.Join(dir, "sql")
	if err := os.Mkdir(sql, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range migrated {
		if err := os.WriteFile(filepath.Join(sql, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "wrangler.toml"), []byte(migratedConfig), 0o644); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) []byte {
		cmd, err := workerd.Wrangler(t.Context(), args...)
		if err != nil {
			t.Fatal(err)
		}
		cmd.Dir = dir
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("wrangler %v: %v\n%s", args, err, out)
		}
		return out
	}
	run("d1", "migrations", "apply", "DB", "--local")
	var answers []struct{ Results []migratedRow }
	if err := json.Unmarshal(run("d1", "execute", "DB", "--local", "--json", "--command", whatIsThere), &answers); err != nil {
		t.Fatal(err)
	}
	host := local.StartTest(t, local.TestOptions{Package: "../hello", Options: local.Options{
		Databases: map[string]local.Database{"DB": {Migrations: sql, MigrationsTable: "applied"}},
	}})
	var ours []migratedRow
	if err := d1.Database("DB").Prepare(whatIsThere).All(host.Context(), &ours); err != nil {
		t.Fatal(err)
	}
	theirs := answers[0].Results
	if len(theirs) < 10 || !reflect.DeepEqual(ours, theirs) {
		got, _ := json.MarshalIndent(ours, "", " ")
		want, _ := json.MarshalIndent(theirs, "", " ")
		t.Errorf("the local host has\n%s\nwrangler\n%s", got, want)
	}
}
