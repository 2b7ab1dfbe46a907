//go:build !js

package durables_test

import (
	"slices"
	"testing"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/testdata/tasks/diary"
	"grove.place/lattice/local-runtime"
)

// book is the test's view of the class in testdata/tasks, whose methods it calls by name.
type book struct {
	t    *testing.T
	host *local.Host
	stub *durables.Stub[diaryObject]
}

type diaryObject struct{}

var diaries = durables.Class[diaryObject]("Diary", nil).Namespace("DIARIES")

func openBook(t *testing.T) book {
	t.Helper()
	host := local.StartTest(t, local.TestOptions{Package: "./testdata/tasks", Options: local.Options{
		Objects: map[string]string{"DIARIES": "Diary"}, Isolates: 1,
	}})
	return book{t, host, diaries.GetByName("mine")}
}

func (b book) schedule(task string, after time.Duration) {
	b.t.Helper()
	plan := diary.Plan{Task: task, At: b.host.Clock.Now().Add(after)}
	if err := b.stub.Call(b.host.Context(), "schedule", nil, plan); err != nil {
		b.t.Fatal(err)
	}
}

func (b book) want(entries ...string) {
	b.t.Helper()
	var got []string
	if err := b.stub.Call(b.host.Context(), "entries", &got); err != nil {
		b.t.Fatal(err)
	}
	if !slices.Equal(got, entries) {
		b.t.Errorf("ran %q, want %q", got, entries)
	}
}

// wantAlarm checks how long it is until the object is woken; less than nothing means never.
func (b book) wantAlarm(in time.Duration) {
	b.t.Helper()
	var at *time.Time
	if err := b.stub.Call(b.host.Context(), "next", &at); err != nil {
		b.t.Fatal(err)
	}
	got := time.Duration(-1)
	if at != nil {
		got = at.Sub(b.host.Clock.Now()).Round(time.Millisecond)
	}
	if got != in {
		b.t.Errorf("the alarm is in %v, want %v", got, in)
	}
}

func TestTasksShareOneAlarm(t *testing.T) {
	b := openBook(t)
	b.schedule("plain", time.Hour)
	b.schedule("other", time.Minute)
	b.wantAlarm(time.Minute)
	b.host.Clock.Advance(time.Minute)
	b.want("other")
	b.wantAlarm(59 * time.Minute)
	b.host.Clock.Advance(time.Hour)
	b.want("other", "plain")
	b.wantAlarm(-1)
}

func TestSchedulesOfOneTaskAreOneRunAtTheEarliestTime(t *testing.T) {
	b := openBook(t)
	b.schedule("plain", 3*time.Minute)
	b.schedule("plain", time.Minute)
	b.schedule("plain", 2*time.Minute)
	b.wantAlarm(time.Minute)
	b.host.Clock.Advance(time.Hour)
	b.want("plain")
}

func TestATaskMayScheduleItself(t *testing.T) {
	b := openBook(t)
	b.schedule("hourly", time.Hour)
	b.host.Clock.Advance(3*time.Hour + time.Minute)
	b.want("hourly", "hourly", "hourly")
	b.wantAlarm(59 * time.Minute)
}

func TestAFailingTaskBacksOffByItself(t *testing.T) {
	b := openBook(t)
	b.schedule("fails twice", time.Minute)
	b.schedule("panics", time.Minute)
	b.schedule("plain", time.Minute)
	b.host.Clock.Advance(time.Minute)
	b.want("fails twice", "plain")
	b.wantAlarm(2 * time.Second)
	b.host.Clock.Advance(2 * time.Second)
	b.want("fails twice", "plain", "fails twice")
	b.host.Clock.Advance(4 * time.Second)
	b.want("fails twice", "plain", "fails twice", "fails twice")
	b.host.Clock.Advance(time.Hour)
	b.want("fails twice", "plain", "fails twice", "fails twice")
}

func TestSchedulesOutliveTheObjectsMemory(t *testing.T) {
	b := openBook(t)
	b.schedule("plain", time.Hour)
	b.host.Clock.Advance(30 * time.Minute) // evicted long ago
	b.want()
	b.host.Clock.Advance(time.Hour)
	b.want("plain")
}

func TestOnlyHandledTasksCanBeScheduled(t *testing.T) {
	b := openBook(t)
	err := b.stub.Call(b.host.Context(), "schedule", nil, diary.Plan{Task: "unknown", At: b.host.Clock.Now()})
	if want := `tasks: no function handles "unknown": call Handle in the constructor`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestATaskThatRemovesEverythingIsTheLast(t *testing.T) {
	b := openBook(t)
	b.schedule("wipes", time.Minute)
	b.schedule("plain", time.Hour)
	b.host.Clock.Advance(time.Minute)
	b.want("wipes")
	b.wantAlarm(-1)
	b.host.Clock.Advance(2 * time.Hour)
	b.want("wipes")
	b.schedule("plain", time.Minute) // the object goes on, with tables of its own
	b.host.Clock.Advance(time.Minute)
	b.want("wipes", "plain")
}
