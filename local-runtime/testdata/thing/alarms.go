package thing

import (
	"context"
	"fmt"
	"time"

	"grove.place/lattice/durables"
)

var (
	DeleteAlarm = durables.Method(Class, "deleteAlarm", (*Thing).deleteAlarm)
	Stuck       = durables.Method(Class, "stuck", (*Thing).stuck)
)

// inAlarm is what an alarm handler does in its run of that number.
func (t *Thing) inAlarm(ctx context.Context, what string, run int) error {
	storage := t.state.Storage()
	switch what {
	case "abort", "abort for good":
		if err := storage.Sync(ctx); err != nil {
			return err
		}
		if what == "abort" {
			t.state.Abort(ctx, "the handler aborts")
		}
		t.state.Abort(ctx, "the handler aborts", durables.NoAlarmRetry)
	case "delete and fail":
		if err := storage.DeleteAlarm(ctx); err != nil {
			return err
		}
		return fmt.Errorf("run %d fails", run)
	case "hang once":
		if run == 1 {
			time.Sleep(time.Hour)
		}
	case "set one and linger":
		if run == 1 {
			if err := storage.SetAlarm(ctx, time.Now().Add(time.Second)); err != nil {
				return err
			}
			time.Sleep(time.Minute)
		}
	case "wipe and set":
		if err := storage.DeleteAll(ctx); err != nil {
			return err
		}
		return storage.SetAlarm(ctx, time.Now().Add(time.Hour))
	case "wipe":
		return storage.DeleteAll(ctx)
	}
	return nil
}

func (t *Thing) deleteAlarm(ctx context.Context, _ durables.None) (durables.None, error) {
	return durables.None{}, t.state.Storage().DeleteAlarm(ctx)
}

// stuck waits in a critical section for something that began outside of it.
func (t *Thing) stuck(ctx context.Context, how string) (durables.None, error) {
	outside := make(chan struct{})
	var err error
	section := func(inner func(ctx context.Context) error) error { return t.state.BlockConcurrencyWhile(ctx, inner) }
	wait := func(context.Context) error {
		<-outside
		return nil
	}
	switch how {
	case "nothing":
		err = section(wait)
	case "a call":
		go func() {
			Class.Namespace("THINGS").GetByName("answers").Call(ctx, "add", nil, 1)
			close(outside)
		}()
		err = section(wait)
	case "a transaction":
		go func() {
			Class.Namespace("THINGS").GetByName("answers").Call(ctx, "add", nil, 1)
			close(outside)
		}()
		err = t.state.Storage().Transaction(ctx, func(ctx context.Context, _ *durables.Txn) error { return wait(ctx) })
	case "another section":
		go section(func(context.Context) error {
			close(outside)
			return nil
		})
		err = section(wait)
	}
	return durables.None{}, err
}
