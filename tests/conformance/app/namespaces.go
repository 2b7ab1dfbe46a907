package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
)

// exported is the namespace of Obj in ctx.exports, cells that of a class without a binding.
var (
	exported = objClass.Exports()
	cells    = cellClass.Exports()
)

// through calls an object through a stub with options.
func through(options ...durables.StubOption) func(c *call) (any, error) {
	return func(c *call) (any, error) { return double.Call(c.ctx, objects().GetByName(c.name, options...), 21) }
}

func throughEach(list ...durables.StubOption) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		out := []any{}
		for _, o := range list {
			out = append(out, attempt(through(o)(c)))
		}
		return out, nil
	}
}

func retries(n int) durables.StubOption { return durables.Retry(n, 0) }

func within(d time.Duration) durables.StubOption { return durables.Retry(1, d) }

var oddNames = []string{"", " ", "a", "A", "grove", "Grove", "session:1", "ünï", "💥", "e\u0301", "\u00e9", "a\x00b", "../x", strings.Repeat("0", 64),
	strings.Repeat("n", 5000), "\ufffd", "\u2028", "%00", "a/b?c#d"}

// eachName lists f of the names.
func eachName[T any](names []string, f func(name string) T) (any, error) {
	out := []T{}
	for _, n := range names {
		out = append(out, f(n))
	}
	return out, nil
}

// idText is an id as text, or the error of making it.
func idText(id durables.ID, err error) (any, error) { return id.String(), err }

// askWorker fetches the answer of the Worker's own handler.
func askWorker(ctx ctxt) (any, error) {
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://worker/exports%2Fanswer", nil)
	resp, err := workers.Self().Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var answer any
	err = json.NewDecoder(resp.Body).Decode(&answer)
	return answer, err
}

func (c *call) addTo(stub *durables.Stub[Cell], n int) func() (any, error) {
	return func() (any, error) { return cellAdd.Call(c.ctx, stub, n) }
}

// tried is f with its error as a value.
func tried(f func() (any, error)) func() (any, error) {
	return func() (any, error) { return attempt(f()), nil }
}

func value(v any) func() (any, error) { return func() (any, error) { return v, nil } }

func init() {
	table(objectCases, map[string]objectCase{
		"id/sent by RPC": func(ctx ctxt, s *self) (any, error) {
			return attempt(echo.Call(ctx, objects().GetByName("anyone"), any(s.state.ID()))), nil
		},
		"exports/in an object": func(ctx ctxt, s *self) (any, error) {
			name, _ := s.state.ID().Name()
			add := func(n int) func() (any, error) {
				return func() (any, error) { return cellAdd.Call(ctx, cells.GetByName(name), n) }
			}
			return all(add(2), add(3))
		},
		"exports/own class": func(ctx ctxt, s *self) (any, error) {
			name, _ := s.state.ID().Name()
			id, err := exported.IDFromName(ctx, name)
			return id.Equal(s.state.ID()), err
		},
		"exports/default in an object": func(ctx ctxt, s *self) (any, error) { return askWorker(ctx) },
		"props/none": func(ctx ctxt, s *self) (any, error) {
			var props any
			err := s.state.Props(&props)
			return props, err
		},
		"id/name for an alarm": func(ctx ctxt, s *self) (any, error) {
			if err := s.setAlarm(ctx, 80*ms); err != nil {
				return nil, err
			}
			if err := s.st.Sync(ctx); err != nil {
				return nil, err
			}
			s.state.Abort(ctx, "to be woken by its alarm")
			return nil, nil
		},
	})
	table(workerCases, map[string]func(c *call) (any, error){
		"stub options/location hint":             through(durables.LocationHint("weur")),
		"stub options/unknown location hint":     through(durables.LocationHint("the moon")),
		"stub options/routing mode":              through(durables.RoutingMode("primary-only")),
		"stub options/unknown routing mode":      through(durables.RoutingMode("nearest")),
		"stub options/retry":                     through(durables.Retry(3, 5*time.Second)),
		"stub options/several":                   through(durables.LocationHint("enam"), durables.RoutingMode("primary-only"), retries(0)),
		"stub options/number of retries":         throughEach(retries(0), retries(1), retries(10), retries(11), retries(-1), retries(1000)),
		"stub options/time for retries":          throughEach(within(500*ms), within(499*ms), within(60*time.Second), within(60001*ms), within(500500*time.Microsecond), within(-ms)),
		"stub options/the first of two mistakes": through(durables.Retry(11, ms), durables.RoutingMode("nearest")),
		"stub options/by id": func(c *call) (any, error) {
			id, err := objects().IDFromName(c.ctx, c.name)
			if err != nil {
				return nil, err
			}
			return all(func() (any, error) { return appends.Call(c.ctx, objects().Get(id, durables.LocationHint("weur")), "x") }, c.log(c.object()))
		},
		"stub options/for fetch": func(c *call) (any, error) {
			r, _ := http.NewRequestWithContext(c.ctx, http.MethodGet, "https://object/", nil)
			_, err := objects().GetByName(c.name, durables.RoutingMode("nearest")).Fetch(c.ctx, r)
			return nil, err
		},
		"stub options/order": func(c *call) (any, error) {
			stub := objects().GetByName(c.name, durables.LocationHint("weur"))
			var calls []func()
			for _, s := range []string{"a", "b", "c", "d"} {
				calls = append(calls, func() { appends.Call(c.ctx, stub, s) })
			}
			unordered(calls...)
			return logged.Call(c.ctx, stub, durables.None{})
		},
		"jurisdiction/id from name": func(c *call) (any, error) { return idText(objects().Jurisdiction("eu").IDFromName(c.ctx, "x")) },
		"jurisdiction/id from string": func(c *call) (any, error) {
			return idText(objects().Jurisdiction("fedramp").IDFromString(c.ctx, named(c.ctx, objects(), "x")))
		},
		"jurisdiction/unique id": func(c *call) (any, error) { return idText(objects().Jurisdiction("eu").NewUniqueID(c.ctx)) },
		"jurisdiction/stub": func(c *call) (any, error) {
			return double.Call(c.ctx, objects().Jurisdiction("eu").GetByName(c.name), 1)
		},
		"jurisdiction/unknown": func(c *call) (any, error) {
			return double.Call(c.ctx, objects().Jurisdiction("atlantis").GetByName(c.name), 1)
		},
		"jurisdiction/none": func(c *call) (any, error) { return double.Call(c.ctx, objects().Jurisdiction("").GetByName(c.name), 1) },
		"stub/name and id": func(c *call) (any, error) {
			id, _ := objects().IDFromName(c.ctx, c.name)
			bare, err := objects().IDFromString(c.ctx, id.String())
			out := []any{}
			for i, stub := range []*durables.Stub[Obj]{objects().GetByName(c.name), objects().Get(id), objects().Get(bare)} {
				own, _ := stub.ID(c.ctx)
				var name any
				if n, ok := stub.Name(); ok {
					name = n
				}
				out = append(out, name, own.Equal(id))
				if i != 1 {
					out = append(out, nameOf(own))
				}
			}
			return out, err
		},
		"stub/empty name": func(c *call) (any, error) {
			stub := objects().GetByName("")
			name, _ := stub.Name()
			id, err := stub.ID(c.ctx)
			return []any{name, nameOf(id)}, err
		},
		"id/vectors": func(c *call) (any, error) {
			return eachName(oddNames, func(n string) string { return named(c.ctx, objects(), n) + " " + named(c.ctx, others(), n) })
		},
		"id/names come back": func(c *call) (any, error) {
			return eachName(oddNames, func(n string) bool {
				id, _ := objects().IDFromName(c.ctx, n)
				return nameOf(id) == n
			})
		},
		"id/every digit counts": func(c *call) (any, error) {
			hex, refusals := named(c.ctx, objects(), "grove"), []string{}
			for i := range hex {
				digit := "0"
				if hex[i] == '0' {
					digit = "1"
				}
				_, err := objects().IDFromString(c.ctx, hex[:i]+digit+hex[i+1:])
				text := "accepted"
				if err != nil {
					text = showError(err)["message"].(string)
				}
				if len(refusals) == 0 || refusals[0] != text {
					refusals = append(refusals, text)
				}
			}
			return refusals, nil
		},
		"id/bad strings": func(c *call) (any, error) {
			hex := named(c.ctx, objects(), "grove")
			return eachName([]string{hex + "0", hex[1:], " " + hex, hex + "\n", "0x" + hex[2:], hex[:62] + "g0", hex[:60] + "ü💥"}, func(s string) any {
				return attempt(idText(objects().IDFromString(c.ctx, s)))
			})
		},
		"id/given to another namespace": func(c *call) (any, error) {
			id, err := objects().IDFromName(c.ctx, "grove")
			if err != nil {
				return nil, err
			}
			return otherRun.Call(c.ctx, others().Get(id), RunParams{Name: "id/self"})
		},
		"id/given to another namespace as text": func(c *call) (any, error) {
			id, err := objects().NewUniqueID(c.ctx)
			if err != nil {
				return nil, err
			}
			return idText(others().IDFromString(c.ctx, id.String()))
		},
		"id/first reached by string": func(c *call) (any, error) {
			id, _ := objects().IDFromName(c.ctx, c.name)
			bare, err := objects().IDFromString(c.ctx, id.String())
			out := []any{}
			for _, stub := range []*durables.Stub[Obj]{objects().Get(bare), objects().Get(id), c.object()} {
				inside, e := c.self(stub)
				m, _ := inside.(object)
				out, err = append(out, m["name"]), firstError(err, e)
			}
			return out, err
		},
		"id/name of 1,024 bytes": func(c *call) (any, error) {
			name := strings.Repeat("é", 512)
			fits, err := c.self(objects().GetByName(name))
			long, e := c.self(objects().GetByName(name + "x"))
			f, _ := fits.(object)
			l, _ := long.(object)
			return []any{f["name"] == name, l["name"]}, firstError(err, e)
		},
		"id/name restored for an alarm": func(c *call) (any, error) {
			run.Call(c.ctx, c.object(), RunParams{Name: "id/name for an alarm"})
			sleep(c.ctx, 500*ms)
			id, err := objects().IDFromString(c.ctx, named(c.ctx, objects(), c.name))
			if err != nil {
				return nil, err
			}
			state, err := run.Call(c.ctx, objects().Get(id), RunParams{Name: "alarm/runs"})
			m, _ := state.(object)
			return m["runs"], err
		},
		"exports/namespace": func(c *call) (any, error) {
			id, err := exported.IDFromName(c.ctx, c.name)
			if err != nil {
				return nil, err
			}
			return all(
				func() (any, error) { return appends.Call(c.ctx, exported.GetByName(c.name), "through exports") },
				func() (any, error) { return appends.Call(c.ctx, c.object(), "through the binding") },
				c.log(exported.Get(id)), value(named(c.ctx, exported, "x") == named(c.ctx, objects(), "x")),
			)
		},
		"exports/class without a binding": func(c *call) (any, error) {
			return all(c.addTo(cells.GetByName(c.name), 1), c.addTo(cells.GetByName(c.name), 2),
				func() (any, error) { return cellGot.Call(c.ctx, cells.GetByName(c.name+" 2"), durables.None{}) }, value(named(c.ctx, cells, "grove")))
		},
		"exports/ids": func(c *call) (any, error) {
			id, err := cells.NewUniqueID(c.ctx)
			if err != nil {
				return nil, err
			}
			return all(c.addTo(cells.Get(id), 1), func() (any, error) {
				again, err := cells.IDFromString(c.ctx, id.String())
				if err != nil {
					return nil, err
				}
				return cellGot.Call(c.ctx, cells.Get(again), durables.None{})
			}, tried(func() (any, error) { return idText(cells.IDFromString(c.ctx, named(c.ctx, objects(), "x"))) }))
		},
		"exports/options": func(c *call) (any, error) {
			return all(tried(c.addTo(cells.GetByName(c.name, durables.LocationHint("weur")), 1)), tried(c.addTo(cells.GetByName(c.name, durables.RoutingMode("x")), 1)))
		},
		"exports/jurisdiction": func(c *call) (any, error) { return cellAdd.Call(c.ctx, cells.Jurisdiction("eu").GetByName(c.name), 1) },
		"exports/answer":       func(*call) (any, error) { return "the Worker answered itself", nil },
		"exports/default":      func(c *call) (any, error) { return askWorker(c.ctx) },
	})
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
