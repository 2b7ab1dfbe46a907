//go:build !js

package durables_test

import (
	"testing"
	"time"

	"grove.place/lattice/local-runtime"
)

func (b book) call(method string, arg any) {
	b.t.Helper()
	if err := b.stub.Call(b.host.Context(), method, nil, arg); err != nil {
		b.t.Fatal(err)
	}
}

func TestEveryKeepsToMultiplesOfItsPeriod(t *testing.T) {
	b := openBook(t)
	b.call("every", time.Hour)
	b.wantAlarm(time.Hour)
	b.host.Clock.Advance(90 * time.Minute) // the object is constructed again, and says once more what it wants
	b.want("ticks")
	b.wantAlarm(30 * time.Minute)
	b.schedule("ticks", 10*time.Minute)
	b.host.Clock.Advance(10 * time.Minute)
	b.want("ticks", "ticks")
	b.wantAlarm(20 * time.Minute)
	b.call("every", 5*time.Minute)
	b.wantAlarm(5 * time.Minute)
	b.call("cancel", "ticks")
	b.wantAlarm(-1)
	b.host.Clock.Advance(time.Hour)
	b.want("ticks", "ticks")
}

// openAt opens a host on a folder at a time: the process was down since the last.
func openAt(t *testing.T, dir string, now time.Time) book {
	t.Helper()
	host := local.StartTest(t, local.TestOptions{Package: "./testdata/tasks", Options: local.Options{
		Objects: map[string]string{"DIARIES": "Diary"}, Isolates: 1, Dir: dir, Clock: local.NewVirtualClock(now),
	}})
	return book{t, host, diaries.GetByName("mine")}
}

func (b book) close() {
	b.t.Helper()
	if err := b.host.Close(); err != nil {
		b.t.Fatal(err)
	}
}

func TestEveryRunsOnceForTimesThatWereMissed(t *testing.T) {
	dir, at := t.TempDir(), time.Unix(1_800_000_000, 0)
	b := openAt(t, dir, at)
	b.call("every", time.Minute)
	b.close()
	b = openAt(t, dir, at.Add(10*time.Minute+30*time.Second))
	b.host.Clock.Advance(0)
	b.want("ticks")
	b.wantAlarm(30 * time.Second)
}

func TestEveryAfterTheClockWentBack(t *testing.T) {
	dir, at := t.TempDir(), time.Unix(1_800_000_000, 0)
	b := openAt(t, dir, at)
	b.call("every", time.Hour)
	b.close()
	b = openAt(t, dir, at.Add(-24*time.Hour))
	b.wantAlarm(time.Hour)
	b.host.Clock.Advance(time.Hour)
	b.want("ticks")
}

func TestATaskThatIsCancelledWhileItRunsIsNotRetried(t *testing.T) {
	b := openBook(t)
	b.schedule("cancels itself", time.Minute)
	b.host.Clock.Advance(time.Hour)
	b.want("cancels itself")
	b.wantAlarm(-1)
}

func TestATaskMayCancelOneThatIsDueWithIt(t *testing.T) {
	b := openBook(t)
	b.schedule("plain", time.Minute)
	b.schedule("cancels plain", time.Minute)
	b.host.Clock.Advance(time.Hour)
	b.want("cancels plain")
	b.wantAlarm(-1)
}

func TestTasksThatNothingHandlesAnyMore(t *testing.T) {
	b := openBook(t)
	b.schedule("plain", time.Minute)
	b.call("plant", "INSERT INTO lattice_tasks (name, due) VALUES ('of old', 1); INSERT INTO lattice_tasks (name, due, period) VALUES ('ticked of old', 1, 1000)")
	b.host.Clock.Advance(time.Minute)
	b.want("plain")
	b.wantAlarm(24 * time.Hour)
	b.host.Clock.Advance(24 * time.Hour)
	b.wantAlarm(24 * time.Hour)
	b.call("plant", "UPDATE lattice_tasks SET name = 'other'")
	b.host.Clock.Advance(24 * time.Hour)
	b.want("plain", "other")
	b.wantAlarm(-1)
}

func TestTheTableOfTheFirstVersionGrows(t *testing.T) {
	b := openBook(t)
	b.call("plant", `CREATE TABLE lattice_tasks (name TEXT PRIMARY KEY, due INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
		leased INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID; INSERT INTO lattice_tasks (name, due) VALUES ('other', 1)`)
	b.schedule("plain", time.Minute)
	b.host.Clock.Advance(time.Minute)
	b.want("other", "plain")
}

func TestEveryRefusesWhatItCannotDo(t *testing.T) {
	b := openBook(t)
	const want = `tasks: "ticks" cannot run every 1ms: a period is a second at least`
	if err := b.stub.Call(b.host.Context(), "every", nil, time.Millisecond); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
