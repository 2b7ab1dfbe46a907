// Command demo writes what `make dev` begins with: the SQL of the demo data, and the text that tells people where to look.
//
//	demo -domain localhost:8787 -sql demo.sql -notice notice.txt
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"grove.place/lattice/tests/demo"
)

func main() {
	sql := flag.String("sql", "", "write the SQL to this file")
	notice := flag.String("notice", "", "write the text to this file")
	domain := flag.String("domain", "localhost:8787", "the address that Grove is served at")
	flag.Parse()
	if err := run(*sql, *notice, *domain); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(sql, notice, domain string) error {
	if sql != "" {
		text, err := demo.SQL(time.Now())
		if err != nil {
			return err
		}
		if err := write(sql, text); err != nil {
			return err
		}
	}
	if notice != "" {
		return write(notice, demo.Notice(domain))
	}
	return nil
}

func write(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o600)
}
