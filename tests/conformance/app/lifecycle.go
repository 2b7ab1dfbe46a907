package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/kv"
)

// alarmRun is what an alarm handler saw.
type alarmRun struct {
	RetryCount int  `json:"retryCount"`
	IsRetry    bool `json:"isRetry"`
	OnTime     bool `json:"onTime"`
	Pending    bool `json:"pending"`
	Name       any  `json:"name"`
}

// Alarm records what it saw, then does what the stored plan says.
func (o *Obj) Alarm(ctx ctxt, info durables.AlarmInfo) error {
	runs, plan := []alarmRun{}, ""
	var at int64
	_, pending, err := o.st.GetAlarm(ctx)
	if _, e := o.kv.Get(ctx, "runs", &runs); e != nil {
		err = e
	}
	o.kv.Get(ctx, "plan", &plan)
	o.kv.Get(ctx, "at", &at)
	runs = append(runs, alarmRun{info.RetryCount, info.IsRetry, info.ScheduledTime.UnixMilli() == at, pending, nameOf(o.state.ID())})
	if err = errors.Join(err, o.kv.Put(ctx, "runs", runs)); err != nil {
		return err
	}
	switch {
	case plan == "again" && len(runs) < 3:
		return o.setAlarm(ctx, 150*ms)
	case plan == "clear":
		return errors.Join(o.st.SetAlarm(ctx, time.Now().Add(50*ms)), o.st.DeleteAlarm(ctx))
	case strings.HasPrefix(plan, "abort") && len(runs) == 1:
		if err := o.st.Sync(ctx); err != nil {
			return err
		}
		var options []durables.AbortOption
		if plan == "abort for good" {
			options = append(options, durables.NoAlarmRetry)
		}
		o.state.Abort(ctx, "the alarm aborts", options...)
	case plan == "fail once" && len(runs) == 1:
		return errors.New("the first run fails")
	case plan == "delete and fail" && len(runs) == 1:
		return errors.Join(o.st.DeleteAlarm(ctx), errors.New("fails after deleting the alarm"))
	case plan == "reset itself":
		o.kv.Put(ctx, "plan", "")
		return errors.Join(o.setAlarm(ctx, 150*ms), errors.New("fails after setting another"))
	}
	return nil
}

// setAlarm sets the alarm and stores when it is due.
func (s *self) setAlarm(ctx ctxt, delay time.Duration) error {
	at := time.Now().Add(delay)
	return errors.Join(s.kv.Put(ctx, "at", at.UnixMilli()), s.st.SetAlarm(ctx, at))
}

func plan(name string, delay time.Duration) objectCase {
	return func(ctx ctxt, s *self) (any, error) {
		return "set", errors.Join(s.kv.Put(ctx, "plan", name), s.setAlarm(ctx, delay))
	}
}

func (s *self) runs(ctx ctxt) (any, error) {
	runs := []alarmRun{}
	_, err := s.kv.Get(ctx, "runs", &runs)
	return runs, err
}

const ms = time.Millisecond

func init() {
	table(objectCases, map[string]objectCase{
		"alarm/once": plan("once", 150*ms),
		"alarm/in the past": func(ctx ctxt, s *self) (any, error) {
			return "set", errors.Join(s.kv.Put(ctx, "plan", "past"), s.st.SetAlarm(ctx, time.Now().Add(-100*time.Second)))
		},
		"alarm/again from the handler":     plan("again", 150*ms),
		"alarm/retried after an error":     plan("fail once", 150*ms),
		"alarm/new one replaces the retry": plan("reset itself", 150*ms),
		"alarm/cleared in the handler":     plan("clear", 150*ms),
		"alarm/deleted in time": func(ctx ctxt, s *self) (any, error) {
			if _, err := plan("once", 400*ms)(ctx, s); err != nil {
				return nil, err
			}
			if err := s.st.DeleteAlarm(ctx); err != nil {
				return nil, err
			}
			time.Sleep(700 * ms)
			return s.runs(ctx)
		},
		"alarm/runs": func(ctx ctxt, s *self) (any, error) {
			runs, err := s.runs(ctx)
			_, pending, err2 := s.st.GetAlarm(ctx)
			return object{"runs": runs, "pending": pending}, errors.Join(err, err2)
		},

		"section/value": func(ctx ctxt, s *self) (any, error) {
			var value any
			err := s.state.BlockConcurrencyWhile(ctx, func(ctx ctxt) error {
				time.Sleep(2 * ms)
				s.kv.Put(ctx, "k", 1)
				value = s.syncGet(ctx, "k")
				return nil
			})
			return value, err
		},
		"section/nested": func(ctx ctxt, s *self) (any, error) {
			order := []string{}
			err := s.state.BlockConcurrencyWhile(ctx, func(ctx ctxt) error {
				order = append(order, "outer")
				err := s.state.BlockConcurrencyWhile(ctx, func(ctx ctxt) error {
					time.Sleep(ms)
					order = append(order, "inner")
					return nil
				})
				order = append(order, "outer again")
				return err
			})
			return order, err
		},
		"section/two in order": func(ctx ctxt, s *self) (any, error) {
			order := []string{}
			section := func(n string, pause time.Duration) func() {
				return func() {
					s.state.BlockConcurrencyWhile(ctx, func(ctxt) error {
						order = append(order, n+" in")
						time.Sleep(pause)
						order = append(order, n+" out")
						return nil
					})
				}
			}
			unordered(section("1", 10*ms), section("2", ms))
			return order, nil
		},
		"section/with transaction": func(ctx ctxt, s *self) (any, error) {
			err := s.state.BlockConcurrencyWhile(ctx, func(ctx ctxt) error { return s.inTransaction(ctx, s.put("k", 1, nil)) })
			return s.get(ctx, "k"), err
		},
		"section/with transaction that waits": func(ctx ctxt, s *self) (any, error) {
			err := s.inTransaction(ctx, func(ctx ctxt) error {
				err := s.st.Put(ctx, "a", 1)
				time.Sleep(3 * ms)
				return errors.Join(err, s.st.Put(ctx, "b", 2))
			})
			return s.list(ctx), err
		},
		"section/hold": func(ctx ctxt, s *self) (any, error) {
			return nil, s.state.BlockConcurrencyWhile(ctx, func(ctxt) error {
				s.note("in")
				time.Sleep(100 * ms)
				s.note("out")
				return nil
			})
		},
		"section/fail": func(ctx ctxt, s *self) (any, error) {
			s.note("before")
			if err := errors.Join(s.st.Put(ctx, "committed", 1), s.st.Sync(ctx)); err != nil {
				return nil, err
			}
			return nil, s.state.BlockConcurrencyWhile(ctx, func(ctxt) error { return durables.TypeError("the section failed") })
		},
		"section/uncommitted": func(ctx ctxt, s *self) (any, error) {
			return nil, s.state.BlockConcurrencyWhile(ctx, s.putSync("uncommitted", 1, errNo))
		},
		"lifecycle/state": func(ctx ctxt, s *self) (any, error) {
			entries, err := s.st.List(ctx, durables.ListOptions{})
			return object{"memory": s.notes(), "stored": fields(entries)}, err
		},
		"abort/with reason": func(ctx ctxt, s *self) (any, error) {
			s.note("before")
			if err := errors.Join(s.st.Put(ctx, "committed", 1), s.st.Sync(ctx), s.kv.Put(ctx, "uncommitted", 1)); err != nil {
				return nil, err
			}
			s.state.Abort(ctx, "enough of this")
			return nil, errors.New("abort returned")
		},
		"abort/without reason": func(ctx ctxt, s *self) (any, error) {
			s.state.Abort(ctx, "")
			return nil, errors.New("abort returned")
		},
		"wait until/write": func(ctx ctxt, s *self) (any, error) {
			s.state.WaitUntil(ctx, func(ctx ctxt) error {
				time.Sleep(300 * ms)
				return s.kv.Put(ctx, "late", "written")
			})
			return "answered", nil
		},
		"wait until/fail": func(ctx ctxt, s *self) (any, error) {
			s.note("before")
			s.state.WaitUntil(ctx, func(ctxt) error {
				time.Sleep(ms)
				return errors.New("nobody sees this")
			})
			return "answered", nil
		},
		"scheduled/record": func(ctx ctxt, s *self) (any, error) {
			return nil, s.kv.Put(ctx, "cron "+s.arg["cron"].(string), s.arg["time"])
		},
		"scheduled/recorded": func(ctx ctxt, s *self) (any, error) { return s.kv.List(ctx, durables.ListOptions{Prefix: "cron "}) },
	})
}

// broken runs an object case that resets its object, then shows what a new instance finds.
func broken(name string) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		failed := attempt(run.Call(c.ctx, c.object(), RunParams{Name: name}))
		after, err := run.Call(c.ctx, c.object(), RunParams{Name: "lifecycle/state"})
		return object{"failed": failed, "after": after}, err
	}
}

// runIn runs an object case in the i-th object of the case.
func (c *call) runIn(i int, name string) (any, error) {
	return run.Call(c.ctx, c.object(fmt.Sprintf(" %d", i)), RunParams{Name: name})
}

// atOnce calls f n times at the same time and lists the results.
func atOnce(n int, f func(i int) (any, error)) (any, error) {
	list, failures := make([]any, n), make([]error, n)
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() { list[i], failures[i] = f(i) })
	}
	wait.Wait()
	return list, errors.Join(failures...)
}

func (c *call) hello(name string) (any, error) {
	return hello.Call(c.ctx, fragiles().GetByName(name), durables.None{})
}

func init() {
	table(workerCases, map[string]func(c *call) (any, error){
		"section/blocks other calls": func(c *call) (any, error) {
			stub := c.object()
			unordered(
				func() { run.Call(c.ctx, stub, RunParams{Name: "section/hold"}) },
				func() { appends.Call(c.ctx, stub, "other") },
			)
			return logged.Call(c.ctx, stub, durables.None{})
		},
		"section/twenty objects at once": func(c *call) (any, error) {
			return atOnce(20, func(i int) (any, error) { return c.runIn(i, "section/value") })
		},
		"section/twenty transactions at once": func(c *call) (any, error) {
			return atOnce(20, func(i int) (any, error) { return c.runIn(i, "section/with transaction that waits") })
		},
		"constructor/ten at once": func(c *call) (any, error) {
			return atOnce(10, func(i int) (any, error) { return c.hello(fmt.Sprintf("%s %d", c.name, i)) })
		},
		"section/failure resets":                       broken("section/fail"),
		"section/failure loses what was not committed": broken("section/uncommitted"),
		"abort/reason reaches the caller":              broken("abort/with reason"),
		"abort/without a reason":                       broken("abort/without reason"),
		"abort/the same stub afterwards": func(c *call) (any, error) {
			stub := c.object()
			first := attempt(run.Call(c.ctx, stub, RunParams{Name: "abort/with reason"}))
			return object{"first": first, "again": attempt(double.Call(c.ctx, stub, 1))}, nil
		},
		"abort/another call in flight": func(c *call) (any, error) {
			var slowly any
			unordered(
				func() { slowly = attempt(slow.Call(c.ctx, c.object(), Slow{"slow", 5000})) },
				func() {
					c.begun(c.object())
					run.Call(c.ctx, c.object(), RunParams{Name: "abort/with reason"})
				},
			)
			return slowly, nil
		},
		"constructor/works": func(c *call) (any, error) {
			again := func() (any, error) { return c.hello(c.name) }
			return all(again, again, c.log(objects().GetByName("plan "+c.name)))
		},
		"constructor/fails always": func(c *call) (any, error) { return c.hello(c.name + " always") },
		"constructor/fails once": func(c *call) (any, error) {
			name := c.name + " once"
			again := func() (any, error) { return attempt(c.hello(name)), nil }
			return all(again, again, c.log(objects().GetByName("plan "+name)))
		},
		"constructor/fails for fetch": func(c *call) (any, error) {
			r, _ := http.NewRequestWithContext(c.ctx, http.MethodGet, "https://object/", nil)
			_, err := fragiles().GetByName(c.name+" always").Fetch(c.ctx, r)
			return nil, err
		},
		"wait until/after the answer": func(c *call) (any, error) {
			stored := func() (any, error) {
				state, err := run.Call(c.ctx, c.object(), RunParams{Name: "lifecycle/state"})
				m, _ := state.(object)
				return m["stored"], err
			}
			return all(
				func() (any, error) { return run.Call(c.ctx, c.object(), RunParams{Name: "wait until/write"}) },
				stored,
				func() (any, error) {
					sleep(c.ctx, 500*ms)
					return stored()
				},
			)
		},
		"wait until/failure is harmless": func(c *call) (any, error) {
			return all(func() (any, error) { return run.Call(c.ctx, c.object(), RunParams{Name: "wait until/fail"}) }, func() (any, error) {
				sleep(c.ctx, 20*ms)
				return c.log(c.object())()
			})
		},
		"wait until/in the Worker": func(c *call) (any, error) {
			workers.WaitUntil(c.ctx, func(ctx ctxt) error {
				time.Sleep(10 * ms)
				_, err := appends.Call(ctx, c.object(), "later")
				return err
			})
			return "answered", nil
		},
		"wait until/in the Worker, result": func(c *call) (any, error) { return c.log(objects().GetByName("wait until/in the Worker"))() },
		"scheduled/kept": func(c *call) (any, error) {
			key, err := url.PathUnescape(c.r.URL.RawQuery)
			if err != nil {
				return nil, err
			}
			var kept string
			_, err = kv.Namespace("KV").Get(c.ctx, "scheduled "+key, &kept, nil)
			return kept, err
		},
		"scheduled/result": func(c *call) (any, error) {
			return run.Call(c.ctx, objects().GetByName("scheduled"), RunParams{Name: "scheduled/recorded"})
		},
		"alarm/result": func(c *call) (any, error) {
			return run.Call(c.ctx, objects().GetByName(c.r.URL.Query().Get("of")), RunParams{Name: "alarm/runs"})
		},
	})
}

// scheduledAs does what the expression of the cron trigger says.
func scheduledAs(ctx context.Context, ev workers.ScheduledEvent) error {
	keep := func(ctx context.Context, key string) error {
		return kv.Namespace("KV").Put(ctx, "scheduled "+key, fmt.Sprintf("%s at %d", ev.Cron, ev.ScheduledTime.UnixMilli()), nil)
	}
	if strings.HasPrefix(ev.Cron, "no retry") {
		if err := ev.NoRetry(); err != nil {
			return err
		}
	}
	if key, ok := strings.CutPrefix(ev.Cron, "keeps "); ok {
		return keep(ctx, key)
	}
	switch ev.Cron {
	case "waits":
		workers.WaitUntil(ctx, func(ctx context.Context) error {
			return errors.Join(sleep(ctx, 100*time.Millisecond), keep(ctx, "later"))
		})
	case "waits, fails":
		workers.WaitUntil(ctx, func(ctx context.Context) error {
			return errors.Join(sleep(ctx, 10*time.Millisecond), errors.New("later"))
		})
	case "no retry, fails":
		return errors.New("it fails")
	case "panics":
		panic("it fails")
	}
	return nil
}
