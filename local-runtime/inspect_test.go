package local_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/local-runtime/testdata/thing"
)

func TestStorageIsLookedIntoWithoutWakingTheObject(t *testing.T) {
	h := start(t)
	ctx := h.Context()
	must[int](t)(thing.Insert.Call(ctx, named("x"), 7))
	must[int](t)(thing.Insert.Call(ctx, named("x"), 9))
	must[int](t)(thing.Add.Call(ctx, named("x"), 5))
	at := h.Clock.Now().Add(time.Hour)
	must[durables.None](t)(thing.SetAlarm.Call(ctx, named("x"), thing.AlarmPlan{At: at}))
	look := func(when string) {
		t.Helper()
		s := h.Storage("Thing", "x")
		if rows := must[[]int](t)(local.Rows[int](s, "SELECT n FROM rows WHERE n > ? ORDER BY n", 1)); !reflect.DeepEqual(rows, []int{7, 9}) {
			t.Errorf("%s: rows %v", when, rows)
		}
		if rows := must[[]map[string]any](t)(s.Query("SELECT n, 'a' AS a FROM rows WHERE n = 7")); !reflect.DeepEqual(rows, []map[string]any{{"n": int64(7), "a": "a"}}) {
			t.Errorf("%s: rows %v", when, rows)
		}
		var total int
		if found, err := s.Get("total", &total); err != nil || !found || total != 5 {
			t.Errorf("%s: total %d, %v, %v", when, total, found, err)
		}
		if found, err := s.Get("nothing", &total); err != nil || found {
			t.Errorf("%s: a key that is not there: %v, %v", when, found, err)
		}
		if list := must[[]local.Entry](t)(s.List("bo")); len(list) != 1 || list[0] != (local.Entry{Key: "boots", Value: int64(1)}) {
			t.Errorf("%s: list %v", when, list)
		}
		if got, set, err := s.Alarm(); err != nil || !set || !got.Equal(at) {
			t.Errorf("%s: alarm %s, %v, %v", when, got, set, err)
		}
		if _, err := s.Query("DELETE FROM rows"); err == nil || !strings.Contains(err.Error(), "can only be read") {
			t.Errorf("%s: writing a copy: %v", when, err)
		}
	}
	look("live")
	if n := must[int](t)(h.EvictAll()); n != 1 {
		t.Errorf("evicted %d", n)
	}
	look("evicted")
	if list := must[[]local.Object](t)(h.Objects("Thing")); len(list) != 1 || list[0].Live || list[0].Name != "x" {
		t.Errorf("looking woke it: %+v", list)
	}
	if n := must[int](t)(thing.Count.Call(ctx, named("x"), durables.None{})); n != 2 {
		t.Errorf("%d rows after the look", n)
	}
	if rows := must[[]map[string]any](t)(h.Storage("Thing", "never was").Query("SELECT 1 AS one")); len(rows) != 1 {
		t.Errorf("an object that does not exist: %v", rows)
	}
}

func TestStorageShowsOnlyWhatIsCommitted(t *testing.T) {
	o := options()
	sim := local.NewSim(t, o, 1)
	sim.Go("writer", func(ctx context.Context) error {
		n, err := thing.Transact.Call(ctx, named("t"), thing.Blocking{Ms: 100})
		if n != 1 {
			return fmt.Errorf("%d rows, %w", n, err)
		}
		return err
	})
	sim.Go("reader", func(ctx context.Context) error {
		sim.Sleep(50 * time.Millisecond) // the transaction is open
		if rows, err := local.Rows[int](sim.Storage("Thing", "t"), "SELECT count(*) FROM rows"); err != nil || rows[0] != 0 {
			return fmt.Errorf("inside of the transaction: %v, %w", rows, err)
		}
		sim.Sleep(100 * time.Millisecond)
		if rows, err := local.Rows[int](sim.Storage("Thing", "t"), "SELECT count(*) FROM rows"); err != nil || rows[0] != 1 {
			return fmt.Errorf("after it: %v, %w", rows, err)
		}
		return nil
	})
	if err := sim.Run(); err != nil {
		t.Error(err)
	}
}

func TestObjectsGoByName(t *testing.T) {
	h := start(t)
	ctx := h.Context()
	must[int](t)(thing.Add.Call(ctx, named("by name"), 1))
	id := must[string](t)(h.ObjectID("Thing", "by name"))
	if want := must[durables.ID](t)(thing.Things.IDFromName(ctx, "by name")); id != want.String() {
		t.Errorf("id %s, want %s", id, want)
	}
	if same := must[string](t)(h.ObjectID("Thing", id)); same != id {
		t.Errorf("the id of an id is %s", same)
	}
	must[durables.None](t)(thing.SetAlarm.Call(ctx, named("by name"), thing.AlarmPlan{At: h.Clock.Now().Add(time.Hour)}))
	if ran := must[bool](t)(h.RunAlarm("Thing", "by name")); !ran {
		t.Error("no alarm ran")
	}
	if evicted := must[bool](t)(h.Evict("Thing", "by name")); !evicted {
		t.Error("it was not in memory")
	}
	if evicted := must[bool](t)(h.Evict("Thing", id)); evicted {
		t.Error("it was in memory still")
	}
	must[int](t)(thing.Add.Call(ctx, named("another"), 1))
	list := must[[]local.Object](t)(h.Objects("Thing"))
	if len(list) != 2 || list[0].Name != "another" || !list[0].Live || list[1].Name != "by name" || list[1].ID != id || list[1].Live {
		t.Errorf("objects %+v", list)
	}
}

func TestMistakesOfATestAreExplained(t *testing.T) {
	h := start(t)
	_, err := h.Evict("Thin", "x")
	want := `there is no Durable Object class "Thin": this host has Ghost, Room, Thing`
	if err == nil || err.Error() != want {
		t.Errorf("an unknown class: %v", err)
	}
	if _, err := h.Objects("thing"); err == nil || !strings.Contains(err.Error(), "this host has Ghost, Room, Thing") {
		t.Errorf("an unknown class: %v", err)
	}
	if _, err := h.Storage("Thin", "x").Query("SELECT 1"); err == nil || err.Error() != want {
		t.Errorf("an unknown class: %v", err)
	}
	go thing.Sleep.Call(h.Context(), named("busy one"), 1_000_000)
	for len(must[[]local.Object](t)(h.Objects("Thing"))) == 0 {
	}
	if _, err := h.Evict("Thing", "busy one"); err == nil || !strings.Contains(err.Error(), `Thing "busy one"`) || !strings.Contains(err.Error(), "is busy") {
		t.Errorf("a busy object: %v", err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	_, evict := h.Evict("Thing", "x")
	_, call := thing.Add.Call(h.Context(), named("x"), 1)
	_, look := h.Storage("Thing", "x").List("")
	_, objects := h.Objects("Thing")
	for name, err := range map[string]error{"Evict": evict, "a call": call, "Storage": look, "Objects": objects, "Crash": h.Crash("x")} {
		if err == nil || !strings.Contains(err.Error(), "the host has been closed") {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
}

func TestCrashAndRestart(t *testing.T) {
	o := options()
	o.Isolates = 2
	h := local.StartTest(t, o)
	ctx := h.Context()
	must[int](t)(thing.Add.Call(ctx, named("c"), 5))
	failed := make(chan error, 1)
	go func() {
		_, err := thing.Sleep.Call(ctx, named("sleeper"), 1_000_000)
		failed <- err
	}()
	for len(must[[]local.Object](t)(h.Objects("Thing"))) < 2 {
	}
	if err := h.Crash("fatal error: all goroutines are asleep"); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err == nil || err.Error() != "the Go program exited: fatal error: all goroutines are asleep" {
		t.Errorf("the call that ran: %v", err)
	}
	if n := must[int](t)(thing.Boots.Call(ctx, named("c"), durables.None{})); n != 2 {
		t.Errorf("constructed %d times", n)
	}
	must[durables.None](t)(thing.SetAlarm.Call(ctx, named("c"), thing.AlarmPlan{At: h.Clock.Now().Add(time.Minute)}))
	if err := h.Restart(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := must[int](t)(thing.Add.Call(ctx, named("c"), 0)); n != 5 {
		t.Errorf("total %d after the restart", n)
	}
	h.Clock.Advance(2 * time.Minute)
	if runs := must[[]string](t)(thing.Alarms.Call(ctx, named("c"), durables.None{})); len(runs) != 1 {
		t.Errorf("alarms %v after the restart", runs)
	}
}
