package storage

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/storage/history"
)

// timeline is a storage with the states it was in.
type timeline struct {
	t    *testing.T
	path string
	now  time.Time
	db   *DB
	moms []moment
	rnd  *rand.Rand
}

type moment struct {
	bookmark, dump string
	at             time.Time
}

func newTimeline(t *testing.T, seed uint64) *timeline {
	l := &timeline{t: t, path: file(t), now: time.UnixMilli(1_700_000_000_000), rnd: rand.New(rand.NewPCG(seed, 1))}
	l.open()
	return l
}

func (l *timeline) open() {
	l.t.Helper()
	d, err := OpenAt(l.path, func() time.Time { return l.now })
	must(l.t, err)
	l.db = d
	l.t.Cleanup(func() { d.Close() })
}

// crash leaves the files as they are in this moment to a new process.
func (l *timeline) crash() {
	l.t.Helper()
	dir := l.t.TempDir()
	files, err := filepath.Glob(filepath.Join(filepath.Dir(l.path), "*"))
	must(l.t, err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		must(l.t, err)
		must(l.t, os.WriteFile(filepath.Join(dir, filepath.Base(f)), b, 0o644))
	}
	l.path = filepath.Join(dir, filepath.Base(l.path))
	l.open()
}

func (l *timeline) restart() {
	l.t.Helper()
	must(l.t, l.db.Close())
	l.open()
}

func (l *timeline) exec(query string, args ...abi.Value) {
	l.t.Helper()
	if _, _, err := l.db.Exec(query, args, 0); err != nil {
		l.t.Fatal(query, err)
	}
}

// dump shows everything that is stored.
func (l *timeline) dump() string {
	l.t.Helper()
	var b strings.Builder
	for _, q := range []string{"SELECT name, sql FROM sqlite_schema ORDER BY name", "SELECT quick_check FROM pragma_quick_check"} {
		fmt.Fprintln(&b, run(l.t, l.db, q))
	}
	if strings.Contains(b.String(), "CREATE TABLE t") {
		fmt.Fprintln(&b, run(l.t, l.db, "SELECT n, length(x), hex(substr(x, 1, 8)) FROM t ORDER BY n"))
	}
	entries, err := l.db.List(abi.ListOptions{})
	must(l.t, err)
	alarm, ok, err := l.db.Alarm()
	must(l.t, err)
	fmt.Fprintln(&b, entries, alarm, ok)
	return b.String()
}

func (l *timeline) note() {
	l.t.Helper()
	must(l.t, l.db.Commit())
	b, err := l.db.Bookmark()
	must(l.t, err)
	l.moms = append(l.moms, moment{b, l.dump(), l.now})
	l.now = l.now.Add(time.Duration(1+l.rnd.IntN(5000)) * time.Millisecond)
}

// write makes a random transaction.
func (l *timeline) write() {
	l.t.Helper()
	l.exec("CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, x)")
	for range 1 + l.rnd.IntN(4) {
		switch l.rnd.IntN(6) {
		case 0:
			l.exec("DELETE FROM t WHERE n % 3 = ?", int64(l.rnd.IntN(3)))
		case 1:
			l.exec("UPDATE t SET x = randomblob(?) WHERE n % 5 = 0", int64(l.rnd.IntN(300)))
		case 2:
			must(l.t, l.db.Put([]abi.Field{{Name: fmt.Sprint("k", l.rnd.IntN(9)), Value: int64(l.rnd.IntN(1000))}}))
		case 3:
			must(l.t, l.db.SetAlarm(float64(l.rnd.IntN(1e9))))
		case 4:
			l.exec("INSERT INTO t (x) VALUES (randomblob(?))", int64(l.rnd.IntN(20000)))
		default:
			l.exec("INSERT INTO t (x) VALUES (randomblob(?))", int64(l.rnd.IntN(100)))
		}
	}
}

func TestAnyMomentCanBeRestored(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			l := newTimeline(t, seed)
			l.note()
			for range 120 {
				switch n := l.rnd.IntN(30); {
				case n == 0:
					l.restart()
				case n == 1:
					l.crash()
				case n == 2:
					must(t, l.db.Commit())
					must(t, l.db.DeleteAll())
					l.note()
				case n < 6:
					l.restore(l.moms[l.rnd.IntN(len(l.moms))])
				case n == 6:
					must(t, l.db.Commit())
					l.db.Idle()
				default:
					l.write()
					l.note()
				}
			}
			for _, i := range l.rnd.Perm(len(l.moms))[:10] {
				l.restore(l.moms[i])
			}
		})
	}
}

// restore goes back to a moment, by a restart or by the death of the process, and sometimes returns.
func (l *timeline) restore(m moment) {
	l.t.Helper()
	must(l.t, l.db.Commit())
	undo, err := l.db.RestoreNext(m.bookmark)
	must(l.t, err)
	l.write() // what is written until the session ends is undone too
	must(l.t, l.db.Commit())
	present := l.dump()
	if l.rnd.IntN(2) == 0 {
		l.crash()
	} else {
		l.restart()
	}
	if got := l.dump(); got != m.dump {
		l.t.Fatalf("restored\n%s\nwant\n%s", got, m.dump)
	}
	l.note()
	if l.rnd.IntN(2) == 0 {
		_, err := l.db.RestoreNext(undo)
		must(l.t, err)
		l.restart()
		if got := l.dump(); got != present {
			l.t.Fatalf("undone\n%s\nwant\n%s", got, present)
		}
		l.note()
	}
}

func TestBookmarksOfTimes(t *testing.T) {
	l := newTimeline(t, 7)
	for i := range 40 {
		l.write()
		l.note()
		if i == 20 {
			l.restart()
		}
	}
	var all []string
	for _, m := range l.moms {
		b, err := l.db.BookmarkAt(float64(m.at.UnixMilli()))
		must(t, err)
		all = append(all, b)
	}
	if !slices.IsSorted(all) {
		t.Error("bookmarks are not in the order of their times")
	}
	for _, i := range []int{33, 5, 0, 39} {
		_, err := l.db.RestoreNext(all[i])
		must(t, err)
		l.restart()
		if got := l.dump(); got != l.moms[i].dump {
			t.Errorf("at the time of moment %d there was\n%s\nwant\n%s", i, got, l.moms[i].dump)
		}
	}
	b, err := l.db.BookmarkAt(float64(l.moms[0].at.UnixMilli() - 1))
	must(t, err)
	_, err = l.db.RestoreNext(b)
	must(t, err)
	l.restart()
	equal(t, "tables before the first write", run(t, l.db, "SELECT count(*) FROM sqlite_schema")[0][0], int64(0))
}

func TestRefusedBookmarks(t *testing.T) {
	l := newTimeline(t, 8)
	l.write()
	l.note()
	other := newTimeline(t, 9)
	other.path = filepath.Join(t.TempDir(), "other.sqlite")
	other.open()
	foreign, err := other.db.Bookmark()
	must(t, err)
	undo, err := l.db.RestoreNext(l.moms[0].bookmark)
	must(t, err)
	for bookmark, want := range map[string]string{
		"":    `"" is not a bookmark`,
		"abc": "is not a bookmark",
		strings.Replace(l.moms[0].bookmark, "-", "", 1): "is not a bookmark",
		l.moms[0].bookmark[:58] + "0":                   "was not made by this object's storage",
		foreign:                                         "was not made by this object's storage",
		undo:                                            "undoes a restore that has not happened",
	} {
		if _, err := l.db.RestoreNext(bookmark); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", bookmark, err, want)
		}
	}
	l.now = l.now.Add(Retention + time.Hour)
	if _, err := l.db.RestoreNext(l.moms[0].bookmark); err != error(errTooOld) {
		t.Error(err)
	}
	if _, err := l.db.BookmarkAt(float64(l.moms[0].at.UnixMilli())); err != error(errTooOld) {
		t.Error(err)
	}
}

func TestHistoryIsForgottenAfterItsTime(t *testing.T) {
	l := newTimeline(t, 10)
	size := func() int64 {
		info, err := os.Stat(l.db.historyPath())
		must(t, err)
		return info.Size()
	}
	for range 200 {
		l.write()
		l.note()
	}
	l.restart()
	full := size()
	l.now = l.now.Add(Retention + time.Minute)
	for range 5 {
		l.write()
		l.note()
	}
	l.restart()
	if now := size(); now > full/4 {
		t.Errorf("%d bytes of history after 30 days, %d before", now, full)
	}
	m := l.moms[len(l.moms)-3]
	l.restore(m)
}

// TestARestoreGoesOnWhereItStopped: each step of a restore, and of a deletion, has happened when the process dies.
func TestARestoreGoesOnWhereItStopped(t *testing.T) {
	for kind, name := range map[history.Kind]string{history.Restore: "restore", history.Delete: "delete"} {
		for steps := range 4 {
			t.Run(fmt.Sprint(name, " after step ", steps), func(t *testing.T) {
				l := newTimeline(t, 11)
				for range 5 {
					l.write()
					l.note()
				}
				want := l.moms[2].dump
				m, err := l.db.parse(l.moms[2].bookmark)
				must(t, err)
				i := intent{Nonce: 77, Seq: uint64(m.seq)}
				must(t, l.db.intend(kind, i))
				l.crash()
				if kind == history.Delete {
					want = "[]\n[[ok]]\n[] 0 false\n"
				}
				if got := l.dump(); got != want {
					t.Fatalf("got\n%s\nwant\n%s", got, want)
				}
				for range 3 {
					l.write()
					l.note()
				}
				must(t, l.db.Close())
				i = intent{Nonce: 78, Seq: i.Seq}
				d := &DB{path: l.path, past: past{now: func() time.Time { return l.now }}}
				log, err := d.history()
				must(t, err)
				next := l.path + ".next"
				must(t, d.intend(kind, i))
				if steps > 0 {
					must(t, os.WriteFile(next, []byte("half a file"), 0o644))
				}
				if steps > 1 {
					os.Remove(next)
					var changed []uint32
					if kind == history.Restore {
						changed, _, err = log.Rewind(l.path, next, i.Seq)
						must(t, err)
					}
					must(t, log.Step(history.Record{Kind: kind, Nonce: i.Nonce, Time: l.now.UnixMilli()}, l.path, next, changed))
				}
				if steps > 2 {
					if kind == history.Restore {
						must(t, os.Rename(next, l.path))
					} else {
						must(t, removeFile(l.path))
					}
				}
				d.past.close()
				l.open()
				if got := l.dump(); got != want {
					t.Errorf("got\n%s\nwant\n%s", got, want)
				}
				l.restore(l.moms[4])
			})
		}
	}
}

func TestADamagedHistoryRestoresNothing(t *testing.T) {
	l := newTimeline(t, 12)
	for range 20 {
		l.write()
		l.note()
	}
	l.restart()
	present := l.dump()
	path := l.db.historyPath()
	b, err := os.ReadFile(path)
	must(t, err)
	b[len(b)/2] ^= 1
	must(t, os.WriteFile(path, b, 0o644))
	_, err = l.db.RestoreNext(l.moms[0].bookmark)
	must(t, err)
	must(t, l.db.Close())
	if _, err := Open(l.path); !errors.Is(err, history.ErrDamaged) {
		t.Errorf("opened with %v", err)
	}
	l.open()
	if got := l.dump(); got != present {
		t.Error("the storage was changed")
	}
}

func TestACutOffHistoryKeepsWhatIsWhole(t *testing.T) {
	l := newTimeline(t, 13)
	for range 20 {
		l.write()
		l.note()
		l.restart()
	}
	must(t, l.db.Close())
	path := l.db.historyPath()
	info, err := os.Stat(path)
	must(t, err)
	must(t, os.Truncate(path, info.Size()-3))
	l.open()
	// The last step is lost: what came before it cannot be told from what the file holds now.
	if _, err := l.db.RestoreNext(l.moms[19].bookmark); err == nil {
		t.Error("restored a state whose step was lost")
	}
}
