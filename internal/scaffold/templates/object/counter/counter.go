// Package counter is a Durable Object class that counts, and forgets what nobody has counted for a month.
package counter

import (
	"context"
	"time"

	"grove.place/lattice/durables"
)

// Month is how long a counter remembers without being used.
const Month = 30 * 24 * time.Hour

// Counter is one object: there is one for each name, with a database of its own.
type Counter struct{ storage *durables.Storage }

// What others call. Importing this package exports the class.
var (
	Class    = durables.Class("Counter", newCounter)
	Add      = durables.Method(Class, "add", (*Counter).add)
	Counters = Class.Namespace("COUNTERS") // the binding in wrangler.toml
)

// newCounter runs before the first call of an object that is not in memory.
func newCounter(ctx context.Context, state *durables.State) (*Counter, error) {
	c := &Counter{state.Storage()}
	_, err := c.storage.SQL().Exec(ctx, "CREATE TABLE IF NOT EXISTS hits (n INTEGER)")
	return c, err
}

// add counts n more, and returns the total.
func (c *Counter) add(ctx context.Context, n int) (int, error) {
	if n < 1 {
		return 0, durables.TypeError("count one or more")
	}
	if _, err := c.storage.SQL().Exec(ctx, "INSERT INTO hits VALUES (?)", n); err != nil {
		return 0, err
	}
	if err := c.storage.SetAlarm(ctx, time.Now().Add(Month)); err != nil {
		return 0, err
	}
	return durables.One[int](ctx, c.storage.SQL(), "SELECT sum(n) FROM hits")
}

// Alarm runs when the time that add has set has come.
func (c *Counter) Alarm(ctx context.Context, _ durables.AlarmInfo) error {
	_, err := c.storage.SQL().Exec(ctx, "DELETE FROM hits")
	return err
}
