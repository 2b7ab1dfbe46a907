package main

import (
	"errors"
	"time"

	"grove.place/lattice/durables"
)

var errStop = errors.New("rolled back on purpose")

// nested enters so many critical sections, each within the one before, and says what became of it.
func nested(depth int) objectCase {
	return func(ctx ctxt, s *self) (any, error) {
		entered := 0
		var enter, last func(ctx ctxt, left int) error
		enter = func(ctx ctxt, left int) error {
			entered++
			if left == 1 {
				return nil
			}
			return s.state.BlockConcurrencyWhile(ctx, func(ctx ctxt) error { return enter(ctx, left-1) })
		}
		var deepest any
		last = func(ctx ctxt, left int) error {
			if left > 0 {
				return s.state.BlockConcurrencyWhile(ctx, func(ctx ctxt) error { return last(ctx, left-1) })
			}
			deepest = attempt("inside", s.state.BlockConcurrencyWhile(ctx, func(ctxt) error {
				entered++
				return nil
			}))
			return nil
		}
		if err := s.state.BlockConcurrencyWhile(ctx, func(ctx ctxt) error { return enter(ctx, 3) }); err != nil {
			return nil, err
		}
		err := last(ctx, depth-1)
		return object{"entered": entered, "deepest": deepest}, err
	}
}

// rolledBack runs f in a transaction that is rolled back.
func (s *self) rolledBack(ctx ctxt, f func(ctx ctxt) error) any {
	return try(s.inTransaction(ctx, func(ctx ctxt) error { return errors.Join(f(ctx), errStop) }))
}

func init() {
	table(objectCases, map[string]objectCase{
		"section/64 deep": nested(64),
		"section/65 deep": nested(65),
		"transaction/first key is rolled back": func(ctx ctxt, s *self) (any, error) {
			failed := s.rolledBack(ctx, s.put("k", 1, nil))
			between := s.get(ctx, "k")
			err := s.st.Put(ctx, "k", 2)
			return []any{failed, between, nil, s.get(ctx, "k")}, err
		},
		"transaction/first alarm is rolled back": func(ctx ctxt, s *self) (any, error) {
			at := far(1)
			failed := s.rolledBack(ctx, func(ctx ctxt) error { return s.st.SetAlarm(ctx, at) })
			between, err := s.alarmAt(ctx)
			if err == nil {
				err = s.st.SetAlarm(ctx, at.Add(ms))
			}
			after, err2 := s.alarmAt(ctx)
			return []any{failed, between, after == at.Add(ms).UnixMilli()}, errors.Join(err, err2)
		},
		"transaction/deleted alarm comes back": func(ctx ctxt, s *self) (any, error) {
			at := far(1)
			if err := s.st.SetAlarm(ctx, at); err != nil {
				return nil, err
			}
			inside := []any{}
			failed := s.rolledBack(ctx, func(ctx ctxt) error {
				err := s.st.DeleteAlarm(ctx)
				seen, err2 := s.alarmAt(ctx)
				inside = append(inside, seen)
				return errors.Join(err, err2)
			})
			after, err := s.alarmAt(ctx)
			return []any{failed, inside, after == at.UnixMilli()}, err
		},
		"alarm time/the same again": func(ctx ctxt, s *self) (any, error) {
			at := far(1)
			err := errors.Join(s.st.SetAlarm(ctx, at), s.st.SetAlarm(ctx, at))
			after, err2 := s.alarmAt(ctx)
			return after == at.UnixMilli(), errors.Join(err, err2)
		},
		"alarm time/earlier, then later": func(ctx ctxt, s *self) (any, error) {
			at, seen := far(1), []int64{}
			for _, t := range []time.Time{at, at.Add(-5 * time.Second), at.Add(5 * time.Second)} {
				if err := s.st.SetAlarm(ctx, t, durables.AllowUnconfirmed); err != nil {
					return nil, err
				}
				got, _, err := s.st.GetAlarm(ctx)
				if err != nil {
					return nil, err
				}
				seen = append(seen, got.UnixMilli()-at.UnixMilli())
			}
			return seen, nil
		},
		"kv/delete all deletes the alarm": func(ctx ctxt, s *self) (any, error) {
			err := errors.Join(s.st.SetAlarm(ctx, far(1)), s.st.Put(ctx, "k", 1), s.st.DeleteAll(ctx))
			after, err2 := s.alarmAt(ctx)
			err3 := s.st.Put(ctx, "k", 2)
			last, err4 := s.alarmAt(ctx)
			return []any{after, last, s.get(ctx, "k")}, errors.Join(err, err2, err3, err4)
		},
		"kv/one value of several is not cloneable": func(ctx ctxt, s *self) (any, error) {
			if err := s.st.Put(ctx, "a", "before"); err != nil {
				return nil, err
			}
			failed := s.st.PutMany(ctx, map[string]any{"a": 1, "b": func() int { return 1 }}) != nil
			return []any{failed, s.list(ctx)}, nil
		},
		"kv/sync after writes that need no confirmation": func(ctx ctxt, s *self) (any, error) {
			for i := range 3 {
				if err := s.st.Put(ctx, "k", i, durables.AllowUnconfirmed); err != nil {
					return nil, err
				}
			}
			var errs [2]error
			unordered(func() { errs[0] = s.st.Sync(ctx) }, func() { errs[1] = s.st.Sync(ctx) })
			return s.get(ctx, "k"), errors.Join(errs[:]...)
		},
		"transactionSync/inner error leaves the outer": func(ctx ctxt, s *self) (any, error) {
			err := s.st.TransactionSync(ctx, func(ctx ctxt) error {
				err := s.kv.Put(ctx, "a", 1)
				inner := s.st.TransactionSync(ctx, func(ctx ctxt) error {
					return errors.Join(s.kv.Put(ctx, "a", 2), s.kv.Put(ctx, "b", 2), errStop)
				})
				if inner == nil {
					return errors.New("the inner transaction did not fail")
				}
				return errors.Join(err, s.kv.Put(ctx, "c", 3))
			})
			return s.list(ctx), err
		},
	})
	scriptCases(map[string][]statement{
		"several statements after a pragma": {
			{"PRAGMA case_sensitive_like = TRUE"},
			{"CREATE TABLE i(a); INSERT INTO i VALUES (1); INSERT INTO i VALUES (2)"},
			{"SELECT a FROM i"},
		},
		"the same query after an alteration": {
			{"CREATE TABLE i(a)"},
			{"INSERT INTO i VALUES (1)"},
			{"SELECT * FROM i"},
			{"ALTER TABLE i ADD COLUMN b DEFAULT 7"},
			{"SELECT * FROM i"},
			{"ALTER TABLE i DROP COLUMN a"},
			{"SELECT * FROM i"},
		},
		"checks ignored": {
			{"CREATE TABLE c(a, CHECK(a > 0))"},
			{"INSERT INTO c VALUES (-1)"},
			{"PRAGMA ignore_check_constraints = TRUE"},
			{"INSERT INTO c VALUES (-1)"},
			{"PRAGMA ignore_check_constraints = FALSE"},
			{"INSERT INTO c VALUES (-1)"},
			{"PRAGMA quick_check"},
			{"SELECT a FROM c"},
		},
		"white space and comments at the end": {
			{"SELECT 1;\t"},
			{"SELECT 2;\n\r\n"},
			{"SELECT 3; /* done */"},
			{"SELECT 4 -- done"},
		},
		"statistics": {
			{"CREATE TABLE i(a)"},
			{"CREATE INDEX ia ON i(a)"},
			{"INSERT INTO i VALUES (1), (2), (2)"},
			{"ANALYZE"},
			{"SELECT tbl, idx FROM sqlite_stat1"},
			{"PRAGMA optimize(-1)"},
		},
		"ranked full text": {
			{"CREATE VIRTUAL TABLE f USING FTS5(a, b, tokenize = porter)"},
			{"INSERT INTO f VALUES ('one content', 'x'), ('two', 'contents of contents'), ('three', 'y')"},
			{"SELECT a FROM f WHERE f MATCH 'content' ORDER BY rank"},
			{"SELECT highlight(f, 1, '<', '>') FROM f WHERE f MATCH 'content' ORDER BY bm25(f)"},
			{"SELECT snippet(f, 1, '[', ']', '…', 2) FROM f WHERE f MATCH 'contents' ORDER BY rank"},
		},
	})
}
