// Package plan is an object with tasks that note their runs, some of which wait for another object, fail now and then, or schedule themselves.
package plan

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"grove.place/lattice/durables"
)

// Class is bound as PLANS.
var (
	Class = durables.Class("Plan", New)
	Plans = Class.Namespace("PLANS")

	Schedule = durables.Method(Class, "schedule", (*Plan).schedule)
	Cancel   = durables.Method(Class, "cancel", (*Plan).cancel)
	Ping     = durables.Method(Class, "ping", (*Plan).ping)
)

// others is Plans, without an initialization cycle.
var others *durables.Namespace[Plan]

func init() { others = Plans }

// Names are the tasks that can be scheduled.
var Names = []string{"plain", "calls", "fails", "again"}

// Order is what schedule is told.
type Order struct {
	Task string    `json:"task"`
	At   time.Time `json:"at"`
}

// Run is a row of the table runs.
type Run struct {
	Task     string
	Due      int64 // milliseconds
	Started  int64
	Finished int64 // 0: it failed, or was cut short
}

// Plan is the object.
type Plan struct {
	storage *durables.Storage
	tasks   *durables.Tasks
}

// New constructs the object.
func New(ctx context.Context, state *durables.State) (*Plan, error) {
	p := &Plan{storage: state.Storage()}
	p.tasks = durables.NewTasks(p.storage)
	_, err := p.storage.SQL().Exec(ctx, "CREATE TABLE IF NOT EXISTS runs (task TEXT, due INTEGER, started INTEGER, finished INTEGER)")
	p.handle("plain", func(context.Context, durables.TaskInfo) error { return nil })
	p.handle("calls", p.calls)
	p.handle("fails", p.fails)
	p.handle("again", p.again)
	return p, err
}

// handle has f run as the task, and notes each run when it starts and when it has gone well.
func (p *Plan) handle(name string, f func(context.Context, durables.TaskInfo) error) {
	p.tasks.Handle(name, func(ctx context.Context, info durables.TaskInfo) error {
		started := time.Now()
		run, err := durables.One[int](ctx, p.storage.SQL(), "INSERT INTO runs VALUES (?, ?, ?, 0) RETURNING rowid", name, info.Due, started)
		if err != nil {
			return err
		}
		if err := f(ctx, info); err != nil {
			return err
		}
		_, err = p.storage.SQL().Exec(ctx, "UPDATE runs SET finished = ? WHERE rowid = ?", time.Now(), run)
		return err
	})
}

// calls waits for another object, so that other events come in between.
func (p *Plan) calls(ctx context.Context, _ durables.TaskInfo) error {
	return others.GetByName("other").Call(ctx, "ping", nil, 5)
}

func (p *Plan) fails(ctx context.Context, info durables.TaskInfo) error {
	if err := p.calls(ctx, info); err != nil {
		return err
	}
	if info.Attempt < 2 && rand.IntN(2) == 0 {
		return errors.New("not this time")
	}
	return nil
}

// again schedules itself once more, in its own run.
func (p *Plan) again(ctx context.Context, info durables.TaskInfo) error {
	if err := p.calls(ctx, info); err != nil {
		return err
	}
	if rand.IntN(2) == 0 {
		return nil
	}
	return p.tasks.Schedule(ctx, "again", time.Now().Add(time.Second))
}

func (p *Plan) schedule(ctx context.Context, o Order) (durables.None, error) {
	return durables.None{}, p.tasks.Schedule(ctx, o.Task, o.At)
}

func (p *Plan) cancel(ctx context.Context, task string) (durables.None, error) {
	return durables.None{}, p.tasks.Cancel(ctx, task)
}

func (p *Plan) ping(ctx context.Context, ms int) (durables.None, error) {
	time.Sleep(time.Duration(ms) * time.Millisecond)
	return durables.None{}, p.storage.Put(ctx, "pings", ms)
}

// Alarm runs the tasks that are due.
func (p *Plan) Alarm(ctx context.Context, info durables.AlarmInfo) error {
	return p.tasks.Alarm(ctx, info)
}
