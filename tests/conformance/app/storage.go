package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
)

type (
	ctxt       = context.Context
	objectCase = func(ctx context.Context, s *self) (any, error)
)

var (
	fruit      = object{"apple": 1, "banana": 2, "cherry": 3, "date": 4, "elder": 5}
	selections = map[string]durables.ListOptions{
		"all": {}, "prefix": {Prefix: "b"}, "prefix without a match": {Prefix: "z"}, "start": {Start: "banana"}, "start after": {StartAfter: "banana"}, "end": {End: "date"},
		"start and end": {Start: "b", End: "d"}, "reverse": {Reverse: true}, "limit": {Limit: 2}, "reverse and limit": {Reverse: true, Limit: 2},
		"reverse, start and end": {Reverse: true, Start: "banana", End: "elder"}, "start beyond end": {Start: "x", End: "a"},
		"limit beyond the end": {Limit: 100}, "prefix and start after": {Prefix: "b", StartAfter: "banana"},
		"start with start after": {Start: "a", StartAfter: "b"}, "limit 0": {Limit: 0}, "negative limit": {Limit: -1},
	}
	errNo = workers.NewError("Error", "no")
)

func far(n int) time.Time { return time.Now().Add(time.Duration(n) * 1e8 * time.Millisecond) }

func (s *self) get(ctx ctxt, key string) any {
	var v any
	if _, err := s.st.Get(ctx, key, &v); err != nil {
		return try(err)
	}
	return show(v)
}

func (s *self) list(ctx ctxt) any { return attempt(s.st.List(ctx, durables.ListOptions{})) }

func (s *self) alarmAt(ctx ctxt) (any, error) {
	at, ok, err := s.st.GetAlarm(ctx)
	if !ok || err != nil {
		return nil, err
	}
	return at.UnixMilli(), nil
}

func init() {
	for name, o := range selections {
		objectCases["kv list/"+name] = func(ctx ctxt, s *self) (any, error) {
			if err := s.st.PutMany(ctx, fruit); err != nil {
				return nil, err
			}
			return attempt(s.st.List(ctx, o)), nil
		}
		objectCases["sync kv list/"+name] = func(ctx ctxt, s *self) (any, error) {
			for k, v := range fruit {
				if err := s.kv.Put(ctx, k, v); err != nil {
					return nil, err
				}
			}
			return attempt(s.kv.List(ctx, o)), nil
		}
	}
	table(objectCases, map[string]objectCase{
		"kv/put and get": func(ctx ctxt, s *self) (any, error) {
			err := s.st.Put(ctx, "k", "v")
			return []any{s.get(ctx, "k"), s.get(ctx, "absent")}, err
		},
		"kv/values": func(ctx ctxt, s *self) (any, error) {
			values := object{"n": 1.5, "i": 42, "s": "ß", "t": true, "z": nil, "d": time.UnixMilli(1000), "b": []byte{1, 2, 3},
				"a": []any{1, []any{2}}, "o": object{"x": object{"y": []any{}}}}
			if err := s.st.PutMany(ctx, values); err != nil {
				return nil, err
			}
			keys := []string{}
			for k := range values {
				keys = append(keys, k)
			}
			entries, err := s.st.GetMany(ctx, keys)
			return fields(entries), err
		},
		"kv/overwrite": func(ctx ctxt, s *self) (any, error) {
			s.st.Put(ctx, "k", 1)
			err := s.st.Put(ctx, "k", object{"now": "an object"})
			return s.get(ctx, "k"), err
		},
		"kv/get many": func(ctx ctxt, s *self) (any, error) {
			s.st.PutMany(ctx, object{"b": 2, "a": 1, "c": 3})
			return s.st.GetMany(ctx, []string{"c", "a", "absent", "a"})
		},
		"kv/get none of many": func(ctx ctxt, s *self) (any, error) { return s.st.GetMany(ctx, nil) },
		"kv/delete": func(ctx ctxt, s *self) (any, error) {
			s.st.Put(ctx, "k", 1)
			first, err := s.st.Delete(ctx, "k")
			second, err2 := s.st.Delete(ctx, "k")
			return []any{first, second, s.get(ctx, "k")}, errors.Join(err, err2)
		},
		"kv/delete many": func(ctx ctxt, s *self) (any, error) {
			s.st.PutMany(ctx, object{"a": 1, "b": 2, "c": 3})
			n, err := s.st.Delete(ctx, "a", "c", "absent")
			return []any{n, s.list(ctx)}, err
		},
		"kv/null is a value": func(ctx ctxt, s *self) (any, error) {
			s.st.Put(ctx, "k", nil)
			var v any
			found, err := s.st.Get(ctx, "k", &v)
			return []any{found, v}, err
		},
		"kv/empty key": func(ctx ctxt, s *self) (any, error) {
			err := s.st.Put(ctx, "", "empty")
			return []any{s.get(ctx, ""), s.list(ctx)}, err
		},
		"kv/keys are ordered by bytes": func(ctx ctxt, s *self) (any, error) {
			s.st.PutMany(ctx, object{"😀": 1, "ﬁ": 2, "Z": 3, "a": 4, "é": 5, "10": 6, "9": 7})
			entries, err := s.st.List(ctx, durables.ListOptions{})
			keys := []string{}
			for _, e := range entries {
				keys = append(keys, e.Key)
			}
			return keys, err
		},
		"kv/long key": func(ctx ctxt, s *self) (any, error) {
			k := strings.Repeat("k", 5000)
			err := s.st.Put(ctx, k, 1)
			return s.get(ctx, k), err
		},
		"kv/large value": func(ctx ctxt, s *self) (any, error) {
			err := s.st.Put(ctx, "k", pattern(1_000_000))
			return s.get(ctx, "k"), err
		},
		"kv/value too large": func(ctx ctxt, s *self) (any, error) { return try(s.st.Put(ctx, "k", make([]byte, 9_000_000))), nil },
		"kv/undefined":       func(ctx ctxt, s *self) (any, error) { return try(s.st.Put(ctx, "k", nil)), nil },
		"kv/not cloneable":   func(ctx ctxt, s *self) (any, error) { return try(s.st.Put(ctx, "k", func() int { return 1 })), nil },
		"kv/options": func(ctx ctxt, s *self) (any, error) {
			err := errors.Join(s.st.Put(ctx, "k", 1, durables.AllowUnconfirmed, durables.AllowConcurrency, durables.NoCache), s.st.Sync(ctx))
			return s.get(ctx, "k"), err
		},
		"kv/500 keys":   kv500,
		"kv/delete all": deleteAll,
		"kv/usable after delete all": func(ctx ctxt, s *self) (any, error) {
			s.st.Put(ctx, "k", 1)
			err := errors.Join(s.st.DeleteAll(ctx), s.st.Put(ctx, "l", 2))
			return s.list(ctx), err
		},
		"kv/put then throw": func(ctx ctxt, s *self) (any, error) {
			s.st.Put(ctx, "k", "kept")
			return nil, errors.New("after the put")
		},
		"kv/get k": func(ctx ctxt, s *self) (any, error) { return s.get(ctx, "k"), nil },

		"sync kv/put and get": func(ctx ctxt, s *self) (any, error) {
			err := s.kv.Put(ctx, "k", object{"v": 1})
			return []any{s.syncGet(ctx, "k"), s.syncGet(ctx, "absent")}, err
		},
		"sync kv/delete": func(ctx ctxt, s *self) (any, error) {
			s.kv.Put(ctx, "k", 1)
			first, err := s.kv.Delete(ctx, "k")
			second, err2 := s.kv.Delete(ctx, "k")
			return []any{first, second, s.syncGet(ctx, "k")}, errors.Join(err, err2)
		},
		"sync kv/values": func(ctx ctxt, s *self) (any, error) {
			err := s.kv.Put(ctx, "k", object{"d": time.UnixMilli(1000), "b": []byte{1}, "n": nil, "f": 0.5})
			return s.syncGet(ctx, "k"), err
		},
		"sync kv/shared with async": func(ctx ctxt, s *self) (any, error) {
			err := errors.Join(s.kv.Put(ctx, "a", 1), s.st.Put(ctx, "b", 2))
			return []any{s.get(ctx, "a"), s.syncGet(ctx, "b")}, err
		},
		"sync kv/value too large": func(ctx ctxt, s *self) (any, error) { return try(s.kv.Put(ctx, "k", make([]byte, 9_000_000))), nil },
		"storage/in SQL's sight": func(ctx ctxt, s *self) (any, error) {
			s.st.Put(ctx, "k", 1)
			names, err := durables.All[string](ctx, s.sql, `SELECT name FROM sqlite_master WHERE name LIKE '\_cf\_%' ESCAPE '\' ORDER BY name`)
			list := []any{}
			for _, n := range names {
				list = append(list, object{"name": n})
			}
			return list, err
		},

		"alarm time/none": func(ctx ctxt, s *self) (any, error) { return s.alarmAt(ctx) },
		"alarm time/set": func(ctx ctxt, s *self) (any, error) {
			t := far(1)
			if err := s.st.SetAlarm(ctx, t); err != nil {
				return try(err), nil
			}
			at, err := s.alarmAt(ctx)
			return at == t.UnixMilli(), err
		},
		"alarm time/overwrite": func(ctx ctxt, s *self) (any, error) {
			t := far(2)
			s.st.SetAlarm(ctx, far(1))
			s.st.SetAlarm(ctx, t)
			at, err := s.alarmAt(ctx)
			return at == t.UnixMilli(), err
		},
		"alarm time/delete": func(ctx ctxt, s *self) (any, error) {
			s.st.SetAlarm(ctx, far(1))
			s.st.DeleteAlarm(ctx)
			return s.alarmAt(ctx)
		},
		"alarm time/delete none": func(ctx ctxt, s *self) (any, error) {
			if err := s.st.DeleteAlarm(ctx); err != nil {
				return nil, err
			}
			return s.alarmAt(ctx)
		},
		"alarm time/zero":     func(ctx ctxt, s *self) (any, error) { return try(s.st.SetAlarm(ctx, time.UnixMilli(0))), nil },
		"alarm time/negative": func(ctx ctxt, s *self) (any, error) { return try(s.st.SetAlarm(ctx, time.UnixMilli(-5))), nil },
		"alarm time/too far": func(ctx ctxt, s *self) (any, error) {
			return try(s.st.SetAlarm(ctx, time.Date(2500, 1, 1, 0, 0, 0, 0, time.UTC))), nil
		},
	})
	table(workerCases, map[string]func(c *call) (any, error){
		"alarm time/class without handler": func(c *call) (any, error) {
			return otherRun.Call(c.ctx, others().GetByName(c.name), RunParams{Name: "alarm time/set"})
		},
		"kv/kept after an error": func(c *call) (any, error) { return c.twice("kv/put then throw", "kv/get k") },
	})
}

// twice runs two object cases in the object of the case and shows both outcomes.
func (c *call) twice(first, second string) (any, error) {
	outcome := attempt(run.Call(c.ctx, c.object(), RunParams{Name: first}))
	return []any{outcome, attempt(run.Call(c.ctx, c.object(), RunParams{Name: second}))}, nil
}

func (s *self) syncGet(ctx ctxt, key string) any {
	var v any
	if _, err := s.kv.Get(ctx, key, &v); err != nil {
		return try(err)
	}
	return show(v)
}

func kv500(ctx ctxt, s *self) (any, error) {
	values := object{}
	for i := range 500 {
		values[fmt.Sprintf("k%03d", i)] = i
	}
	if err := s.st.PutMany(ctx, values); err != nil {
		return nil, err
	}
	entries, err := s.st.List(ctx, durables.ListOptions{})
	if err != nil {
		return nil, err
	}
	some, err := s.st.List(ctx, durables.ListOptions{Start: "k100", Limit: 3})
	return []any{len(entries), pairs(entries)[len(entries)-1], len(some)}, err
}

func deleteAll(ctx ctxt, s *self) (any, error) {
	s.st.Put(ctx, "k", 1)
	if _, err := s.sql.Exec(ctx, "CREATE TABLE t(a)"); err != nil {
		return nil, err
	}
	s.st.SetAlarm(ctx, far(1))
	if err := s.st.DeleteAll(ctx); err != nil {
		return nil, err
	}
	_, missing := s.sql.Exec(ctx, "SELECT * FROM t")
	at, err := s.alarmAt(ctx)
	return []any{s.get(ctx, "k"), try(missing), at}, err
}
