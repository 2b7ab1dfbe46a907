package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"grove.place/lattice/durables"
)

var cellFacets = cellClass.Facets()

// of makes a step that calls a method on a facet.
func of[P, R any](ctx ctxt, m *durables.MethodOf[Cell, P, R], p P, name string, options ...durables.FacetOption) func() (any, error) {
	return func() (any, error) { return m.Call(ctx, cellFacets.Get(name, options...), p) }
}

// facetSteps is a case that lists what its steps come to.
func facetSteps(steps func(ctx ctxt) []func() (any, error)) objectCase {
	return func(ctx ctxt, s *self) (any, error) { return all(steps(ctx)...) }
}

type step = func() (any, error)

// busyFacet starts a long call on a facet, and returns what waits for its end.
func busyFacet(ctx ctxt, name string) step {
	ended := make(chan any, 1)
	go func() { ended <- attempt(of(ctx, cellSlow, void{}, name)()) }()
	for {
		n, err := cellCount.Call(ctx, cellFacets.Get(name), void{})
		if n >= 2 || err != nil {
			return func() (any, error) { return <-ended, nil }
		}
	}
}

// done is a step that only can fail.
func done(err error) any { return try(err) }

func init() {
	brokenProps := durables.FacetProps(object{"broken": "yes"})
	fetchFacet := func(ctx ctxt, method, path, body string, options ...durables.FacetOption) (any, error) {
		r, _ := http.NewRequestWithContext(ctx, method, "https://facet"+path, strings.NewReader(body))
		resp, err := cellFacets.Get("a", options...).Fetch(ctx, r)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		return []any{resp.StatusCode, string(b)}, err
	}
	table(objectCases, map[string]objectCase{
		"facet/storage of its own": func(ctx ctxt, s *self) (any, error) {
			if err := s.kv.Put(ctx, "total", 100); err != nil {
				return nil, err
			}
			return all(of(ctx, cellAdd, 2, "a"), of(ctx, cellAdd, 3, "a"), of(ctx, cellAdd, 1, "b"), func() (any, error) { return s.syncGet(ctx, "total"), nil })
		},
		"facet/memory of its own": facetSteps(func(ctx ctxt) []step {
			return []step{of(ctx, cellCount, void{}, "a"), of(ctx, cellCount, void{}, "a"), of(ctx, cellCount, void{}, "b")}
		}),
		"facet/id": func(ctx ctxt, s *self) (any, error) {
			who, err := cellWho.Call(ctx, cellFacets.Get("a"), void{})
			return []any{who["id"] == s.state.ID().String(), who["name"], who["props"]}, err
		},
		"facet/id of its own": facetSteps(func(ctx ctxt) []step {
			return []step{of(ctx, cellWho, void{}, "a", durables.FacetID("abc")), of(ctx, cellWho, void{}, "a"), tried(of(ctx, cellFail, void{}, "a"))}
		}),
		"facet/error of the call that starts it": facetSteps(func(ctx ctxt) []step {
			return []step{tried(of(ctx, cellFail, void{}, "a", durables.FacetID("abc")))}
		}),
		"facet/props": func(ctx ctxt, s *self) (any, error) {
			props := durables.FacetProps(object{"text": "t", "list": []any{1, nil}, "when": time.UnixMilli(5)})
			who, err := cellWho.Call(ctx, cellFacets.Get("a", props), void{})
			return who["props"], err
		},
		"facet/options count when it starts": func(ctx ctxt, s *self) (any, error) {
			first, err := cellWho.Call(ctx, cellFacets.Get("a", durables.FacetProps(object{"first": true})), void{})
			second, e := cellWho.Call(ctx, cellFacets.Get("a", durables.FacetProps(object{"second": true})), void{})
			return []any{first["props"], second["props"]}, errors.Join(err, e)
		},
		"facet/thrown error": facetSteps(func(ctx ctxt) []step {
			return []step{tried(of(ctx, cellFail, void{}, "a")), tried(of(ctx, cellCount, void{}, "a"))}
		}),
		"facet/no such method": func(ctx ctxt, s *self) (any, error) { return try(cellFacets.Get("a").Call(ctx, "nothing", nil)), nil },
		"facet/fetch":          func(ctx ctxt, s *self) (any, error) { return fetchFacet(ctx, "POST", "/x", "body") },
		"facet/fetch fails":    func(ctx ctxt, s *self) (any, error) { return attempt(fetchFacet(ctx, "GET", "/bad", "")), nil },
		"facet/abort": func(ctx ctxt, s *self) (any, error) {
			cellAdd.Call(ctx, cellFacets.Get("a"), 1)
			slow := busyFacet(ctx, "a")
			if err := s.state.Facets().Abort(ctx, "a", "the parent wants it so"); err != nil {
				return nil, err
			}
			return all(slow, of(ctx, cellCount, void{}, "a"), of(ctx, cellGot, void{}, "a"))
		},
		"facet/abort before it starts": func(ctx ctxt, s *self) (any, error) { return nil, s.state.Facets().Abort(ctx, "a", "nobody hears") },
		"facet/call and abort at once": func(ctx ctxt, s *self) (any, error) {
			cellAdd.Call(ctx, cellFacets.Get("a"), 1)
			called := cellAdd.Start(ctx, cellFacets.Get("a"), 5)
			if err := s.state.Facets().Abort(ctx, "a", "too late"); err != nil {
				return nil, err
			}
			return all(tried(func() (any, error) { return called.Await(ctx) }), of(ctx, cellGot, void{}, "a"))
		},
		"facet/aborts itself": facetSteps(func(ctx ctxt) []step {
			cellAdd.Call(ctx, cellFacets.Get("a"), 1)
			return []step{tried(of(ctx, cellAbort, void{}, "a")), of(ctx, cellCount, void{}, "a"), of(ctx, cellGot, void{}, "a")}
		}),
		"facet/kept stub after a reset": func(ctx ctxt, s *self) (any, error) {
			kept := cellFacets.Get("a")
			add := func() (any, error) { return cellAdd.Call(ctx, kept, 1) }
			if _, err := add(); err != nil {
				return nil, err
			}
			cellAbort.Call(ctx, kept, void{})
			return all(tried(add), func() (any, error) { return cellGot.Call(ctx, cellFacets.Get("a"), void{}) }, tried(add))
		},
		"facet/failing section": facetSteps(func(ctx ctxt) []step {
			cellCount.Call(ctx, cellFacets.Get("a"), void{})
			return []step{tried(of(ctx, cellFailSection, void{}, "a")), of(ctx, cellCount, void{}, "a")}
		}),
		"facet/failing constructor": facetSteps(func(ctx ctxt) []step {
			return []step{tried(of(ctx, cellCount, void{}, "a", brokenProps)), of(ctx, cellCount, void{}, "a")}
		}),
		"facet/failing constructor for fetch": func(ctx ctxt, s *self) (any, error) {
			return attempt(fetchFacet(ctx, "GET", "/", "", brokenProps)), nil
		},
		"facet/delete": func(ctx ctxt, s *self) (any, error) {
			cellAdd.Call(ctx, cellFacets.Get("a"), 1)
			cellDown.Call(ctx, cellFacets.Get("a"), []string{"n"})
			if err := s.state.Facets().Delete(ctx, "a"); err != nil {
				return nil, err
			}
			return all(of(ctx, cellGot, void{}, "a"), of(ctx, cellDeep, []string{"n"}, "a"))
		},
		"facet/delete while it works": func(ctx ctxt, s *self) (any, error) {
			slow := busyFacet(ctx, "a")
			if err := s.state.Facets().Delete(ctx, "a"); err != nil {
				return nil, err
			}
			return slow()
		},
		"facet/delete what is not there": func(ctx ctxt, s *self) (any, error) { return nil, s.state.Facets().Delete(ctx, "nothing") },
		"facet/clone": func(ctx ctxt, s *self) (any, error) {
			cellAdd.Call(ctx, cellFacets.Get("a"), 7)
			cellDown.Call(ctx, cellFacets.Get("a"), []string{"n"})
			if err := s.state.Facets().Clone(ctx, "a", "b"); err != nil {
				return nil, err
			}
			return all(of(ctx, cellGot, void{}, "b"), of(ctx, cellDeep, []string{"n"}, "b"), of(ctx, cellAdd, 1, "b"), of(ctx, cellGot, void{}, "a"), of(ctx, cellCount, void{}, "a"))
		},
		"facet/clone over another": func(ctx ctxt, s *self) (any, error) {
			cellAdd.Call(ctx, cellFacets.Get("a"), 7)
			cellAdd.Call(ctx, cellFacets.Get("b"), 1)
			slow := busyFacet(ctx, "b")
			if err := s.state.Facets().Clone(ctx, "a", "b"); err != nil {
				return nil, err
			}
			return all(slow, of(ctx, cellGot, void{}, "b"))
		},
		"facet/clone of nothing": func(ctx ctxt, s *self) (any, error) {
			cellAdd.Call(ctx, cellFacets.Get("b"), 1)
			if err := s.state.Facets().Clone(ctx, "nothing", "b"); err != nil {
				return nil, err
			}
			return cellGot.Call(ctx, cellFacets.Get("b"), void{})
		},
		"facet/clone to itself": func(ctx ctxt, s *self) (any, error) {
			cellAdd.Call(ctx, cellFacets.Get("b"), 1)
			if err := s.state.Facets().Clone(ctx, "b", "b"); err != nil {
				return nil, err
			}
			return cellGot.Call(ctx, cellFacets.Get("b"), void{})
		},
		"facet/nested": facetSteps(func(ctx ctxt) []step {
			b := []string{"b"}
			return []step{of(ctx, cellDown, b, "a"), of(ctx, cellDown, b, "a"), of(ctx, cellGot, void{}, "a"), of(ctx, cellGot, void{}, "b"), of(ctx, cellDeep, b, "a")}
		}),
		"facet/depth": facetSteps(func(ctx ctxt) []step {
			return []step{tried(of(ctx, cellDown, []string{"2", "3"}, "1")), tried(of(ctx, cellDown, []string{"2", "3", "4"}, "1"))}
		}),
		"facet/long names": func(ctx ctxt, s *self) (any, error) {
			out, long, facets := []any{}, strings.Repeat("x", 257), s.state.Facets()
			for _, name := range []string{long[:256], long, strings.Repeat("é", 128), strings.Repeat("é", 129)} {
				out = append(out, attempt(of(ctx, cellAdd, 1, name)()))
			}
			return append(out, done(facets.Abort(ctx, long, "")), done(facets.Delete(ctx, long)), done(facets.Clone(ctx, "a", long))), nil
		},
		"facet/odd names": func(ctx ctxt, s *self) (any, error) {
			odd := []string{"../up", "a/b", "a\x00b", "é", "e\u0301", "A", "a", ".", " "}
			var out []step
			for i, name := range odd {
				if _, err := cellAdd.Call(ctx, cellFacets.Get(name), i+1); err != nil {
					return nil, err
				}
				out = append(out, of(ctx, cellGot, void{}, name))
			}
			return all(out...)
		},
		"facet/alarm": facetSteps(func(ctx ctxt) []step {
			cellAdd.Call(ctx, cellFacets.Get("a"), 1)
			return []step{tried(of(ctx, cellSetAlarm, void{}, "a")), tried(of(ctx, cellGot, void{}, "a"))}
		}),
		"facet/no alarm": func(ctx ctxt, s *self) (any, error) { return cellAlarmState.Call(ctx, cellFacets.Get("a"), void{}) },
		"facet/deleteAll of the parent": func(ctx ctxt, s *self) (any, error) {
			cellAdd.Call(ctx, cellFacets.Get("a"), 1)
			cellDown.Call(ctx, cellFacets.Get("a"), []string{"n"})
			slow := busyFacet(ctx, "a")
			if err := s.st.DeleteAll(ctx); err != nil {
				return nil, err
			}
			return all(slow, of(ctx, cellGot, void{}, "a"), of(ctx, cellDeep, []string{"n"}, "a"))
		},
		"facet/deleteAll of the facet": func(ctx ctxt, s *self) (any, error) {
			cellAdd.Call(ctx, cellFacets.Get("a"), 1)
			cellCount.Call(ctx, cellFacets.Get("a"), void{})
			cellDown.Call(ctx, cellFacets.Get("a"), []string{"n"})
			if _, err := cellWipe.Call(ctx, cellFacets.Get("a"), void{}); err != nil {
				return nil, err
			}
			return all(of(ctx, cellGot, void{}, "a"), of(ctx, cellCount, void{}, "a"), of(ctx, cellDeep, []string{"n"}, "a"))
		},
		"facet/abort takes nested ones along": func(ctx ctxt, s *self) (any, error) {
			cellDown.Call(ctx, cellFacets.Get("a"), []string{"n"})
			if err := s.state.Facets().Abort(ctx, "a", "stop"); err != nil {
				return nil, err
			}
			return cellDeep.Call(ctx, cellFacets.Get("a"), []string{"n"})
		},
		"facet/twenty at once": func(ctx ctxt, s *self) (any, error) {
			list := make([]any, 20)
			var calls []func()
			for i := range list {
				calls = append(calls, func() { list[i] = attempt(of(ctx, cellAdd, 1, fmt.Sprintf("n%d", i%10))()) })
			}
			unordered(calls...)
			return list, nil
		},
		"facet/in a section": func(ctx ctxt, s *self) (total any, err error) {
			err = s.state.BlockConcurrencyWhile(ctx, func(ctx context.Context) (err error) {
				total, err = cellAdd.Call(ctx, cellFacets.Get("a"), 3)
				return err
			})
			return total, err
		},
		"facet/used by its parent, which aborts": func(ctx ctxt, s *self) (any, error) {
			cellAdd.Call(ctx, cellFacets.Get("a"), 4)
			cellCount.Call(ctx, cellFacets.Get("a"), void{})
			if err := s.st.Sync(ctx); err != nil {
				return nil, err
			}
			s.state.Abort(ctx, "the parent is reset")
			return nil, nil
		},
		"facet/look": facetSteps(func(ctx ctxt) []step { return []step{of(ctx, cellGot, void{}, "a"), of(ctx, cellCount, void{}, "a")} }),
	})
	table(workerCases, map[string]func(c *call) (any, error){
		"retryable/method": func(c *call) (any, error) {
			twice := func(n int, options ...durables.StubOption) step {
				return func() (any, error) { return cellTwice.Call(c.ctx, cells.GetByName(c.name, options...), n) }
			}
			return all(twice(4), twice(5, retries(2)))
		},
		"facet/survives its parent": func(c *call) (any, error) {
			return all(tried(func() (any, error) {
				return run.Call(c.ctx, c.object(), RunParams{Name: "facet/used by its parent, which aborts"})
			}), func() (any, error) { return run.Call(c.ctx, c.object(), RunParams{Name: "facet/look"}) })
		},
		"facet/of two objects": func(c *call) (any, error) {
			one := func(suffix string) step {
				return func() (any, error) {
					return run.Call(c.ctx, c.object(suffix), RunParams{Name: "facet/storage of its own"})
				}
			}
			return all(one(" 1"), one(" 2"))
		},
	})
}
