package outbox_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/outbox/testdata/ledger"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/d1"
)

type book struct {
	*testing.T
	host *local.Host
	stub *durables.Stub[ledger.Ledger]
}

// open starts an object whose entries go to a table that refuses the text "bad".
func open(t *testing.T) book { return prepare(t, local.StartTest(t, options())) }

func options() local.TestOptions {
	return local.TestOptions{Package: "./testdata/module", Options: local.Options{
		Objects: map[string]string{"LEDGERS": "Ledger"}, Databases: map[string]local.Database{"DB": {}},
	}}
}

func prepare(t *testing.T, h *local.Host) book {
	b := book{t, h, ledger.Ledgers.GetByName("one")}
	for _, statement := range []string{
		`CREATE TABLE entries (text TEXT NOT NULL CHECK (text <> 'bad'), seq INTEGER NOT NULL)`,
		`CREATE TABLE applied_batches (source TEXT, batch_id TEXT, applied_at INTEGER, PRIMARY KEY (source, batch_id))`,
		`CREATE TABLE dead_letters (source TEXT, seq INTEGER, kind TEXT, payload TEXT, error TEXT, attempts INTEGER, died_at INTEGER, PRIMARY KEY (source, seq))`,
	} {
		if _, err := d1.Database("DB").Exec(h.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func (b book) add(texts ...string) {
	b.Helper()
	if _, err := ledger.Add.Call(b.host.Context(), b.stub, texts); err != nil {
		b.Fatal(err)
	}
}

func (b book) flush() error {
	_, err := ledger.Flush.Call(b.host.Context(), b.stub, durables.None{})
	return err
}

// holds checks what D1 has, in order, and what waits.
func (b book) holds(backlog int64, want ...string) {
	b.Helper()
	var got []string
	if err := d1.Database("DB").Prepare(`SELECT text FROM entries ORDER BY rowid`).All(b.host.Context(), &got); err != nil {
		b.Fatal(err)
	}
	if !slices.Equal(got, want) {
		b.Errorf("D1 has %q, want %q", got, want)
	}
	if n, err := ledger.Backlog.Call(b.host.Context(), b.stub, durables.None{}); err != nil || n != backlog {
		b.Errorf("%d rows wait (%v), want %d", n, err, backlog)
	}
}

func TestRowsReachTheDatabaseInOrder(t *testing.T) {
	b := open(t)
	var want []string
	for i := range 120 {
		want = append(want, fmt.Sprint(i))
	}
	b.add(want...)
	if err := b.flush(); err != nil {
		t.Fatal(err)
	}
	b.holds(0, want...)
}

func TestALostAnswerAppliesNothingTwice(t *testing.T) {
	b := open(t)
	b.add("a", "b")
	if _, err := ledger.FlushAndForget.Call(b.host.Context(), b.stub, durables.None{}); err == nil {
		t.Fatal("the answer was not lost")
	}
	b.add("c") // it must not join the batch that was sent
	b.holds(3, "a", "b")
	if err := b.flush(); err != nil {
		t.Fatal(err)
	}
	b.holds(0, "a", "b", "c")
}

func TestABadRowIsPutAsideAndTheOthersArrive(t *testing.T) {
	b := open(t)
	b.add("a", "bad", "c")
	refusals := 0
	for ; b.flush() != nil; refusals++ {
		if refusals == 10 {
			t.Fatal("the bad row is tried for ever")
		}
	}
	b.holds(0, "a", "c")
	var letters []string
	if err := d1.Database("DB").Prepare(`SELECT source || ' ' || kind || ' ' || payload || ' ' || error FROM dead_letters`).All(b.host.Context(), &letters); err != nil {
		t.Fatal(err)
	}
	if refusals != 4 || len(letters) != 1 || !strings.HasPrefix(letters[0], `Ledger one entry "bad" `) || !strings.Contains(letters[0], "CHECK constraint failed") {
		t.Errorf("after %d refusals the dead letters are %q", refusals, letters)
	}
}

// TestRowsWaitForTheirMigration: the program was deployed before the migration that makes what it writes to.
func TestRowsWaitForTheirMigration(t *testing.T) {
	for what, statements := range map[string][2]string{
		"a table":  {`ALTER TABLE entries RENAME TO elsewhere`, `ALTER TABLE elsewhere RENAME TO entries`},
		"a column": {`ALTER TABLE entries RENAME COLUMN seq TO other`, `ALTER TABLE entries RENAME COLUMN other TO seq`},
	} {
		t.Run(what, func(t *testing.T) {
			b := open(t)
			b.add("a", "bad", "c")
			run := func(statement string) {
				t.Helper()
				if _, err := d1.Database("DB").Exec(b.host.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			run(statements[0])
			for range 20 {
				if err := b.flush(); err == nil {
					t.Fatal("a flush before the migration succeeded")
				}
			}
			b.add("d")
			run(statements[1])
			b.holds(4)
			// No attempt was counted: the bad row has all of its own.
			refusals := 0
			for ; b.flush() != nil && refusals < 10; refusals++ {
			}
			if refusals != 4 {
				t.Errorf("the bad row was refused %d times before it was put aside, want 4", refusals)
			}
			b.holds(0, "a", "c", "d")
			var letters []string
			if err := d1.Database("DB").Prepare(`SELECT payload FROM dead_letters`).All(b.host.Context(), &letters); err != nil || !slices.Equal(letters, []string{`"bad"`}) {
				t.Errorf("the dead letters are %q, %v", letters, err)
			}
		})
	}
}

func TestAnObjectThatBeginsAnewIsNotTakenForItsFormerSelf(t *testing.T) {
	b := open(t)
	b.add("a", "b")
	if err := b.flush(); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Forget.Call(b.host.Context(), b.stub, durables.None{}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.host.EvictAll(); err != nil {
		t.Fatal(err)
	}
	b.host.Clock.Advance(time.Second)
	b.add("c", "d")
	if err := b.flush(); err != nil {
		t.Fatal(err)
	}
	b.holds(0, "a", "b", "c", "d")
}

func TestAFlushThatReturnsHasSentWhatWasThere(t *testing.T) {
	sim := local.NewSim(t, options(), 1)
	b := prepare(t, sim.Host)
	b.add("a")
	sim.Inject(local.D1Fault{SQL: "applied_batches", Delay: 30 * time.Second})
	sim.Go("first", func(context.Context) error { return b.flush() })
	sim.Go("second", func(context.Context) error {
		sim.Sleep(10 * time.Second)
		b.add("b")
		if err := b.flush(); err != nil {
			return err
		}
		b.holds(0, "a", "b")
		return nil
	})
	if err := sim.Run(); err != nil {
		t.Fatal(err)
	}
}

// heard checks which rows the object knows to be in D1.
func (b book) heard(want ...string) {
	b.Helper()
	if got, err := ledger.Sent.Call(b.host.Context(), b.stub, durables.None{}); err != nil || !slices.Equal(got, want) {
		b.Errorf("the object heard of %q, want %q, %v", got, want, err)
	}
}

func TestTheObjectHearsWhatHasArrived(t *testing.T) {
	b := open(t)
	b.add("a", "bad", "c")
	for i := 0; b.flush() != nil && i < 10; i++ {
	}
	b.heard(`"a"`, `"c"`) // and not of what was put aside
	b.add("d")
	if _, err := ledger.FlushAndForget.Call(b.host.Context(), b.stub, durables.None{}); err == nil {
		t.Fatal("the answer was not lost")
	}
	b.heard(`"a"`, `"c"`)
	if err := b.flush(); err != nil {
		t.Fatal(err)
	}
	b.heard(`"a"`, `"c"`, `"d"`)
}

func TestOnlyWhatWasNotSentIsTakenBack(t *testing.T) {
	b := open(t)
	withdraw := func(want bool) {
		t.Helper()
		if got, err := ledger.Withdraw.Call(b.host.Context(), b.stub, durables.None{}); err != nil || got != want {
			t.Errorf("taken back: %v, want %v, %v", got, want, err)
		}
	}
	b.add("a", "b")
	withdraw(true)
	if _, err := ledger.FlushAndForget.Call(b.host.Context(), b.stub, durables.None{}); err == nil {
		t.Fatal("the answer was not lost")
	}
	withdraw(false)
	if err := b.flush(); err != nil {
		t.Fatal(err)
	}
	b.holds(0, "a")
}
