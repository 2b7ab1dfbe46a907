// Command tasks is the module that the tests of package durables run: an object that notes which of its tasks ran, and the guestbook of the examples.
package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/testdata/tasks/diary"
	_ "grove.place/lattice/durables/testdata/tasks/guestbook"
	"grove.place/lattice/workers"
)

type object struct {
	storage *durables.Storage
	tasks   *durables.Tasks
}

var (
	class    = durables.Class("Diary", newObject)
	schedule = durables.Method(class, "schedule", (*object).schedule)
	entries  = durables.Method(class, "entries", (*object).entries)
	next     = durables.Method(class, "next", (*object).next)
	every    = durables.Method(class, "every", (*object).every)
	cancel   = durables.Method(class, "cancel", (*object).cancel)
	plant    = durables.Method(class, "plant", (*object).plant)
)

func newObject(ctx context.Context, state *durables.State) (*object, error) {
	o := &object{storage: state.Storage()}
	o.tasks = durables.NewTasks(o.storage)
	if _, err := o.storage.SQL().Exec(ctx, "CREATE TABLE IF NOT EXISTS diary (entry TEXT)"); err != nil {
		return nil, err
	}
	o.tasks.Handle("plain", o.note)
	o.tasks.Handle("other", o.note)
	o.tasks.Handle("fails twice", func(ctx context.Context, info durables.TaskInfo) error {
		if err := o.note(ctx, info); err != nil || info.Attempt == 2 {
			return err
		}
		return errors.New("not yet")
	})
	o.tasks.Handle("panics", func(ctx context.Context, info durables.TaskInfo) error { panic("oh") })
	o.tasks.Handle("hourly", func(ctx context.Context, info durables.TaskInfo) error {
		if err := o.note(ctx, info); err != nil {
			return err
		}
		return o.tasks.Schedule(ctx, "hourly", info.Due.Add(time.Hour))
	})
	o.tasks.Handle("ticks", o.note)
	o.tasks.Handle("cancels itself", func(ctx context.Context, info durables.TaskInfo) error {
		return errors.Join(o.note(ctx, info), o.tasks.Cancel(ctx, info.Name), errors.New("and fails"))
	})
	o.tasks.Handle("wipes", func(ctx context.Context, info durables.TaskInfo) error {
		if err := o.storage.DeleteAll(ctx); err != nil {
			return err
		}
		if _, err := o.storage.SQL().Exec(ctx, "CREATE TABLE diary (entry TEXT)"); err != nil {
			return err
		}
		return o.note(ctx, info)
	})
	o.tasks.Handle("cancels plain", func(ctx context.Context, info durables.TaskInfo) error {
		return errors.Join(o.note(ctx, info), o.tasks.Cancel(ctx, "plain"))
	})
	var period time.Duration // what other programs have as a constant
	if found, err := o.storage.KV().Get(ctx, "period", &period); err != nil || !found {
		return o, err
	}
	return o, o.tasks.Every(ctx, "ticks", period)
}

func (o *object) every(ctx context.Context, period time.Duration) (durables.None, error) {
	return durables.None{}, errors.Join(o.storage.KV().Put(ctx, "period", period), o.tasks.Every(ctx, "ticks", period))
}

func (o *object) cancel(ctx context.Context, name string) (durables.None, error) {
	_, err := o.storage.KV().Delete(ctx, "period")
	return durables.None{}, errors.Join(err, o.tasks.Cancel(ctx, name))
}

// plant leaves what another version of the program would have.
func (o *object) plant(ctx context.Context, statement string) (durables.None, error) {
	_, err := o.storage.SQL().Exec(ctx, statement)
	return durables.None{}, err
}

func (o *object) note(ctx context.Context, info durables.TaskInfo) error {
	_, err := o.storage.SQL().Exec(ctx, "INSERT INTO diary VALUES (?)", info.Name)
	return err
}

func (o *object) schedule(ctx context.Context, p diary.Plan) (durables.None, error) {
	return durables.None{}, o.tasks.Schedule(ctx, p.Task, p.At)
}

func (o *object) entries(ctx context.Context, _ durables.None) ([]string, error) {
	return durables.All[string](ctx, o.storage.SQL(), "SELECT entry FROM diary")
}

func (o *object) next(ctx context.Context, _ durables.None) (*time.Time, error) {
	at, found, err := o.storage.GetAlarm(ctx)
	if !found {
		return nil, err
	}
	return &at, err
}

func (o *object) Alarm(ctx context.Context, info durables.AlarmInfo) error {
	return o.tasks.Alarm(ctx, info)
}

func main() { workers.Serve(http.NotFoundHandler()) }
