// Package activity counts who writes how much, in one Durable Object. Those who write do not wait for it: a queue tells it, as often as it takes.
package activity

import (
	"context"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers/queues"
)

// Activity is the object.
type Activity struct{ sql *durables.SQL }

// Count is how many notes someone has written.
type Count struct {
	Author string `json:"author"`
	Notes  int    `json:"notes"`
}

// What others use. Importing this package exports the class.
var (
	Class  = durables.Class("Activity", newActivity)
	record = durables.Method(Class, "record", (*Activity).record)
	top    = durables.Method(Class, "top", (*Activity).top)
	all    = Class.Namespace("ACTIVITY")

	noted = queues.Producer("NOTED")
)

// event is a message of the queue.
type event struct {
	Note   int64  `json:"note"`
	Author string `json:"author"`
}

// Noted tells that a note was written.
func Noted(ctx context.Context, note int64, author string) error {
	return noted.Send(ctx, event{note, author})
}

// Consume takes messages of the queue. When it fails, they come again.
func Consume(ctx context.Context, batch *queues.Batch) error {
	events := make([]event, len(batch.Messages))
	for i, m := range batch.Messages {
		if err := m.Decode(&events[i]); err != nil {
			return err
		}
	}
	_, err := record.Call(ctx, all.GetByName("everyone"), events)
	return err
}

// Top returns who writes most.
func Top(ctx context.Context, count int) ([]Count, error) {
	return top.Call(ctx, all.GetByName("everyone"), count)
}

func newActivity(ctx context.Context, state *durables.State) (*Activity, error) {
	a := &Activity{state.Storage().SQL()}
	_, err := a.sql.Exec(ctx, "CREATE TABLE IF NOT EXISTS notes (note INTEGER PRIMARY KEY, author TEXT)")
	return a, err
}

// record may see a message twice: the table's key makes it count once.
func (a *Activity) record(ctx context.Context, events []event) (durables.None, error) {
	for _, e := range events {
		if _, err := a.sql.Exec(ctx, "INSERT OR IGNORE INTO notes VALUES (?, ?)", e.Note, e.Author); err != nil {
			return durables.None{}, err
		}
	}
	return durables.None{}, nil
}

func (a *Activity) top(ctx context.Context, count int) ([]Count, error) {
	return durables.All[Count](ctx, a.sql, "SELECT author, count(*) AS notes FROM notes GROUP BY author ORDER BY notes DESC, author LIMIT ?", count)
}
