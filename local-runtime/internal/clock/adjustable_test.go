package clock

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestAnAdjustableClockRunsWithTheMachines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, fired := NewAdjustable(), 0
		c.AfterFunc(time.Minute, func() { fired++ })
		stop := c.AfterFunc(time.Minute, func() { t.Error("a stopped timer fired") })
		stop()
		time.Sleep(59 * time.Second)
		synctest.Wait()
		if fired != 0 || !c.Now().Equal(time.Now()) {
			t.Errorf("after 59 s: %d fired, %v", fired, c.Now())
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if fired != 1 {
			t.Errorf("after 61 s: %d fired", fired)
		}
	})
}

func TestAFrozenClockStandsAndFiresWhatItPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewAdjustable()
		began := c.Now()
		var order []string
		note := func(name string, again time.Duration) func() {
			return func() {
				order = append(order, name+" at "+c.Now().Sub(began).String())
				if again > 0 {
					c.AfterFunc(again, func() { order = append(order, name+" again at "+c.Now().Sub(began).String()) })
				}
			}
		}
		c.Freeze()
		c.AfterFunc(2*time.Hour, note("second", 0))
		c.AfterFunc(time.Hour, note("first", 30*time.Minute))
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if len(order) != 0 || !c.Now().Equal(began) {
			t.Fatalf("a frozen clock went on: %v, %v", order, c.Now())
		}
		c.Advance(3 * time.Hour)
		want := []string{"first at 1h0m0s", "first again at 1h30m0s", "second at 2h0m0s"}
		if !slices.Equal(order, want) || c.Now().Sub(began) != 3*time.Hour {
			t.Errorf("fired %q at %v", order, c.Now().Sub(began))
		}
		c.AfterFunc(time.Minute, note("later", 0))
		c.Resume()
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(order) != 4 || order[3] != "later at 3h1m0s" {
			t.Errorf("after it went on: %q", order)
		}
	})
}

func TestARunningClockThatIsMovedRunsOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, fired := NewAdjustable(), 0
		c.AfterFunc(time.Hour, func() { fired++ })
		c.AfterFunc(90*time.Minute, func() { fired++ })
		c.Advance(time.Hour)
		if fired != 1 {
			t.Errorf("%d timers fired in the hour", fired)
		}
		if frozen, ahead := c.Frozen(); frozen || ahead != time.Hour {
			t.Errorf("frozen %v, ahead by %v", frozen, ahead)
		}
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		if fired != 2 {
			t.Errorf("%d timers fired after half an hour more", fired)
		}
		c.Reset()
		if !c.Now().Equal(time.Now()) {
			t.Errorf("after Reset the clock is at %v", c.Now())
		}
	})
}

func TestWhatIsDueAtOnceDoesNotWaitForAFrozenClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewAdjustable()
		c.Freeze()
		fired := false
		c.AfterFunc(0, func() { fired = true })
		synctest.Wait()
		if !fired {
			t.Error("it waits")
		}
	})
}
