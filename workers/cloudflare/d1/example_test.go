package d1_test

import (
	"context"
	"database/sql"

	"grove.place/lattice/workers/cloudflare/d1"
)

func ExampleOpenConnector() {
	count := func(ctx context.Context) (n int, err error) {
		connector, err := d1.OpenConnector("DB")
		if err != nil {
			return 0, err
		}
		db := sql.OpenDB(connector)
		defer db.Close()
		err = db.QueryRowContext(ctx, "SELECT count(*) FROM posts WHERE author = ?", "ada").Scan(&n)
		return n, err
	}
	_ = count
}
