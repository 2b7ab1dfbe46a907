package local_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	local "grove.place/lattice/local-runtime"
)

// watched is a host of the Worker that the inspector is tested with, and what it was observed to do.
func watched(t *testing.T) (h *local.Host, post func(path string) int, events func() []local.Event) {
	t.Helper()
	var mu sync.Mutex
	var list []local.Event
	h = local.StartTest(t, local.TestOptions{Package: "../tests/inspector/app", Options: local.Options{
		Name: "site", Objects: map[string]string{"ROOMS": "Room"}, Databases: map[string]local.Database{"DB": {}}, Queues: map[string]string{"MAIL": "mail"}, Isolates: 1,
		Observe: func(e local.Event) {
			mu.Lock()
			defer mu.Unlock()
			list = append(list, e)
		},
	}})
	post = func(path string) int {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path+"?code=secret", nil))
		return w.Code
	}
	return h, post, func() []local.Event {
		mu.Lock()
		defer mu.Unlock()
		return append([]local.Event{}, list...)
	}
}

func TestEventsNameWhatCausedThem(t *testing.T) {
	h, post, events := watched(t)
	if code := post("/fill/red"); code != http.StatusOK {
		t.Fatal(code)
	}
	post("/nothing")
	h.Clock.Advance(time.Hour)
	if err := h.Scheduled(t.Context(), "* * * * *", h.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	id, err := h.ObjectID("Room", "red")
	if err != nil {
		t.Fatal(err)
	}
	got := events()
	want := []local.Event{
		{Kind: "rpc", Name: "fill", Class: "Room", ID: id, Object: "red", Cause: got[1].Number}, {Kind: "request", Name: "POST /fill/red", Status: 200},
		{Kind: "request", Name: "POST /nothing", Status: 404}, {Kind: "alarm", Class: "Room", ID: id, Object: "red"}, {Kind: "scheduled", Name: "* * * * *"},
	}
	for n := range want {
		if n >= len(got) {
			t.Fatalf("only %d events: %+v", len(got), got)
		}
		e := got[n]
		if want[n].Worker = "site"; e.Number == 0 || e.Began.IsZero() {
			t.Errorf("%+v lacks a number or a time", e)
		}
		e.Number, e.Began, e.Took = 0, time.Time{}, 0
		if e != want[n] {
			t.Errorf("event %d: %+v\nwant %+v", n, e, want[n])
		}
	}
}

func TestStorageIsChangedBetweenTwoEventsOfAnObject(t *testing.T) {
	h, post, _ := watched(t)
	post("/fill/red")
	count := func() any {
		t.Helper()
		rows, err := h.Storage("Room", "red").Query("SELECT count(*) AS n FROM notes")
		if err != nil {
			t.Fatal(err)
		}
		return rows[0]["n"]
	}
	if _, err := h.Storage("Room", "red").Read("DELETE FROM notes", 10); !errors.Is(err, local.ErrReadOnly) {
		t.Errorf("a look that writes: %v", err)
	}
	if _, err := h.Execute("Room", "red", "DELETE FROM notes WHERE n > 100; SELECT nothing"); err == nil || count() != int64(120) {
		t.Errorf("a statement that fails left %v rows, %v", count(), err)
	}
	for _, live := range []bool{true, false} {
		if !live {
			if _, err := h.Evict("Room", "red"); err != nil {
				t.Fatal(err)
			}
		}
		before := count().(int64)
		if _, err := h.Execute("Room", "red", "DELETE FROM notes WHERE n = (SELECT max(n) FROM notes)"); err != nil || count() != before-1 {
			t.Errorf("in memory %v: %v rows of %d, %v", live, count(), before, err)
		}
	}
	if _, err := h.Execute("Room", "red", "SELECT * FROM _cf_METADATA"); err == nil {
		t.Error("the host's own tables can be read")
	}
	held := make(chan int)
	go func() { held <- post("/hold/red") }()
	for { // until it is held
		if _, err := h.Execute("Room", "red", "SELECT 1"); err != nil {
			if !strings.Contains(err.Error(), "try again when that has ended") {
				t.Errorf("in a critical section: %v", err)
			}
			break
		}
	}
	h.Clock.Advance(10 * time.Second)
	if code := <-held; code != http.StatusOK {
		t.Errorf("what held it answers %d", code)
	}
	if _, err := h.Execute("Room", "red", "SELECT 1"); err != nil {
		t.Errorf("after the critical section: %v", err)
	}
}

func TestSQLByHandReachesNothingElse(t *testing.T) {
	h, post, _ := watched(t)
	post("/fill/red")
	if _, err := h.ExecuteDatabase("DB", "CREATE TABLE t (a)"); err != nil {
		t.Fatal(err)
	}
	away := filepath.Join(t.TempDir(), "away.sqlite")
	for _, query := range []string{
		"ATTACH DATABASE '" + away + "' AS away", "VACUUM INTO '" + away + "'", "PRAGMA writable_schema = 1", "PRAGMA journal_mode = DELETE", "PRAGMA temp_store_directory = '/'",
		"SELECT load_extension('away')", "SELECT readfile('/etc/passwd')", "SELECT * FROM _cf_METADATA", "UPDATE sqlite_master SET sql = ''",
		"BEGIN; DELETE FROM t", "COMMIT", "CREATE VIRTUAL TABLE v USING csv(filename='/etc/passwd')", "SELECT 1; ATTACH '" + away + "' AS b",
	} {
		_, onObject := h.Execute("Room", "red", query)
		_, onDatabase := h.ExecuteDatabase("DB", query)
		_, onCopy := h.Storage("Room", "red").Read(query, 10)
		_, onDatabasesCopy := h.Database("DB").Read(query, 10)
		for where, err := range map[string]error{"an object": onObject, "a database": onDatabase, "a copy of an object": onCopy, "a copy of a database": onDatabasesCopy} {
			if err == nil {
				t.Errorf("%s takes %s", where, query)
			}
		}
	}
	if _, err := os.Stat(away); !os.IsNotExist(err) {
		t.Errorf("a file was made: %v", err)
	}
	for _, query := range []string{"DROP TABLE t", "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2) RETURNING a", "WITH x AS (SELECT 1) DELETE FROM t", "PRAGMA optimize"} {
		if _, err := h.Database("DB").Read(query, 10); !errors.Is(err, local.ErrReadOnly) && query != "PRAGMA optimize" {
			t.Errorf("a look at a database takes %s: %v", query, err)
		}
	}
	if _, err := h.ExecuteDatabase("DB", "INSERT INTO t VALUES (1); SELECT nothing"); err == nil {
		t.Error("a statement that fails succeeds")
	}
	if rows, err := local.Rows[int](h.Database("DB"), "SELECT count(*) FROM t"); err != nil || rows[0] != 0 {
		t.Errorf("what failed left %v, %v", rows, err)
	}
}

func TestADeletedObjectIsNewAndHasNoAlarm(t *testing.T) {
	h, post, events := watched(t)
	post("/fill/red")
	post("/fill/blue")
	if _, err := h.Evict("Room", "blue"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"red", "blue"} { // in memory, and not
		if existed, err := h.Delete("Room", name); !existed || err != nil {
			t.Errorf("%s: %v, %v", name, existed, err)
		}
		if existed, err := h.Delete("Room", name); existed || err != nil {
			t.Errorf("%s once more: %v, %v", name, existed, err)
		}
	}
	if list, err := h.Objects("Room"); len(list) > 0 || err != nil {
		t.Errorf("there are %v, %v", list, err)
	}
	h.Clock.Advance(2 * time.Hour)
	for _, e := range events() {
		if e.Kind == "alarm" {
			t.Errorf("an alarm rang: %+v", e)
		}
	}
	if alarms := h.Alarms(); len(alarms) > 0 {
		t.Errorf("there are alarms: %v", alarms)
	}
	if code := post("/fill/red"); code != http.StatusOK {
		t.Errorf("a new one of that name: %d", code)
	}
}
