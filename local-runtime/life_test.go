package local_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"grove.place/lattice/durables"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/local-runtime/testdata/thing"
)

func TestEviction(t *testing.T) {
	h := start(t)
	ctx := h.Context()
	stub := named("ev")
	must[int](t)(thing.Add.Call(ctx, stub, 5))
	h.Clock.Advance(9 * time.Second)
	must[int](t)(thing.Add.Call(ctx, stub, 5))
	h.Clock.Advance(9 * time.Second)
	if n := must[int](t)(thing.Boots.Call(ctx, stub, durables.None{})); n != 1 {
		t.Fatalf("constructed %d times although never idle for ten seconds", n)
	}
	h.Clock.Advance(11 * time.Second)
	if n := must[int](t)(thing.Boots.Call(ctx, stub, durables.None{})); n != 2 {
		t.Errorf("constructed %d times, want 2 after ten idle seconds", n)
	}
	if n := must[int](t)(thing.Add.Call(ctx, stub, 0)); n != 10 {
		t.Errorf("total %d", n)
	}
}

func TestWorkGoesOnAfterItsEvent(t *testing.T) {
	h := start(t)
	ctx := h.Context()
	must[durables.None](t)(thing.Background.Call(ctx, named("bg"), 500))
	h.Clock.Advance(time.Second)
	if n := must[int](t)(thing.Add.Call(ctx, named("bg"), 0)); n != 100 {
		t.Errorf("a goroutine left in an object wrote %d", n)
	}
	request(t, h, "GET", "/wait", nil)
	h.Clock.Advance(2 * time.Second)
	if n := must[int](t)(thing.Add.Call(ctx, named("waited"), 0)); n != 5 {
		t.Errorf("WaitUntil wrote %d", n)
	}
}

func TestDisconnectedClient(t *testing.T) {
	var log lockedBuffer
	o := options()
	o.Logger = log.logger()
	h := local.StartTest(t, o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/hang", nil).WithContext(ctx))
	}()
	time.AfterFunc(50*time.Millisecond, cancel)
	<-done
	log.waitFor(t, "hang ended: the client disconnected")
}

func TestAlarms(t *testing.T) {
	h := start(t)
	ctx := h.Context()
	now := h.Clock.Now()
	set := func(name string, p thing.AlarmPlan) {
		t.Helper()
		must[durables.None](t)(thing.SetAlarm.Call(ctx, named(name), p))
	}
	runs := func(name string) []string {
		t.Helper()
		return must[[]string](t)(thing.Alarms.Call(ctx, named(name), durables.None{}))
	}
	unix := now.Unix()
	t.Run("it runs when due, also out of memory, and knows its name", func(t *testing.T) {
		set("once", thing.AlarmPlan{At: now.Add(time.Minute)})
		if at := must[string](t)(thing.GetAlarm.Call(ctx, named("once"), durables.None{})); at != now.Add(time.Minute).Format(time.RFC3339) {
			t.Errorf("getAlarm %s", at)
		}
		h.Clock.Advance(59 * time.Second)
		if got := runs("once"); len(got) != 0 {
			t.Errorf("ran early: %v", got)
		}
		h.Clock.Advance(time.Second)
		want := []string{fmt.Sprintf("once retry 0 false alarm none at %d", unix+60)}
		if got := runs("once"); !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if at := must[string](t)(thing.GetAlarm.Call(ctx, named("once"), durables.None{})); at != "none" {
			t.Errorf("still set: %s", at)
		}
	})
	t.Run("set again in its handler", func(t *testing.T) {
		set("again", thing.AlarmPlan{At: h.Clock.Now().Add(time.Second), Again: 1})
		h.Clock.Advance(2 * time.Minute)
		if got := runs("again"); len(got) != 2 || !strings.Contains(got[1], "retry 0 false") {
			t.Errorf("got %v", got)
		}
	})
	t.Run("it is retried six times and then given up", func(t *testing.T) {
		set("fails", thing.AlarmPlan{At: h.Clock.Now().Add(time.Second), Fails: 100})
		h.Clock.Advance(10 * time.Minute)
		got := runs("fails")
		if len(got) != 7 {
			t.Fatalf("ran %d times: %v", len(got), got)
		}
		for i, run := range got {
			if want := fmt.Sprintf("fails retry %d %v alarm none", i, i > 0); !strings.HasPrefix(run, want) {
				t.Errorf("run %d: %s", i, run)
			}
		}
		if at := must[string](t)(thing.GetAlarm.Call(ctx, named("fails"), durables.None{})); at != "none" {
			t.Errorf("still set: %s", at)
		}
	})
	t.Run("a retry that succeeds is the last", func(t *testing.T) {
		set("recovers", thing.AlarmPlan{At: h.Clock.Now().Add(time.Second), Fails: 2})
		h.Clock.Advance(10 * time.Minute)
		if got := runs("recovers"); len(got) != 3 {
			t.Errorf("got %v", got)
		}
	})
}

func TestStorageAndAlarmsSurviveTheHost(t *testing.T) {
	o := options()
	o.Dir = t.TempDir()
	clock := local.NewVirtualClock(time.Unix(1_800_000_000, 0))
	o.Clock = clock
	h := local.StartTest(t, o)
	must[int](t)(thing.Add.Call(h.Context(), named("kept"), 7))
	must[durables.None](t)(thing.SetAlarm.Call(h.Context(), named("kept"), thing.AlarmPlan{At: clock.Now().Add(time.Hour)}))
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	o.Clock = local.NewVirtualClock(time.Unix(1_800_100_000, 0))
	h = local.StartTest(t, o)
	h.Clock.Advance(0)
	got := must[[]string](t)(thing.Alarms.Call(h.Context(), named("kept"), durables.None{}))
	if len(got) != 1 || !strings.HasPrefix(got[0], "kept retry 0 false") {
		t.Errorf("overdue alarm: %v", got)
	}
	if n := must[int](t)(thing.Add.Call(h.Context(), named("kept"), 0)); n != 7 {
		t.Errorf("total %d", n)
	}
}

func TestReloadKeepsStorage(t *testing.T) {
	h := start(t)
	ctx := h.Context()
	must[int](t)(thing.Add.Call(ctx, named("r"), 3))
	if err := h.Reload(ctx, []byte("not wasm")); err == nil {
		t.Error("garbage was accepted")
	}
	module, err := local.BuildTest("./testdata/worker")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Reload(ctx, module); err != nil {
		t.Fatal(err)
	}
	if n := must[int](t)(thing.Add.Call(ctx, named("r"), 0)); n != 3 {
		t.Errorf("total %d after the reload", n)
	}
	if n := must[int](t)(thing.Boots.Call(ctx, named("r"), durables.None{})); n != 2 {
		t.Errorf("constructed %d times", n)
	}
}

func TestScheduled(t *testing.T) {
	o := options()
	o.Isolates = 1
	h := local.StartTest(t, o)
	if err := h.Scheduled(context.Background(), "* * * * *", time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	if _, got := request(t, h, "GET", "/crons", nil); got != "[* * * * *@00:00:00]" {
		t.Errorf("%s", got)
	}
	if err := h.Scheduled(context.Background(), "fail", time.Now()); err == nil || err.Error() != "TypeError: the cron fails" {
		t.Errorf("%v", err)
	}
}

func TestDamagedFileIsAClearError(t *testing.T) {
	o := options()
	o.Dir = t.TempDir()
	h := local.StartTest(t, o)
	must[int](t)(thing.Add.Call(h.Context(), named("x"), 1))
	files, _ := filepath.Glob(filepath.Join(o.Dir, "objects", "*", "*.sqlite"))
	if len(files) != 1 {
		t.Fatalf("files %v", files)
	}
	h.Clock.Advance(time.Minute)
	if err := os.WriteFile(files[0], []byte("this is not a database, it is a text that is long enough"), 0o644); err != nil {
		t.Fatal(err)
	}
	os.Remove(files[0] + "-wal")
	_, err := thing.Add.Call(h.Context(), named("x"), 1)
	if err == nil || !strings.Contains(err.Error(), files[0]) {
		t.Errorf("the caller got %v", err)
	}
	if n := must[int](t)(thing.Add.Call(h.Context(), named("y"), 1)); n != 1 {
		t.Errorf("another object: %d", n)
	}
}

func TestBrokenStubStaysBroken(t *testing.T) {
	o := options()
	o.Isolates = 1
	h := local.StartTest(t, o)
	status, got := request(t, h, "GET", "/broken", nil)
	want := "add 1 <nil>\nabort broken now\nsame stub 0 broken now\nnew stub 1 <nil>\nthrown reset Error: nested\nits stub 0 <nil>\n"
	if status != 200 || got != want {
		t.Errorf("got %d\n%swant\n%s", status, got, want)
	}
}

func TestStorageHasOneHost(t *testing.T) {
	o := options()
	o.Dir = t.TempDir()
	h := local.StartTest(t, o)
	module, err := local.BuildTest(o.Package)
	if err != nil {
		t.Fatal(err)
	}
	second := o.Options
	second.Module, second.CacheDir = module, local.TestCacheDir()
	if _, err := local.New(context.Background(), second); err == nil || !strings.Contains(err.Error(), "is in use by another local host") {
		t.Errorf("a second host: %v", err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	next, err := local.New(context.Background(), second)
	if err != nil {
		t.Fatalf("after the first has ended: %v", err)
	}
	next.Close()
}

func TestEventsThatWaitForTheConstructorSurviveAReset(t *testing.T) {
	h := start(t)
	ctx := h.Context()
	var wg sync.WaitGroup
	for i := range 50 { // whatever the order, each call has an answer
		wg.Go(func() {
			name := named(fmt.Sprint("q", i%5))
			var err error
			if i%3 == 0 {
				_, err = thing.Abort.Call(ctx, name, "queue aborts")
			} else {
				_, err = thing.Add.Call(ctx, name, 1)
			}
			if err != nil && err.Error() != "queue aborts" {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
