package local_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/local-runtime/testdata/thing"
)

func TestPointInTimeRecovery(t *testing.T) {
	h := start(t)
	ctx := h.Context()
	o := named("past")
	none := durables.None{}
	add := func(n int) int { t.Helper(); return must[int](t)(thing.Add.Call(ctx, o, n)) }
	bookmark := func() string { t.Helper(); return must[string](t)(thing.Bookmark.Call(ctx, o, none)) }
	reset := func() {
		thing.Abort.Call(ctx, o, "restore")
		o = named("past") // the stub of an object that was reset stays broken
	}
	add(1)
	one := bookmark()
	h.Clock.Advance(time.Minute)
	atOne := h.Clock.Now()
	h.Clock.Advance(time.Minute)
	add(10)
	must[durables.None](t)(thing.SetAlarm.Call(ctx, o, thing.AlarmPlan{At: h.Clock.Now().Add(time.Hour)}))
	eleven := bookmark()
	if eleven <= one {
		t.Errorf("%s is not after %s", eleven, one)
	}
	h.Clock.Advance(time.Minute)
	must[durables.None](t)(thing.Wipe.Call(ctx, o, none))
	h.Clock.Advance(time.Minute)
	if n := add(0); n != 0 {
		t.Fatalf("total %d after deleteAll", n)
	}

	undo := must[string](t)(thing.Restore.Call(ctx, o, eleven))
	if n := add(3); n != 3 {
		t.Errorf("total %d: restored before the next session", n)
	}
	reset()
	if n := add(0); n != 11 {
		t.Errorf("total %d, want what was there before deleteAll", n)
	}
	if at := must[string](t)(thing.GetAlarm.Call(ctx, o, none)); at == "none" {
		t.Error("the alarm was not restored")
	}
	h.Clock.Advance(2 * time.Hour)
	if runs := must[[]string](t)(thing.Alarms.Call(ctx, o, none)); len(runs) != 1 {
		t.Errorf("the restored alarm ran as %v", runs)
	}

	must[string](t)(thing.Restore.Call(ctx, o, undo))
	h.Clock.Advance(11 * time.Second) // evicted
	if n := add(0); n != 3 {
		t.Errorf("total %d after the restore was undone, want 3", n)
	}
	if at := must[string](t)(thing.GetAlarm.Call(ctx, o, none)); at != "none" {
		t.Errorf("alarm at %s", at)
	}

	must[string](t)(thing.Restore.Call(ctx, o, must[string](t)(thing.BookmarkAt.Call(ctx, o, atOne))))
	reset()
	if n := add(0); n != 1 {
		t.Errorf("total %d, want what was there at %s", n, atOne)
	}
	h.Clock.Advance(31 * 24 * time.Hour)
	if _, err := thing.BookmarkAt.Call(ctx, o, atOne); err == nil || !strings.Contains(err.Error(), "the last 30 days") {
		t.Errorf("a bookmark of 31 days ago: %v", err)
	}
	if _, err := thing.Restore.Call(ctx, o, one); err == nil || !strings.Contains(err.Error(), "the last 30 days") {
		t.Errorf("a restore to 31 days ago: %v", err)
	}
}

func TestARestoreOutlivesTheHost(t *testing.T) {
	o := options()
	o.Dir = t.TempDir()
	h := local.StartTest(t, o)
	ctx := h.Context()
	none := durables.None{}
	must[int](t)(thing.Add.Call(ctx, named("r"), 1))
	at := h.Clock.Now().Add(time.Hour)
	must[durables.None](t)(thing.SetAlarm.Call(ctx, named("r"), thing.AlarmPlan{At: at}))
	before := must[string](t)(thing.Bookmark.Call(ctx, named("r"), none))
	must[durables.None](t)(thing.Wipe.Call(ctx, named("r"), none))
	must[string](t)(thing.Restore.Call(ctx, named("r"), before))
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	o.Clock = local.NewVirtualClock(h.Clock.Now())
	h = local.StartTest(t, o)
	h.Clock.Advance(2 * time.Hour)
	want := fmt.Sprintf("r retry 0 false alarm none at %d", at.Unix())
	if runs := must[[]string](t)(thing.Alarms.Call(h.Context(), named("r"), none)); len(runs) != 1 || runs[0] != want {
		t.Errorf("the alarm that was restored ran as %v, want %s", runs, want)
	}
}
