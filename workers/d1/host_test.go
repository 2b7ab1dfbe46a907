package d1_test

import (
	"context"
	"time"

	local "grove.place/lattice/local-runtime"
)

// handler returns a context such as a handler of a Worker gets, of a host with a database that has the tables of the examples.
func handler() (ctx context.Context, end func()) {
	host, err := local.OpenStores(context.Background(), local.Options{
		Databases: map[string]local.Database{"DB": {}}, Clock: local.NewVirtualClock(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)),
	})
	if err != nil {
		panic(err)
	}
	for _, table := range []string{
		"CREATE TABLE posts (id INTEGER PRIMARY KEY, author TEXT, title TEXT UNIQUE)",
		"INSERT INTO posts (author, title) VALUES ('ada', 'Hello'), ('bob', 'Trees'), ('ada', 'Rain')",
		"CREATE TABLE history (post INTEGER, title TEXT)",
	} {
		if _, err := db.Exec(host.Context(), table); err != nil {
			panic(err)
		}
	}
	return host.Context(), func() { _ = host.Close() }
}
