package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
)

// nest nests sections with enter until one is refused: how many there were, and the refusal.
func nest(ctx ctxt, enter func(ctx ctxt, f func(ctx ctxt) error) error) (any, error) {
	depth := 0
	var refusal error
	var deeper func(ctx ctxt) error
	deeper = func(ctx ctxt) error {
		depth++
		if err := enter(ctx, deeper); err != nil && refusal == nil {
			refusal = err
		}
		return nil
	}
	deeper(ctx)
	return []any{depth - 1, refusal}, nil
}

// other calls a method on the object of that name and " other".
func (s *self) other() *durables.Stub[Obj] {
	name, _ := s.state.ID().Name()
	return objects().GetByName(name + " other")
}

// alarmPlan sets an alarm well ahead: one that is late already when it is set is due at another time.
func alarmPlan(name string) objectCase { return plan(name, 300*ms) }

// fetchStatus fetches from the object of a case.
func (c *call) fetchStatus(path string) (any, error) {
	r, _ := http.NewRequestWithContext(c.ctx, http.MethodGet, "https://object"+path, nil)
	resp, err := c.object().Fetch(c.ctx, r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return resp.StatusCode, nil
}

// background starts f, and returns what waits for its outcome.
func background(f step) step {
	ended := make(chan any, 1)
	go func() { ended <- attempt(f()) }()
	return func() (any, error) { return <-ended, nil }
}

// distinct lists the different ones of values, in order.
func distinct(values []any) []any {
	out, seen := []any{}, map[string]bool{}
	for _, v := range values {
		text, _ := json.Marshal(v)
		if !seen[string(text)] {
			seen[string(text)] = true
			out = append(out, v)
		}
	}
	return out
}

func (c *call) runs(name string) step {
	return func() (any, error) { return run.Call(c.ctx, c.object(), RunParams{Name: name}) }
}

func init() {
	table(objectCases, map[string]objectCase{
		"section/nested to the limit":              func(ctx ctxt, s *self) (any, error) { return nest(ctx, s.state.BlockConcurrencyWhile) },
		"section/transactions nested to the limit": func(ctx ctxt, s *self) (any, error) { return nest(ctx, s.inTransaction) },
		"section/that does not wait": func(ctx ctxt, s *self) (n any, err error) {
			err = s.state.BlockConcurrencyWhile(ctx, func(ctxt) error {
				n = 6
				return nil
			})
			return n, err
		},
		"section/nested one fails": func(ctx ctxt, s *self) (any, error) {
			s.note("before")
			return nil, s.state.BlockConcurrencyWhile(ctx, func(ctx ctxt) error {
				_ = s.state.BlockConcurrencyWhile(ctx, func(ctxt) error { return workers.NewError("RangeError", "the inner one failed") })
				return nil
			})
		},
		"section/hold, then fail": func(ctx ctxt, s *self) (any, error) {
			return nil, s.state.BlockConcurrencyWhile(ctx, func(ctx ctxt) error {
				name, _ := s.state.ID().Name()
				if _, err := appends.Call(ctx, objects().GetByName(name+" witness"), "inside"); err != nil {
					return err
				}
				time.Sleep(400 * ms)
				return durables.TypeError("nobody gets through")
			})
		},
		"abort/in a section": func(ctx ctxt, s *self) (any, error) {
			return nil, s.state.BlockConcurrencyWhile(ctx, func(ctx ctxt) error {
				s.state.Abort(ctx, "aborted inside")
				return nil
			})
		},
		"abort/in a transaction": func(ctx ctxt, s *self) (any, error) {
			return nil, s.inTransaction(ctx, func(ctx ctxt) error {
				if err := s.st.Put(ctx, "k", 1); err != nil {
					return err
				}
				s.state.Abort(ctx, "aborted inside")
				return nil
			})
		},
		"event/leaves something behind": func(ctx ctxt, s *self) (any, error) {
			go func() {
				<-ctx.Done()
				s.note("the event's context ended")
			}()
			go func() {
				time.Sleep(30 * ms)
				err := s.st.Put(ctx, "k", "later")
				within, cancel := context.WithTimeout(ctx, time.Minute)
				defer cancel()
				text, failed := echo.Call(within, objects().GetByName("event/another"), any("other"))
				if err = errors.Join(err, failed); err != nil {
					s.note(err.Error())
					return
				}
				s.note(fmt.Sprint("stored, and called the ", text))
				s.state.WaitUntil(ctx, func(ctx ctxt) error {
					select {
					case <-time.After(10 * ms):
						s.note("waited")
					case <-ctx.Done():
						s.note(context.Cause(ctx).Error())
					}
					return nil
				})
			}()
			return "answered", nil
		},
		"abort/later": func(ctx ctxt, s *self) (any, error) {
			s.note("before")
			s.state.WaitUntil(ctx, func(ctx ctxt) error {
				time.Sleep(20 * ms)
				s.state.Abort(ctx, "aborted by what was left behind")
				return nil
			})
			return "answered", nil
		},
		"abort/long reason": func(ctx ctxt, s *self) (any, error) {
			s.state.Abort(ctx, strings.Repeat("because ", 2000))
			return nil, nil
		},
		"abort/odd reason": func(ctx ctxt, s *self) (any, error) {
			s.state.Abort(ctx, "größer\n\x00💥")
			return nil, nil
		},
		"abort/of another": func(ctx ctxt, s *self) (any, error) {
			return attempt(run.Call(ctx, s.other(), RunParams{Name: "abort/with reason"})), nil
		},
		"error/of another": func(ctx ctxt, s *self) (any, error) {
			_, err := fail.Call(ctx, s.other(), "custom")
			return nil, err
		},
		"error/after writing": func(ctx ctxt, s *self) (any, error) {
			s.note("in memory")
			return nil, errors.Join(s.kv.Put(ctx, "k", "written before"), errors.New("uncaught"))
		},
		"alarm/aborts":          alarmPlan("abort"),
		"alarm/aborts for good": alarmPlan("abort for good"),
	})
	table(workerCases, map[string]func(c *call) (any, error){
		"alarm/none follows": func(c *call) (any, error) {
			sleep(c.ctx, 3*time.Second)
			return run.Call(c.ctx, objects().GetByName("alarm/aborts for good"), RunParams{Name: "alarm/runs"})
		},
		"section/failure reaches those who wait": func(c *call) (any, error) {
			failing := background(c.runs("section/hold, then fail"))
			c.begun(c.object(" witness"))
			again := func() (any, error) { return double.Call(c.ctx, c.object(), 1) }
			first, second := background(again), background(func() (any, error) { return c.fetchStatus("/") })
			return all(failing, first, second, tried(again))
		},
		"section/failure of a nested one resets": func(c *call) (any, error) {
			return all(tried(c.runs("section/nested one fails")), c.log(c.object()))
		},
		"abort/another fetch in flight": func(c *call) (any, error) {
			slow := background(func() (any, error) { return c.fetchStatus("/hang") })
			c.begun(c.object())
			c.runs("abort/with reason")()
			return slow()
		},
		"event/what it leaves behind goes on": func(c *call) (any, error) {
			return all(c.runs("event/leaves something behind"), func() (any, error) { return c.lines(c.object(), 3) }, c.runs("kv/get k"))
		},
		"abort/of what was left behind": func(c *call) (any, error) {
			stub := c.object()
			return all(
				func() (any, error) { return run.Call(c.ctx, stub, RunParams{Name: "abort/later"}) },
				tried(func() (any, error) { return slow.Call(c.ctx, stub, Slow{"slow", 5000}) }), c.log(c.object()),
			)
		},
		"abort/ten in a row": func(c *call) (any, error) {
			texts := []any{}
			for range 10 {
				_, err := c.runs("abort/without reason")()
				texts = append(texts, showError(err)["message"])
			}
			n, err := double.Call(c.ctx, c.object(), 2)
			return append(distinct(texts), n), err
		},
		"abort/many callers": func(c *call) (any, error) {
			var ends []step
			for i := range 20 {
				ends = append(ends, background(func() (any, error) { return slow.Call(c.ctx, c.object(), Slow{fmt.Sprint(i), 5000}) }))
			}
			for {
				lines, err := logged.Call(c.ctx, c.object(), void{})
				if err != nil {
					return nil, err
				}
				if len(lines) >= 20 {
					break
				}
			}
			c.runs("abort/with reason")()
			list, err := all(ends...)
			if err != nil {
				return nil, err
			}
			out := []any{}
			for _, v := range list.([]any) {
				e := v.(object)["error"].(object)
				out = append(out, fmt.Sprintf("%v %v %v", e["name"], e["message"], e["durableObjectReset"]))
			}
			return distinct(out), nil
		},
		"error/resets nothing": func(c *call) (any, error) {
			return all(tried(c.runs("error/after writing")), c.log(c.object()), func() (any, error) {
				state, err := c.runs("lifecycle/state")()
				m, _ := state.(object)
				return m["stored"], err
			})
		},
		"error/the same stub afterwards": func(c *call) (any, error) {
			stub := c.object()
			return all(tried(func() (any, error) { return fail.Call(c.ctx, stub, "plain") }), func() (any, error) { return double.Call(c.ctx, stub, 4) })
		},
		"error/through two objects": func(c *call) (any, error) { return c.runs("error/of another")() },
		"error/of a fetch resets nothing": func(c *call) (any, error) {
			appends.Call(c.ctx, c.object(), "in memory")
			return all(tried(func() (any, error) { return c.fetchStatus("/throw") }), c.log(c.object()))
		},
	})
}
