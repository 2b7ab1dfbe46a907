package durables

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"grove.place/lattice/internal/guest"
)

// Tasks runs any number of named tasks over the one alarm that an object has. Make one in the constructor, tell it what to run with
// Handle, and call its Alarm from the object's:
//
//	func (s *Session) Alarm(ctx context.Context, info durables.AlarmInfo) error { return s.tasks.Alarm(ctx, info) }
//
// Schedules are rows of the table lattice_tasks, so they outlive the object's memory. A task runs at least once for each schedule. One
// that fails or panics is tried again after 2 s, 4 s, … at most 15 minutes, for as long as it takes, and keeps no other
// from running. The object is woken for tasks that are due and not otherwise. An object that uses Tasks must not set its alarm itself.
type Tasks struct {
	storage  *Storage
	handlers map[string]func(ctx context.Context, info TaskInfo) error
	ready    bool // the table exists
}

// TaskInfo tells a task which run of which schedule this is.
type TaskInfo struct {
	// Name is the name that the task was scheduled under.
	Name string
	// Due is when the run was due; a retry is due later than the schedule was.
	Due time.Time
	// Attempt counts the runs of this schedule that failed before.
	Attempt int
}

const (
	firstRetry = 2 * time.Second
	lastRetry  = 15 * time.Minute
)

// NewTasks returns a task runner over an object's storage. It stores nothing until a task is scheduled.
func NewTasks(storage *Storage) *Tasks {
	return &Tasks{storage: storage, handlers: map[string]func(context.Context, TaskInfo) error{}}
}

// Handle sets the function that runs tasks of that name. Call it in the constructor, for every name that may be scheduled.
func (t *Tasks) Handle(name string, f func(ctx context.Context, info TaskInfo) error) {
	t.handlers[name] = f
}

// Schedule has the task run at that time. If it is scheduled already the earlier time counts, so that many events may ask for one run;
// within a run of the task, and after Cancel, it is a new schedule. It is an error if no function handles the name.
func (t *Tasks) Schedule(ctx context.Context, name string, at time.Time) error {
	if t.handlers[name] == nil {
		return fmt.Errorf("tasks: no function handles %q: call Handle in the constructor", name)
	}
	if err := t.prepare(ctx); err != nil {
		return err
	}
	_, err := t.storage.SQL().Exec(ctx, `INSERT INTO lattice_tasks (name, due) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET
		due = CASE WHEN leased OR attempts > 0 THEN ?2 ELSE min(due, ?2) END, leased = 0, attempts = 0`, name, at.UnixMilli())
	if err != nil {
		return fmt.Errorf("tasks: schedule %q: %w", name, err)
	}
	return t.arm(ctx)
}

// Cancel takes the task off the schedule; a run under way goes on.
func (t *Tasks) Cancel(ctx context.Context, name string) error {
	if err := t.prepare(ctx); err != nil {
		return err
	}
	if _, err := t.storage.SQL().Exec(ctx, "DELETE FROM lattice_tasks WHERE name = ?", name); err != nil {
		return fmt.Errorf("tasks: cancel %q: %w", name, err)
	}
	return t.arm(ctx)
}

// Scheduled returns when the task runs next, and whether it does.
func (t *Tasks) Scheduled(ctx context.Context, name string) (time.Time, bool, error) {
	if err := t.prepare(ctx); err != nil {
		return time.Time{}, false, err
	}
	return First[time.Time](ctx, t.storage.SQL(), "SELECT due FROM lattice_tasks WHERE name = ?", name)
}

func (t *Tasks) prepare(ctx context.Context) error {
	if t.ready {
		return nil
	}
	_, err := t.storage.SQL().Exec(ctx, `CREATE TABLE IF NOT EXISTS lattice_tasks (name TEXT PRIMARY KEY, due INTEGER NOT NULL,
		attempts INTEGER NOT NULL DEFAULT 0, leased INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID`)
	if err != nil {
		return fmt.Errorf("tasks: %w", err)
	}
	t.ready = true
	return nil
}

// arm sets the alarm to the earliest task, or removes it.
func (t *Tasks) arm(ctx context.Context) error {
	next, err := One[*time.Time](ctx, t.storage.SQL(), "SELECT min(due) FROM lattice_tasks")
	switch {
	case err != nil:
		return fmt.Errorf("tasks: %w", err)
	case next == nil:
		return t.storage.DeleteAlarm(ctx)
	default:
		// workerd can lose an alarm that its handler sets for a time that has come.
		return t.storage.SetAlarm(ctx, latest(*next, time.Now().Add(time.Millisecond)))
	}
}

type dueTask struct {
	Name     string
	Due      time.Time
	Attempts int
}

// Alarm runs the tasks that are due, one after another in the order they became due. Its error is one of storage, never of a task.
func (t *Tasks) Alarm(ctx context.Context, info AlarmInfo) error {
	if err := t.prepare(ctx); err != nil {
		return err
	}
	now := time.Now()
	if now.Before(info.ScheduledTime) {
		now = info.ScheduledTime
	}
	due, err := All[dueTask](ctx, t.storage.SQL(), "SELECT name, due, attempts FROM lattice_tasks WHERE due <= ? ORDER BY due, name", now)
	if err != nil {
		return fmt.Errorf("tasks: %w", err)
	}
	for _, d := range due {
		if err := t.run(ctx, d, now); err != nil {
			return err
		}
	}
	return t.arm(ctx)
}

// run leases the task before it runs: should the object die meanwhile, the alarm set here runs it again.
func (t *Tasks) run(ctx context.Context, d dueTask, now time.Time) error {
	sql := t.storage.SQL()
	retry := min(firstRetry<<min(d.Attempts, 20), lastRetry)
	_, err := sql.Exec(ctx, "UPDATE lattice_tasks SET due = ?, attempts = attempts + 1, leased = 1 WHERE name = ?", now.Add(retry), d.Name)
	if err != nil {
		return fmt.Errorf("tasks: %w", err)
	}
	if err := t.arm(ctx); err != nil {
		return err
	}
	f := t.handlers[d.Name]
	if f == nil {
		f = func(context.Context, TaskInfo) error { return errors.New("no function handles it") }
	}
	failed := guest.Guard(ctx, "task "+d.Name, func() error {
		return f(ctx, TaskInfo{Name: d.Name, Due: d.Due, Attempt: d.Attempts})
	})
	if failed != nil {
		slog.ErrorContext(ctx, "task failed", "task", d.Name, "attempt", d.Attempts, "retry_in", retry, "error", failed)
		_, err = sql.Exec(ctx, "UPDATE lattice_tasks SET leased = 0 WHERE name = ? AND leased", d.Name)
	} else {
		_, err = sql.Exec(ctx, "DELETE FROM lattice_tasks WHERE name = ? AND leased", d.Name)
	}
	if err != nil {
		return fmt.Errorf("tasks: %w", err)
	}
	return nil
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
