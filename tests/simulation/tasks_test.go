package simulation

import (
	"context"
	"fmt"
	"testing"
	"time"

	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/tests/simulation/app/plan"
)

// order is a call of schedule or cancel.
type order struct {
	task     string
	cancel   bool
	acked    bool
	at       time.Time
	from, to time.Time // when the call was under way
}

// TestTasksRunAtLeastOnce: a task whose schedule was acknowledged runs after that, whatever dies; never before its time; and when all is
// done neither a row nor an alarm is left.
func TestTasksRunAtLeastOnce(t *testing.T) {
	o := local.TestOptions{Package: "grove.place/lattice/tests/simulation/app", Options: local.Options{
		Objects: map[string]string{"PLANS": "Plan"}, Logger: quiet(),
	}}
	local.Simulate(t, o, *seeds, func(t *testing.T, sim *local.Sim) {
		calm := sim.Seed()%3 == 0 // then nothing breaks, and more can be asked for
		var orders []*order
		running := 3
		for i := range running {
			sim.Go(fmt.Sprint("client ", i), func(ctx context.Context) error {
				defer func() { running-- }()
				for range 6 {
					sim.Sleep(time.Duration(sim.Rand().IntN(2000)) * time.Millisecond)
					o := &order{task: plan.Names[sim.Rand().IntN(len(plan.Names))], cancel: sim.Rand().IntN(8) == 0, from: sim.Clock.Now()}
					o.at = o.from.Add(time.Duration(sim.Rand().IntN(4000)-500) * time.Millisecond)
					orders = append(orders, o)
					var err error
					if o.cancel {
						_, err = plan.Cancel.Call(ctx, plan.Plans.GetByName("mine"), o.task)
					} else {
						_, err = plan.Schedule.Call(ctx, plan.Plans.GetByName("mine"), plan.Order{Task: o.task, At: o.at})
					}
					o.to, o.acked = sim.Clock.Now(), err == nil
					if err != nil && (calm || !expected(err)) {
						return err
					}
				}
				return nil
			})
		}
		if !calm {
			chaos(sim, "Plan", 1500*time.Millisecond, func() bool { return running == 0 })
		}
		if err := sim.Run(); err != nil {
			t.Fatal(err)
		}
		sim.Clock.Advance(2 * time.Hour)
		stored := sim.Storage("Plan", "mine")
		runs, err := local.Rows[plan.Run](stored, "SELECT task, due, started, finished FROM runs ORDER BY rowid")
		if err != nil {
			t.Fatal(err)
		}
		checkRuns(t, orders, runs, calm)
		left, err := local.Rows[string](stored, "SELECT name FROM lattice_tasks")
		if err != nil || len(left) > 0 {
			t.Errorf("tasks left after two hours: %v, %v", left, err)
		}
		if at, set, err := stored.Alarm(); err != nil || set {
			t.Errorf("an alarm at %s is left, %v", at, err)
		}
	})
}

func checkRuns(t *testing.T, orders []*order, runs []plan.Run, calm bool) {
	t.Helper()
	ran, asked := map[string]int{}, map[string]int{}
	for _, r := range runs {
		if r.Started < r.Due {
			t.Errorf("%s ran at %d, before it was due at %d", r.Task, r.Started, r.Due)
		}
		ran[r.Task]++
	}
	for i, o := range orders {
		if o.cancel {
			continue
		}
		asked[o.task]++
		cancelled := false
		for _, other := range orders {
			cancelled = cancelled || other.cancel && other.task == o.task && !other.to.Before(o.from)
		}
		if !o.acked || cancelled {
			continue
		}
		found := false
		for _, r := range runs {
			found = found || r.Task == o.task && r.Started >= o.from.UnixMilli() && r.Finished > 0
		}
		if !found {
			t.Errorf("order %d, %s for %s, was acknowledged at %s, and never ran to its end", i, o.task, o.at, o.to)
		}
	}
	for _, task := range []string{"plain", "calls"} {
		if calm && ran[task] > asked[task] {
			t.Errorf("%s ran %d times after %d orders although nothing broke", task, ran[task], asked[task])
		}
	}
}
