package storage

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "

func TestAStatementThatNeverEndsIsStopped(t *testing.T) {
	d, err := OpenD1(filepath.Join(t.TempDir(), "d1.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, _, err := d.Execute(time.Minute, "CREATE TABLE t (a); INSERT INTO t VALUES (1)", 10); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{endless + "SELECT max(x) FROM c", endless + "INSERT INTO t SELECT x FROM c", endless + "SELECT max(x) FROM c; SELECT 1"} {
		if _, _, err := d.Execute(20*time.Millisecond, query, 10); err == nil || !strings.Contains(err.Error(), "took longer than 20ms") {
			t.Errorf("%s: %v", query, err)
		}
	}
	if _, page, err := d.Execute(time.Minute, "SELECT count(*) FROM t", 10); err != nil || page.Rows[0][0] != int64(1) {
		t.Errorf("after that there are %v rows, %v", page.Rows, err)
	}
	if _, page, err := d.Execute(time.Minute, endless+"SELECT x FROM c", 10); err != nil || len(page.Rows) != 10 {
		t.Errorf("the first rows of many: %d, %v", len(page.Rows), err)
	}
}
