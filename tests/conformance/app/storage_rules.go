package main

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
)

// The cases about the finer rules of storage; oracle/storage_rules.mjs is the twin, and says which rules Go's types leave nothing of.

func upTo(n int) string {
	return fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<%d) ", n)
}

var alphabet = object{"a": 0, "b": 1, "c": 2, "d": 3, "e": 4, "f": 5, "g": 6, "h": 7}

func (s *self) fill(ctx ctxt) error {
	var err error
	for i := range 300 {
		err = errors.Join(err, s.kv.Put(ctx, fmt.Sprintf("k%03d", i), i))
	}
	return err
}

// keys lists the keys of entries.
func keys(entries iter.Seq2[durables.Entry, error]) ([]string, error) {
	list := []string{}
	for e, err := range entries {
		if err != nil {
			return nil, err
		}
		list = append(list, e.Key)
	}
	return list, nil
}

// take summarises what a selection yields.
func (s *self) take(ctx ctxt, o durables.ListOptions) (any, error) {
	list, err := keys(s.kv.All(ctx, o))
	if err != nil || len(list) == 0 {
		return []any{0, "", ""}, err
	}
	return []any{len(list), list[0], list[len(list)-1]}, nil
}

// operations tries every operation of a transaction.
func (s *self) operations(ctx ctxt) object {
	var v any
	got := func() error { _, err := s.st.Get(ctx, "a", &v); return err }
	list := func() error { _, err := s.st.List(ctx, durables.ListOptions{}); return err }
	removed := func() error { _, err := s.st.Delete(ctx, "a"); return err }
	alarm := func() error { _, _, err := s.st.GetAlarm(ctx); return err }
	return object{"get": try(got()), "list": try(list()), "put": try(s.st.Put(ctx, "a", 1)), "delete": try(removed()), "getAlarm": try(alarm()),
		"setAlarm": try(s.st.SetAlarm(ctx, far(1))), "deleteAlarm": try(s.st.DeleteAlarm(ctx))}
}

// numbersOf opens a cursor over a table t with the numbers up to n.
func (s *self) numbersOf(ctx ctxt, n int) (*durables.Cursor, error) {
	if err := s.must(ctx, "CREATE TABLE t(a INTEGER PRIMARY KEY)", upTo(n)+"INSERT INTO t SELECT i FROM n"); err != nil {
		return nil, err
	}
	return s.sql.Exec(ctx, "SELECT a FROM t")
}

func skip(c *durables.Cursor, n int) *durables.Cursor {
	for range n {
		c.Next()
	}
	return c
}

// left counts the rows that are left.
func left(c *durables.Cursor) (n int, err error) {
	for c.Next() {
		n++
	}
	return n, c.Err()
}

// value runs a query of one value.
func (s *self) value(ctx ctxt, query string, args ...any) any {
	return attempt(durables.One[any](ctx, s.sql, query, args...))
}

// rowsOf runs a query, and lists its rows.
func (s *self) rowsOf(ctx ctxt, query string, args ...any) (any, error) {
	c, err := s.sql.Exec(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return rows(c)
}

// countOf runs a query and counts its rows.
func (s *self) countOf(ctx ctxt, query string) any {
	c, err := s.sql.Exec(ctx, query)
	if err != nil {
		return try(err)
	}
	return attempt(left(c))
}

func init() {
	table(objectCases, map[string]objectCase{
		"kv/options of every operation": kvOptions,
		"kv/delete none of many":        func(ctx ctxt, s *self) (any, error) { return s.st.Delete(ctx) },
		"kv/delete repeats": func(ctx ctxt, s *self) (any, error) {
			s.st.Put(ctx, "a", 1)
			return s.st.Delete(ctx, "a", "a", "b")
		},
		"kv/put many is atomic": func(ctx ctxt, s *self) (any, error) {
			failed := try(s.st.PutMany(ctx, object{"a": 1, "b": make([]byte, 9_000_000), "c": 3}))
			return []any{failed, s.list(ctx)}, nil
		},
		"kv/put nothing": func(ctx ctxt, s *self) (any, error) {
			err := s.st.PutMany(ctx, nil)
			return s.list(ctx), err
		},
		"kv/bounds in bytes": kvBounds,
		"kv/list limit out of range": func(ctx ctxt, s *self) (any, error) {
			return attempt(s.st.List(ctx, durables.ListOptions{Limit: 1 << 40})), nil
		},
		"kv/large list": func(ctx ctxt, s *self) (any, error) {
			if err := s.fill(ctx); err != nil {
				return nil, err
			}
			entries := durables.Entries{}
			for e, err := range s.st.All(ctx, durables.ListOptions{}) {
				if err != nil {
					return nil, err
				}
				entries = append(entries, e)
			}
			return []any{len(entries), pairs(entries)[299]}, nil
		},
		"sync kv/iterate": func(ctx ctxt, s *self) (any, error) {
			if err := s.fill(ctx); err != nil {
				return nil, err
			}
			out := []any{}
			for _, o := range []durables.ListOptions{{}, {Reverse: true}, {Limit: 200}, {Prefix: "k1"}, {Start: "k010", End: "k290", Reverse: true, Limit: 150},
				{StartAfter: "k298"}, {Prefix: "x"}, {Limit: 128}} {
				v, err := s.take(ctx, o)
				if err != nil {
					return nil, err
				}
				out = append(out, v)
			}
			return out, nil
		},
		"sync kv/iterate and stop": func(ctx ctxt, s *self) (any, error) {
			err := s.fill(ctx)
			n := 0
			for e := range s.kv.All(ctx, durables.ListOptions{}) {
				if n++; n == 140 {
					return []any{n, e.Key}, err
				}
			}
			return n, err
		},
		"sync kv/iterate with a bad limit": func(ctx ctxt, s *self) (any, error) {
			return attempt(keys(s.kv.All(ctx, durables.ListOptions{Limit: -1}))), nil
		},
		"sync kv/delete while iterating": func(ctx ctxt, s *self) (any, error) {
			err := s.fill(ctx)
			for e := range s.kv.All(ctx, durables.ListOptions{}) {
				s.kv.Delete(ctx, e.Key)
			}
			entries, err2 := s.kv.List(ctx, durables.ListOptions{})
			return len(entries), errors.Join(err, err2)
		},
		"sync kv/empty key": func(ctx ctxt, s *self) (any, error) {
			err := s.kv.Put(ctx, "", 1)
			entries := durables.Entries{}
			for e := range s.kv.All(ctx, durables.ListOptions{Reverse: true}) {
				entries = append(entries, e)
			}
			return []any{s.syncGet(ctx, ""), entries}, err
		},

		"transaction/every operation after rollback": func(ctx ctxt, s *self) (any, error) {
			var out object
			err := s.st.Transaction(ctx, func(ctx ctxt, txn *durables.Txn) error {
				err := txn.Rollback(ctx)
				out = s.operations(ctx)
				return err
			})
			return out, err
		},
		"transaction/rollback after the end": func(ctx ctxt, s *self) (any, error) {
			var over *durables.Txn
			err := s.st.Transaction(ctx, func(ctx ctxt, txn *durables.Txn) error {
				over = txn
				return s.st.Put(ctx, "a", 1)
			})
			return []any{try(over.Rollback(ctx)), s.list(ctx)}, err
		},
		"transaction/rollback of the outer from the inner": func(ctx ctxt, s *self) (any, error) {
			var said any
			err := s.st.Transaction(ctx, func(ctx ctxt, txn *durables.Txn) error {
				return errors.Join(s.st.Put(ctx, "outer", 1), s.inTransaction(ctx, func(ctx ctxt) error {
					err := s.st.Put(ctx, "inner", 1)
					said = try(txn.Rollback(ctx))
					return err
				}))
			})
			return []any{said, s.list(ctx)}, err
		},
		"transaction/rolled back, then nested": func(ctx ctxt, s *self) (any, error) {
			inner := ""
			err := s.st.Transaction(ctx, func(ctx ctxt, txn *durables.Txn) error {
				err := errors.Join(s.st.Put(ctx, "a", 1), txn.Rollback(ctx))
				return errors.Join(err, s.inTransaction(ctx, func(ctx ctxt) error {
					inner = "kept"
					return s.st.Put(ctx, "b", 2)
				}))
			})
			return []any{attempt(inner, err), s.list(ctx)}, nil
		},
		"transaction/SQL after rollback": func(ctx ctxt, s *self) (any, error) {
			err := errors.Join(s.must(ctx, "CREATE TABLE t(a)"), s.st.Transaction(ctx, func(ctx ctxt, txn *durables.Txn) error {
				return errors.Join(s.must(ctx, "INSERT INTO t VALUES (1)"), txn.Rollback(ctx), s.must(ctx, "INSERT INTO t VALUES (2)"))
			}))
			if err != nil {
				return nil, err
			}
			return s.rowsOf(ctx, "SELECT a FROM t")
		},
		"transaction/constraint in it": func(ctx ctxt, s *self) (any, error) {
			err := s.must(ctx, "CREATE TABLE t(a UNIQUE)")
			failed := try(s.inTransaction(ctx, func(ctx ctxt) error {
				return s.must(ctx, "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1)")
			}))
			list, err2 := s.rowsOf(ctx, "SELECT a FROM t")
			return []any{failed, list}, errors.Join(err, err2)
		},
		"transaction/deferred key in a nested one": func(ctx ctxt, s *self) (any, error) {
			err := s.must(ctx, "CREATE TABLE p(id INTEGER PRIMARY KEY)", "CREATE TABLE c(p REFERENCES p(id) DEFERRABLE INITIALLY DEFERRED)")
			err = errors.Join(err, s.inTransaction(ctx, func(ctx ctxt) error {
				return errors.Join(s.inTransaction(ctx, s.exec("INSERT INTO c VALUES (7)", nil)), s.must(ctx, "INSERT INTO p VALUES (7)"))
			}))
			list, err2 := s.rowsOf(ctx, "SELECT * FROM c")
			return list, errors.Join(err, err2)
		},
		"transaction/three deep": func(ctx ctxt, s *self) (any, error) {
			var nest func(ctx ctxt, n int) error
			nest = func(ctx ctxt, n int) error {
				return s.inTransaction(ctx, func(ctx ctxt) error {
					err := s.st.Put(ctx, fmt.Sprint("at ", n), n)
					if n < 3 {
						nest(ctx, n+1)
					}
					if n == 2 {
						err = errNo
					}
					return err
				})
			}
			err := nest(ctx, 1)
			return s.list(ctx), err
		},
		"transaction/writes before it stay": func(ctx ctxt, s *self) (any, error) {
			err := s.kv.Put(ctx, "before", 1)
			s.inTransaction(ctx, s.put("inside", 1, errNo))
			return s.list(ctx), err
		},
		"transactionSync/nested errors": syncNestedErrors,
		"transactionSync/ten deep": func(ctx ctxt, s *self) (any, error) {
			var nest func(ctx ctxt, n int) error
			nest = func(ctx ctxt, n int) error {
				return s.st.TransactionSync(ctx, func(ctx ctxt) error {
					err := s.kv.Put(ctx, fmt.Sprint("k", n), n)
					if n < 9 {
						err = errors.Join(err, nest(ctx, n+1))
					}
					return err
				})
			}
			err := nest(ctx, 0)
			entries, err2 := s.kv.List(ctx, durables.ListOptions{})
			return len(entries), errors.Join(err, err2)
		},
		"transactionSync/schema is undone": func(ctx ctxt, s *self) (any, error) {
			s.st.TransactionSync(ctx, func(ctx ctxt) error {
				return errors.Join(s.must(ctx, "CREATE TABLE t(a)", "INSERT INTO t VALUES (1)"), errNo)
			})
			return attempt(s.rowsOf(ctx, "SELECT * FROM t")), nil
		},

		"alarm time/the last possible": func(ctx ctxt, s *self) (any, error) {
			out := []any{}
			for _, at := range []int64{6942671999999, 9223372036853, 9223372036854, 9223372036855, 1e13} {
				if err := s.st.SetAlarm(ctx, time.UnixMilli(at)); err != nil {
					out = append(out, try(err))
					continue
				}
				is, err := s.alarmAt(ctx)
				out = append(out, attempt(is == at, err))
			}
			return out, nil
		},
		"alarm time/the past is now": func(ctx ctxt, s *self) (any, error) {
			now := time.Now()
			err := s.st.SetAlarm(ctx, time.UnixMilli(1000))
			at, ok, err2 := s.st.GetAlarm(ctx)
			return !ok || !at.Before(now.Add(-time.Second)), errors.Join(err, err2, s.st.DeleteAlarm(ctx))
		},
		"alarm time/in a transaction that is undone": func(ctx ctxt, s *self) (any, error) {
			t := far(1)
			err := s.st.SetAlarm(ctx, t)
			s.inTransaction(ctx, func(ctx ctxt) error { return errors.Join(s.st.DeleteAlarm(ctx), errNo) })
			at, err2 := s.alarmAt(ctx)
			err = errors.Join(err, err2, s.inTransaction(ctx, func(ctx ctxt) error { return s.st.DeleteAlarm(ctx) }))
			none, err2 := s.alarmAt(ctx)
			return []any{at == t.UnixMilli(), none}, errors.Join(err, err2)
		},

		"storage rule/violate later": func(ctx ctxt, s *self) (any, error) {
			err := s.must(ctx, "PRAGMA defer_foreign_keys=on", "CREATE TABLE p(id INTEGER PRIMARY KEY)", "CREATE TABLE c(p REFERENCES p(id))",
				"PRAGMA defer_foreign_keys=on", "INSERT INTO c VALUES (1)")
			time.Sleep(5 * ms)
			return "never seen", err
		},
		"storage rule/or rollback": func(ctx ctxt, s *self) (any, error) {
			err := errors.Join(s.kv.Put(ctx, "before", 1), s.st.Sync(ctx), s.must(ctx, "CREATE TABLE t(a UNIQUE)", "INSERT INTO t VALUES (1)"))
			if err != nil {
				return nil, err
			}
			said := try(s.must(ctx, "INSERT OR ROLLBACK INTO t VALUES (1)"))
			return []any{said, attempt(durables.One[struct {
				X int `json:"x"`
			}](ctx, s.sql, "SELECT 1 AS x"))}, nil
		},
		"storage rule/early returning": func(ctx ctxt, s *self) (any, error) {
			return "done", s.must(ctx, "CREATE TABLE t(a); INSERT INTO t VALUES (1) RETURNING a; SELECT 1")
		},
		"storage rule/unread returning": func(ctx ctxt, s *self) (any, error) {
			err := s.must(ctx, "CREATE TABLE t(a)", "INSERT INTO t VALUES (1),(2) RETURNING a")
			time.Sleep(ms)
			return "done", err
		},
		"storage rule/all at once, then abort": func(ctx ctxt, s *self) (any, error) {
			if err := errors.Join(s.kv.Put(ctx, "a", 1), s.must(ctx, "CREATE TABLE t(a)")); err != nil {
				return nil, err
			}
			s.state.Abort(ctx, "gone")
			return nil, nil
		},
		"storage rule/one, then another and abort": func(ctx ctxt, s *self) (any, error) {
			err := s.kv.Put(ctx, "a", 1)
			time.Sleep(5 * ms)
			if err = errors.Join(err, s.kv.Put(ctx, "b", 1)); err != nil {
				return nil, err
			}
			s.state.Abort(ctx, "gone")
			return nil, nil
		},
		"storage rule/unconfirmed": func(ctx ctxt, s *self) (any, error) {
			return "answered", errors.Join(s.st.Put(ctx, "a", 1, durables.AllowUnconfirmed), s.st.Put(ctx, "b", 2, durables.AllowUnconfirmed))
		},
		"storage rule/keys": func(ctx ctxt, s *self) (any, error) { return keys(s.kv.All(ctx, durables.ListOptions{})) },
		"storage rule/alarm plan": func(ctx ctxt, s *self) (any, error) {
			at := int64(number(s.arg["at"]))
			return nil, errors.Join(s.kv.Put(ctx, "plan", s.arg["plan"]), s.kv.Put(ctx, "at", at), s.st.SetAlarm(ctx, time.UnixMilli(at)))
		},
		"storage rule/alarm state": func(ctx ctxt, s *self) (any, error) {
			var runs []alarmRun
			_, err := s.kv.Get(ctx, "runs", &runs)
			list := []any{}
			for _, r := range runs {
				list = append(list, []any{r.RetryCount, r.IsRetry})
			}
			_, ok, err2 := s.st.GetAlarm(ctx)
			return object{"runs": list, "alarm": ok}, errors.Join(err, err2)
		},
		"storage rule/delete the alarm": func(ctx ctxt, s *self) (any, error) { return nil, s.st.DeleteAlarm(ctx) },
	})
	table(workerCases, map[string]func(c *call) (any, error){
		"sql/deferred keys by pragma at commit": breaks("violate later"),
		"sql/or rollback breaks the object": func(c *call) (any, error) {
			outcome, _ := survives("or rollback")(c)
			kept, err := c.rule("keys", nil)
			return []any{outcome, kept}, err
		},
		"sql/returning before another statement":           survives("early returning"),
		"sql/returning that is not read":                   survives("unread returning"),
		"implicit transaction/is lost whole":               breaks("all at once, then abort"),
		"implicit transaction/ends with the turn":          breaks("one, then another and abort"),
		"implicit transaction/unconfirmed writes are kept": breaks("unconfirmed"),
		"alarm/between retries":                            alarmed("fail once", nil),
		"alarm/deleted between retries": alarmed("fail once", func(c *call) error {
			_, err := c.rule("delete the alarm", nil)
			return err
		}),
		"alarm/set between retries": alarmed("fail once", func(c *call) error {
			_, err := c.rule("alarm plan", object{"plan": "", "at": time.Now().Add(50 * ms).UnixMilli()})
			return err
		}),
		"alarm/deleted in a handler that fails": alarmed("delete and fail", nil),
	})
}

func (c *call) rule(name string, arg object) (any, error) {
	return run.Call(c.ctx, c.object(), RunParams{Name: "storage rule/" + name, Arg: arg})
}

// breaks runs a case that breaks its object, then shows what a new instance has.
func breaks(name string) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		outcome := attempt(c.rule(name, nil))
		kept, err := c.rule("keys", nil)
		return []any{outcome, kept}, err
	}
}

func survives(name string) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		outcome, err := c.rule(name, nil)
		if err != nil {
			return "broke the object", nil
		}
		return outcome, nil
	}
}

// alarmed sets an alarm, waits for its first run, does something, and shows the runs after a while.
func alarmed(plan string, then func(c *call) error) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		if _, err := c.rule("alarm plan", object{"plan": plan, "at": time.Now().Add(50 * ms).UnixMilli()}); err != nil {
			return nil, err
		}
		sleep(c.ctx, 700*ms)
		before, err := c.rule("alarm state", nil)
		if err != nil {
			return nil, err
		}
		if then != nil {
			if err := then(c); err != nil {
				return nil, err
			}
		}
		sleep(c.ctx, 2600*ms)
		after, err := c.rule("alarm state", nil)
		return []any{before, after}, err
	}
}

func kvOptions(ctx ctxt, s *self) (any, error) {
	const unconfirmed, concurrent, noCache = durables.AllowUnconfirmed, durables.AllowConcurrency, durables.NoCache
	var a any
	err := s.st.PutMany(ctx, alphabet, unconfirmed)
	_, err2 := s.st.Get(ctx, "a", &a, concurrent, noCache)
	many, err3 := s.st.GetMany(ctx, []string{"b", "z", "a"}, concurrent, noCache)
	list, err4 := s.st.List(ctx, durables.ListOptions{Start: "c", End: "f", Reverse: true, Limit: 2, AllowConcurrency: true, NoCache: true})
	if err := errors.Join(err, err2, err3, err4); err != nil {
		return nil, err
	}
	two, err := s.st.DeleteMany(ctx, []string{"a", "b"}, unconfirmed)
	one, err2 := s.st.DeleteMany(ctx, []string{"c"}, concurrent, noCache)
	err = errors.Join(err, err2, s.st.SetAlarm(ctx, far(1), unconfirmed, concurrent))
	_, set, err2 := s.st.GetAlarm(ctx, concurrent)
	err = errors.Join(err, err2, s.st.DeleteAlarm(ctx, unconfirmed), s.st.Sync(ctx))
	none, err2 := s.alarmAt(ctx)
	err = errors.Join(err, err2, s.st.DeleteAll(ctx, unconfirmed))
	return []any{[]any{a, many, list}, []any{two, one}, set, none, s.list(ctx)}, err
}

func kvBounds(ctx ctxt, s *self) (any, error) {
	err := s.st.PutMany(ctx, object{"é": 1, "z": 2, "😀": 3, "ﬁ": 4, "\U0010ffff": 5, "a": 6, "a\x00": 7, "aa": 8})
	out := []any{}
	for _, o := range []durables.ListOptions{{Start: "z"}, {StartAfter: "é", End: "😀"}, {Prefix: "a", Reverse: true}, {Prefix: "\U0010ffff"}, {StartAfter: "a", Limit: 1}} {
		list, err := keys(s.st.All(ctx, o))
		if err != nil {
			return nil, err
		}
		out = append(out, list)
	}
	return append(out, []any{}), err // ListOptions has no End that is empty
}

func syncNestedErrors(ctx ctxt, s *self) (any, error) {
	put := func(ctx ctxt, key string, f func(ctx ctxt) error) error {
		return s.st.TransactionSync(ctx, func(ctx ctxt) error {
			if err := s.kv.Put(ctx, key, 1); err != nil || f == nil {
				return err
			}
			return f(ctx)
		})
	}
	fail := func(ctxt) error { return workers.NewError("RangeError", "inner") }
	first := try(put(ctx, "a", func(ctx ctxt) error { return put(ctx, "b", func(ctx ctxt) error { return put(ctx, "c", fail) }) }))
	second := try(put(ctx, "d", func(ctx ctxt) error {
		put(ctx, "e", fail)
		return put(ctx, "f", nil)
	}))
	list, err := keys(s.kv.All(ctx, durables.ListOptions{}))
	return []any{first, second, list}, err
}

func init() {
	table(objectCases, map[string]objectCase{
		"sql/cursor sees what is inserted": func(ctx ctxt, s *self) (any, error) {
			c, err := s.numbersOf(ctx, 300)
			if err != nil {
				return nil, err
			}
			skip(c, 10)
			if err := s.must(ctx, "INSERT INTO t VALUES (1000)"); err != nil {
				return nil, err
			}
			list := rest(c)
			return list[len(list)-1], c.Err()
		},
		"sql/cursor after a commit": func(ctx ctxt, s *self) (any, error) {
			c, err := s.numbersOf(ctx, 600)
			if err != nil {
				return nil, err
			}
			sum := number(next(c))
			time.Sleep(2 * ms)
			if err := s.must(ctx, "UPDATE t SET a = a + 10000 WHERE a = 1"); err != nil {
				return nil, err
			}
			time.Sleep(2 * ms)
			for _, a := range rest(c) {
				if a := number(a); a <= 600 {
					sum += a
				}
			}
			return sum, c.Err()
		},
		"sql/cursor after deleteAll": func(ctx ctxt, s *self) (any, error) {
			c, err := s.numbersOf(ctx, 600)
			if err != nil {
				return nil, err
			}
			skip(c, 250)
			if err := s.st.DeleteAll(ctx); err != nil {
				return nil, err
			}
			return attempt(left(c)), nil
		},
		"sql/cursor of a dropped table": func(ctx ctxt, s *self) (any, error) {
			c, err := s.numbersOf(ctx, 600)
			if err != nil {
				return nil, err
			}
			c.Next()
			dropped := try(s.must(ctx, "DROP TABLE t"))
			n, err := left(c)
			return []any{dropped, n}, err
		},
		"sql/many cursors of one text": func(ctx ctxt, s *self) (any, error) {
			var open []*durables.Cursor
			out := []any{}
			for range 5 {
				c, err := s.sql.Exec(ctx, upTo(400)+"SELECT i FROM n")
				if err != nil {
					return nil, err
				}
				open = append(open, c)
			}
			for k, c := range open {
				skip(c, k*70)
			}
			for _, c := range open {
				out = append(out, attempt(left(c)))
			}
			return out, nil
		},
		"sql/break leaves the cursor open": func(ctx ctxt, s *self) (any, error) {
			c, err := s.sql.Exec(ctx, upTo(5)+"SELECT i FROM n")
			if err != nil {
				return nil, err
			}
			skip(c, 2)
			return rest(c), c.Err()
		},
		"sql/size after deleteAll": func(ctx ctxt, s *self) (any, error) {
			err := errors.Join(s.must(ctx, "CREATE TABLE t(a)", "INSERT INTO t VALUES (zeroblob(100000))"), s.st.DeleteAll(ctx))
			empty, err2 := s.sql.DatabaseSize(ctx)
			err3 := s.must(ctx, "CREATE TABLE t(a)")
			size, err4 := s.sql.DatabaseSize(ctx)
			return []any{empty / 4096, size / 4096}, errors.Join(err, err2, err3, err4)
		},
		"sql/delete all twice": func(ctx ctxt, s *self) (any, error) {
			err := errors.Join(s.st.DeleteAll(ctx), s.kv.Put(ctx, "a", 1), s.st.DeleteAll(ctx), s.st.DeleteAll(ctx))
			entries, err2 := s.kv.List(ctx, durables.ListOptions{})
			return entries, errors.Join(err, err2)
		},
		"sql/text of the greatest length": func(ctx ctxt, s *self) (any, error) {
			return each(func(n int) any { return s.countOf(ctx, "SELECT length('"+strings.Repeat("x", n-17)+"')") }, 99_999, 100_000, 100_001), nil
		},
		"sql/text of several statements at the limit": func(ctx ctxt, s *self) (any, error) {
			return each(func(n int) any { return s.countOf(ctx, "SELECT 1; SELECT '"+strings.Repeat("x", n-19)+"'") }, 100_000, 100_001), nil
		},
		"sql/row of the greatest length": func(ctx ctxt, s *self) (any, error) {
			err := s.must(ctx, "CREATE TABLE v(a, b)")
			out := []any{}
			for _, n := range [][2]int{{8_388_636, 0}, {8_388_637, 0}, {4_194_316, 4_194_316}, {4_194_316, 4_194_317}} {
				_, failed := s.sql.Exec(ctx, "INSERT INTO v VALUES (zeroblob(?), zeroblob(?))", n[0], n[1])
				if failed == nil {
					failed = s.must(ctx, "DELETE FROM v")
				}
				out = append(out, try(failed))
			}
			return out, err
		},
		"sql/expression of the greatest depth": func(ctx ctxt, s *self) (any, error) {
			return each(func(n int) any {
				return s.value(ctx, "SELECT "+strings.Repeat("(1+", n)+"1"+strings.Repeat(")", n))
			}, 98, 99, 100), nil
		},
		"sql/join of too many tables": func(ctx ctxt, s *self) (any, error) {
			err := s.must(ctx, "CREATE TABLE j(a)")
			return each(func(n int) any {
				tables := make([]string, n)
				for i := range tables {
					tables[i] = fmt.Sprint("j AS j", i)
				}
				return s.value(ctx, "SELECT count(*) FROM "+strings.Join(tables, ", "))
			}, 64, 65), err
		},
		"sql/program too long": func(ctx ctxt, s *self) (any, error) {
			sum := strings.TrimSuffix(strings.Repeat("max("+repeat("abs(1)", 100)+")+", 95), "+")
			c, err := s.sql.Exec(ctx, "SELECT "+sum)
			if err != nil {
				return try(err), nil
			}
			return len(c.Columns()), nil
		},
		"sql/many rows of VALUES": func(ctx ctxt, s *self) (any, error) {
			return s.value(ctx, "SELECT count(*) FROM (VALUES "+repeat("(1)", 6000)+")"), nil
		},
		"sql/pattern in bytes": func(ctx ctxt, s *self) (any, error) {
			return each(func(n int) any { return s.value(ctx, "SELECT 'a' LIKE ?", strings.Repeat("é", n)) }, 25, 26), nil
		},
		"sql/integer beyond 2^53 bound": func(ctx ctxt, s *self) (any, error) { return s.value(ctx, "SELECT ?", int64(1)<<60), nil },
		"sql/integer beyond 2^53 read": func(ctx ctxt, s *self) (any, error) {
			return attempt(durables.One[int64](ctx, s.sql, "SELECT 9007199254740993 AS n")), nil
		},
		"sql/integer beyond 2^53 as text": func(ctx ctxt, s *self) (any, error) {
			err := s.must(ctx, "CREATE TABLE t(a INTEGER)")
			_, err2 := s.sql.Exec(ctx, "INSERT INTO t VALUES (CAST(? AS INTEGER))", "9223372036854775807")
			row, err3 := durables.One[struct {
				S string `json:"s"`
				T string `json:"t"`
			}](ctx, s.sql, "SELECT CAST(a AS TEXT) AS s, typeof(a) AS t FROM t")
			return row, errors.Join(err, err2, err3)
		},
		"sql/numbers at the edges": func(ctx ctxt, s *self) (any, error) {
			minusZero := 0.0
			return s.rowsOf(ctx, "SELECT ?, ?, ?, ?, ?, typeof(?)", 9007199254740991, -9007199254740991, 5e-324, 1.7976931348623157e308, -minusZero, 9007199254740992.0)
		},
		"sql/bytes": func(ctx ctxt, s *self) (any, error) {
			return s.rowsOf(ctx, "SELECT hex(?), typeof(?), length(?), ? = x'00ff'", []byte{0, 255}, []byte{1}, make([]byte, 70_000), []byte{0, 255})
		},
		"sql/returning nothing": func(ctx ctxt, s *self) (any, error) {
			if err := s.must(ctx, "CREATE TABLE t(a)"); err != nil {
				return nil, err
			}
			return s.rowsOf(ctx, "DELETE FROM t RETURNING a")
		},
		"sql/changes of schema under a cached statement": func(ctx ctxt, s *self) (any, error) {
			err := s.must(ctx, "CREATE TABLE t(a)", "INSERT INTO t VALUES (1)")
			out := []any{}
			for _, change := range []string{"ALTER TABLE t ADD COLUMN b", "SELECT 1"} {
				c, err := s.sql.Exec(ctx, "SELECT * FROM t")
				if err != nil {
					return nil, err
				}
				out = append(out, c.Columns())
				c.Close()
				if err := s.must(ctx, change); err != nil {
					return nil, err
				}
			}
			return out, err
		},
		"sql/foreign keys switched off": func(ctx ctxt, s *self) (any, error) {
			err := s.must(ctx, "PRAGMA foreign_keys=off", "CREATE TABLE p(id INTEGER PRIMARY KEY)", "CREATE TABLE c(p REFERENCES p(id))")
			failed := s.must(ctx, "INSERT INTO c VALUES (1)")
			if failed != nil {
				return try(failed), err
			}
			return s.foreignKeys(ctx), err
		},
		"sql/foreign keys switched off in a transaction": func(ctx ctxt, s *self) (any, error) {
			err := s.must(ctx, "CREATE TABLE p(id INTEGER PRIMARY KEY)", "PRAGMA foreign_keys=off")
			return s.foreignKeys(ctx), err
		},
	})
}

// number is a number of either type that a value of any kind has.
func number(v any) float64 {
	if n, ok := v.(int64); ok {
		return float64(n)
	}
	return v.(float64)
}

// foreignKeys shows the rows of the pragma, by column.
func (s *self) foreignKeys(ctx ctxt) any {
	list := []any{}
	for v, err := range durables.Query[int](ctx, s.sql, "PRAGMA foreign_keys") {
		list = append(list, attempt(object{"foreign_keys": v}, err))
	}
	return list
}

// each lists what f makes of the values.
func each(f func(n int) any, values ...int) any {
	list := []any{}
	for _, n := range values {
		list = append(list, f(n))
	}
	return list
}
