package durables

import (
	"context"
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
//
// A stored task that the program handles no more is kept, should a later version handle it again, and tried once a day; one of Every is dropped.
type Tasks struct {
	storage  *Storage
	handlers map[string]func(ctx context.Context, info TaskInfo) error
	ready    bool // the table exists
	wiped    int  // what the storage's was then
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
	// orphanRetry is how often a task that nothing handles is tried.
	orphanRetry = 24 * time.Hour
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
	if err := t.handled(ctx, name); err != nil {
		return err
	}
	_, err := t.storage.SQL().Exec(ctx, `INSERT INTO lattice_tasks (name, due) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET
		due = CASE WHEN leased OR attempts > 0 THEN ?2 ELSE min(due, ?2) END, leased = 0, attempts = 0`, name, at.UnixMilli())
	if err != nil {
		return fmt.Errorf("tasks: schedule %q: %w", name, err)
	}
	return t.arm(ctx)
}

// Every has the task run again and again, the first time after one period. Call it in the constructor, after Handle: a task that runs with that period
// already goes on as it is. Runs keep to multiples of the period, whenever they end; the times that were missed are left out, and retries come in between.
// Schedule asks for one more run. It is an error if the period is less than a second.
func (t *Tasks) Every(ctx context.Context, name string, period time.Duration) error {
	if period < time.Second {
		return fmt.Errorf("tasks: %q cannot run every %v: a period is a second at least", name, period)
	}
	if err := t.handled(ctx, name); err != nil {
		return err
	}
	// A turn that is further away than a period is of another period, or the clock went back.
	_, err := t.storage.SQL().Exec(ctx, `INSERT INTO lattice_tasks (name, due, period, turn) VALUES (?1, ?2, ?3, ?2) ON CONFLICT (name) DO UPDATE SET
		due = min(due, ?2), period = ?3, turn = ?2 WHERE period <> ?3 OR turn > ?2`,
		name, time.Now().Add(period).UnixMilli(), period.Milliseconds())
	if err != nil {
		return fmt.Errorf("tasks: %q every %v: %w", name, period, err)
	}
	return t.arm(ctx)
}

func (t *Tasks) handled(ctx context.Context, name string) error {
	if t.handlers[name] == nil {
		return fmt.Errorf("tasks: no function handles %q: call Handle in the constructor", name)
	}
	return t.prepare(ctx)
}

// Cancel takes the task off the schedule, and ends what Every began. A run under way goes on, and is not retried.
func (t *Tasks) Cancel(ctx context.Context, name string) error {
	if err := t.prepare(ctx); err != nil {
		return err
	}
	if _, err := t.storage.SQL().Exec(ctx, "DELETE FROM lattice_tasks WHERE name = ?", name); err != nil {
		return fmt.Errorf("tasks: cancel %q: %w", name, err)
	}
	return t.arm(ctx)
}

// Scheduled returns when the task runs next, and whether it does. A run under way does not count: what happens meanwhile may need another one.
func (t *Tasks) Scheduled(ctx context.Context, name string) (time.Time, bool, error) {
	if err := t.prepare(ctx); err != nil {
		return time.Time{}, false, err
	}
	return First[time.Time](ctx, t.storage.SQL(), "SELECT due FROM lattice_tasks WHERE name = ? AND NOT leased", name)
}

func (t *Tasks) prepare(ctx context.Context) error {
	if t.ready && t.wiped == t.storage.wiped {
		return nil
	}
	wiped := t.storage.wiped
	sql := t.storage.SQL()
	_, err := sql.Exec(ctx, `CREATE TABLE IF NOT EXISTS lattice_tasks (name TEXT PRIMARY KEY, due INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
		leased INTEGER NOT NULL DEFAULT 0, period INTEGER NOT NULL DEFAULT 0, turn INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID`)
	if err != nil {
		return fmt.Errorf("tasks: %w", err)
	}
	columns, err := One[int](ctx, sql, "SELECT count(*) FROM pragma_table_info('lattice_tasks')")
	if err != nil {
		return fmt.Errorf("tasks: %w", err)
	}
	if columns == 4 { // of the first version
		_, err := sql.Exec(ctx, `ALTER TABLE lattice_tasks ADD COLUMN period INTEGER NOT NULL DEFAULT 0;
			ALTER TABLE lattice_tasks ADD COLUMN turn INTEGER NOT NULL DEFAULT 0`)
		if err != nil {
			return fmt.Errorf("tasks: %w", err)
		}
	}
	t.ready, t.wiped = true, wiped
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
	Period   int
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
	due, err := All[dueTask](ctx, t.storage.SQL(), "SELECT name, due, attempts, period FROM lattice_tasks WHERE due <= ? ORDER BY due, name", now)
	if err != nil {
		return fmt.Errorf("tasks: %w", err)
	}
	for _, d := range due {
		wiped := t.storage.wiped
		err := t.run(ctx, d, now)
		if t.storage.wiped != wiped { // the task has removed everything, the table of tasks too
			return nil
		}
		if err != nil {
			return err
		}
	}
	return t.arm(ctx)
}

// run leases the task before it runs: should the object die meanwhile, the alarm set here runs it again.
func (t *Tasks) run(ctx context.Context, d dueTask, now time.Time) error {
	f := t.handlers[d.Name]
	if f == nil {
		return t.orphaned(ctx, d, now)
	}
	sql := t.storage.SQL()
	retry := min(firstRetry<<min(d.Attempts, 20), lastRetry)
	leased, err := sql.Exec(ctx, "UPDATE lattice_tasks SET due = ?, attempts = attempts + 1, leased = 1 WHERE name = ? AND due <= ?", now.Add(retry), d.Name, now)
	if err != nil {
		return fmt.Errorf("tasks: %w", err)
	}
	if leased.RowsWritten() == 0 {
		return nil // a task before it cancelled it
	}
	if err := t.arm(ctx); err != nil {
		return err
	}
	failed := guest.Guard(ctx, "task "+d.Name, func() error {
		return f(ctx, TaskInfo{Name: d.Name, Due: d.Due, Attempt: d.Attempts})
	})
	if t.storage.wiped != t.wiped {
		return nil
	}
	if failed != nil {
		slog.ErrorContext(ctx, "task failed", "task", d.Name, "attempt", d.Attempts, "retry_in", retry, "error", failed)
		_, err = sql.Exec(ctx, "UPDATE lattice_tasks SET leased = 0 WHERE name = ? AND leased", d.Name)
	} else {
		err = t.done(ctx, d.Name, latest(time.Now(), now))
	}
	if err != nil {
		return fmt.Errorf("tasks: %w", err)
	}
	return nil
}

// done ends a schedule, or begins the next of a task of Every: at the first of its turns that is yet to come.
func (t *Tasks) done(ctx context.Context, name string, now time.Time) error {
	_, err := t.storage.SQL().Exec(ctx, "DELETE FROM lattice_tasks WHERE name = ? AND leased AND period = 0", name)
	if err != nil {
		return err
	}
	const next = "CASE WHEN turn > ?2 THEN turn ELSE turn + (CAST((?2 - turn) / period AS INTEGER) + 1) * period END"
	_, err = t.storage.SQL().Exec(ctx, "UPDATE lattice_tasks SET due = "+next+", turn = "+next+", attempts = 0, leased = 0 WHERE name = ?1 AND leased",
		name, now.UnixMilli())
	return err
}

// orphaned puts off a task that nothing handles.
func (t *Tasks) orphaned(ctx context.Context, d dueTask, now time.Time) error {
	var err error
	if d.Period > 0 {
		_, err = t.storage.SQL().Exec(ctx, "DELETE FROM lattice_tasks WHERE name = ?", d.Name)
	} else {
		slog.ErrorContext(ctx, "task has no handler", "task", d.Name, "retry_in", orphanRetry)
		_, err = t.storage.SQL().Exec(ctx, "UPDATE lattice_tasks SET due = ? WHERE name = ?", now.Add(orphanRetry), d.Name)
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
