package local_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/local-runtime/testdata/thing"
)

// alarmed is an object with an alarm.
type alarmed struct {
	t    *testing.T
	host *local.Host
	name string
}

func newAlarmed(t *testing.T, name string) *alarmed {
	t.Helper()
	o := options()
	o.Logger = quiet()
	return &alarmed{t, local.StartTest(t, o), name}
}

func (a *alarmed) set(in time.Duration, plan thing.AlarmPlan) {
	a.t.Helper()
	plan.At = a.host.Clock.Now().Add(in)
	must[durables.None](a.t)(thing.SetAlarm.Call(a.host.Context(), named(a.name), plan))
}

// want checks how each run so far saw itself: its number among the retries and whether it was one.
func (a *alarmed) want(runs ...string) {
	a.t.Helper()
	var got []string
	for _, run := range must[[]string](a.t)(thing.Alarms.Call(a.host.Context(), named(a.name), durables.None{})) {
		rest, found := strings.CutPrefix(run, a.name+" retry ")
		if !found {
			a.t.Errorf("the run does not know its name: %s", run)
		}
		rest, _, _ = strings.Cut(rest, " at ")
		got = append(got, strings.TrimSuffix(rest, " alarm none"))
	}
	if fmt.Sprint(got) != fmt.Sprint(runs) {
		a.t.Errorf("runs %q, want %q", got, runs)
	}
}

// wantStored checks in how long the stored alarm goes off; less than nothing means never.
func (a *alarmed) wantStored(in time.Duration) {
	a.t.Helper()
	at, set, err := a.host.Storage("Thing", a.name).Alarm()
	if err != nil {
		a.t.Fatal(err)
	}
	got := time.Duration(-1)
	if set {
		got = at.Sub(a.host.Clock.Now())
	}
	if got != in {
		a.t.Errorf("stored in %v, want %v", got, in)
	}
}

func TestAnAlarmThatIsCommittedButNotConfirmedRuns(t *testing.T) {
	a := newAlarmed(t, "loses the confirmation")
	must[int](t)(thing.Boots.Call(a.host.Context(), named(a.name), durables.None{}))
	a.host.Inject(local.StorageFault{Class: "Thing", Object: a.name, On: local.OnConfirm, Times: 1, Err: local.ErrDiskIO})
	plan := thing.AlarmPlan{At: a.host.Clock.Now().Add(time.Minute)}
	if _, err := thing.SetAlarm.Call(a.host.Context(), named(a.name), plan); err == nil {
		t.Error("the alarm was acknowledged")
	}
	a.wantStored(time.Minute)
	a.host.Clock.Advance(time.Minute)
	a.want("0 false")
	a.wantStored(-1)
}

func TestAnAlarmSetInTheConstructorRuns(t *testing.T) {
	a := newAlarmed(t, "sets its alarm when made")
	must[int](t)(thing.Boots.Call(a.host.Context(), named(a.name), durables.None{}))
	a.host.Clock.Advance(30 * time.Second) // evicted
	a.host.Clock.Advance(30 * time.Second)
	a.want("0 false")
}

func TestRetriesAreCountedAnewAfterARestart(t *testing.T) {
	a := newAlarmed(t, "restarted")
	a.set(time.Second, thing.AlarmPlan{Fails: 3})
	a.host.Clock.Advance(4 * time.Second)
	a.want("0 false", "1 true")
	if err := a.host.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.host.Clock.Advance(0) // it is overdue
	a.want("0 false", "1 true", "0 false")
	a.host.Clock.Advance(3 * time.Second)
	a.want("0 false", "1 true", "0 false", "1 true")
	a.wantStored(-1)
}

func TestAbortInAnAlarm(t *testing.T) {
	a := newAlarmed(t, "aborts")
	a.set(time.Second, thing.AlarmPlan{Do: "abort"})
	a.host.Clock.Advance(time.Hour)
	a.want("0 false", "1 true", "2 true", "3 true", "4 true", "5 true", "6 true")
	a.wantStored(-1)
	a = newAlarmed(t, "aborts for good")
	a.set(time.Second, thing.AlarmPlan{Do: "abort for good"})
	a.host.Clock.Advance(time.Hour)
	a.want("0 false")
	a.wantStored(-1)
}

func TestAnAlarmDeletedInItsHandlerIsNotRetried(t *testing.T) {
	a := newAlarmed(t, "deletes")
	a.set(time.Second, thing.AlarmPlan{Do: "delete and fail"})
	a.host.Clock.Advance(time.Hour)
	a.want("0 false")
}

func TestDeleteAllInAnAlarm(t *testing.T) {
	a := newAlarmed(t, "wipes")
	a.set(time.Second, thing.AlarmPlan{Do: "wipe"})
	a.host.Clock.Advance(time.Second)
	a.wantStored(-1)
	a.set(time.Second, thing.AlarmPlan{Do: "wipe and set"})
	a.host.Clock.Advance(time.Second)
	a.wantStored(time.Hour)
}

func TestAnAlarmHasFifteenMinutes(t *testing.T) {
	a := newAlarmed(t, "hangs")
	log := &lockedBuffer{}
	o := options()
	o.Logger = log.logger()
	a.host = local.StartTest(t, o)
	a.set(time.Second, thing.AlarmPlan{Do: "hang once"})
	a.host.Clock.Advance(15 * time.Minute)
	if strings.Contains(log.text(), "exceeded") {
		t.Error("it had less than 15 minutes")
	}
	a.host.Clock.Advance(time.Second)
	if want := "Alarm exceeded its allowed execution time"; !strings.Contains(log.text(), want) {
		t.Errorf("the log has no %q:\n%s", want, log.text())
	}
	a.host.Clock.Advance(3 * time.Second)
	a.want("0 false", "1 true")
}

func TestAnAlarmSetBetweenRetries(t *testing.T) {
	t.Run("due before the retry, it runs as that, with its time and number", func(t *testing.T) {
		a := newAlarmed(t, "sooner")
		a.set(time.Second, thing.AlarmPlan{Fails: 1})
		a.host.Clock.Advance(time.Second)
		a.set(time.Second, thing.AlarmPlan{})
		a.wantStored(time.Second)
		a.host.Clock.Advance(1900 * time.Millisecond)
		a.want("0 false")
		a.host.Clock.Advance(time.Second)
		a.want("0 false", "1 true")
		a.host.Clock.Advance(time.Hour)
		a.want("0 false", "1 true")
		a.wantStored(-1)
	})
	t.Run("due after the retry, it takes its place", func(t *testing.T) {
		a := newAlarmed(t, "later")
		a.set(time.Second, thing.AlarmPlan{Fails: 1})
		a.host.Clock.Advance(time.Second)
		a.set(time.Minute, thing.AlarmPlan{})
		a.host.Clock.Advance(59 * time.Second)
		a.want("0 false")
		a.host.Clock.Advance(time.Second)
		a.want("0 false", "0 false")
		a.wantStored(-1)
	})
	t.Run("when that retry fails too, it runs at once by itself", func(t *testing.T) {
		a := newAlarmed(t, "sooner, fails")
		a.set(time.Second, thing.AlarmPlan{Fails: 2})
		a.host.Clock.Advance(time.Second)
		a.set(time.Second, thing.AlarmPlan{Fails: 2})
		a.host.Clock.Advance(3 * time.Second)
		a.want("0 false", "1 true", "0 false")
	})
	t.Run("and deleted again", func(t *testing.T) {
		a := newAlarmed(t, "deleted")
		a.set(time.Second, thing.AlarmPlan{Fails: 1})
		a.host.Clock.Advance(time.Second)
		a.set(time.Second, thing.AlarmPlan{})
		must[durables.None](t)(thing.DeleteAlarm.Call(a.host.Context(), named(a.name), durables.None{}))
		a.host.Clock.Advance(time.Hour)
		a.want("0 false")
	})
}

func TestAlarmsDoNotRunBesideEachOther(t *testing.T) {
	a := newAlarmed(t, "lingers")
	a.set(time.Second, thing.AlarmPlan{Do: "set one and linger"})
	a.host.Clock.Advance(30 * time.Second)
	a.want("0 false")
	a.host.Clock.Advance(32 * time.Second)
	a.want("0 false", "0 false")
	a.wantStored(-1)
}

func TestASectionThatWaitsForSomethingOutsideEndsAfterThirtySeconds(t *testing.T) {
	for _, how := range []string{"nothing", "a call", "a transaction", "another section"} {
		t.Run(how, func(t *testing.T) {
			h := start(t)
			must[int](t)(thing.Boots.Call(h.Context(), named("stuck"), durables.None{}))
			began := h.Clock.Now()
			var err error
			moving(t, h, time.Second, func() { _, err = thing.Stuck.Call(h.Context(), named("stuck"), how) })
			const want = "A call to blockConcurrencyWhile() in a Durable Object waited for too long. The call was canceled and the Durable Object was reset."
			var e *durables.Error
			if !errors.As(err, &e) || e.Message != want || !e.DurableObjectReset || !e.Overloaded {
				t.Errorf("got %+v", err)
			}
			if took := h.Clock.Now().Sub(began); took < 30*time.Second {
				t.Errorf("reset after %v", took)
			}
			if n := must[int](t)(thing.Boots.Call(h.Context(), named("stuck"), durables.None{})); n < 2 {
				t.Errorf("constructed %d times", n)
			}
		})
	}
}

func TestAnAlarmIsNotRunBesideItself(t *testing.T) {
	o := options()
	o.Logger = quiet()
	local.Simulate(t, o, 3, func(t *testing.T, sim *local.Sim) {
		a := &alarmed{t, sim.Host, "run by hand"}
		a.set(time.Hour, thing.AlarmPlan{Do: "set one and linger"})
		ran := 0
		for i := range 3 {
			sim.Go(fmt.Sprint("runs it ", i), func(context.Context) error {
				sim.Sleep(time.Duration(i) * time.Second)
				now, err := sim.Host.RunAlarm("Thing", a.name)
				if now {
					ran++
				}
				return err
			})
		}
		sim.Go("looks", func(context.Context) error {
			sim.Sleep(30 * time.Second)
			a.want("0 false")
			sim.Sleep(time.Minute)
			a.want("0 false", "0 false")
			if ran != 2 {
				t.Errorf("%d calls ran an alarm, want 2: the last finds none", ran)
			}
			return nil
		})
	})
}
