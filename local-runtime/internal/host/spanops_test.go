package host

import "testing"

func TestASpanHasAStatementWithoutItsLiterals(t *testing.T) {
	for query, want := range map[string]string{
		"SELECT * FROM t1 WHERE a = 'it''s' AND b = 12.5e3": "SELECT * FROM t1 WHERE a = ? AND b = ?",
		`INSERT INTO "a'b" VALUES (?1, :name, x'00ff', -7)`: `INSERT INTO "a'b" VALUES (?1, :name, ?, -?)`,
		"SELECT max(.5, 0x1F) FROM `t2`":                    "SELECT max(?, ?) FROM `t2`",
		"SELECT 1 -- it's\nFROM t WHERE a = 'secret'":       "SELECT ? \nFROM t WHERE a = ?",
		"SELECT a/* o'clock */FROM t WHERE a = 'secret'":    "SELECT a FROM t WHERE a = ?",
		"SELECT a - -1, a / 2 /*/ not over":                 "SELECT a - -?, a / ?  ",
		"SELECT a --":                                       "SELECT a ",
		"SELECT 'never ended":                               "SELECT ?",
		"SELECT x FROM größe2":                              "SELECT x FROM größe2",
		"":                                                  "",
	} {
		if got := withoutLiterals(query); got != want {
			t.Errorf("%s becomes %s, want %s", query, got, want)
		}
	}
}
