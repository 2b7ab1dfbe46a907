// Command app is the conformance suite in Go, compiled for both homes. A case is a name in one of the tables: worker
// cases run in the Worker, object cases in an object of their own, http cases answer the request themselves. The same
// names stand in oracle/*.mjs, where plain JavaScript says what is right.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
)

// call is what a worker case is about: the Worker's event, and the object of the case.
type call struct {
	ctx  context.Context
	name string
	r    *http.Request
}

// object returns the object of the case; a suffix makes it another one.
func (c *call) object(suffix ...string) *durables.Stub[Obj] {
	return objects().GetByName(c.name + strings.Join(suffix, ""))
}

var (
	workerCases = map[string]func(c *call) (any, error){}
	objectCases = map[string]func(ctx context.Context, s *self) (any, error){}
	httpCases   = map[string]func(c *call, w http.ResponseWriter, r *http.Request){}
)

// table adds cases to a table; the tables are filled by init functions because cases call objects whose methods call cases.
func table[F any](to map[string]F, cases map[string]F) {
	for name, f := range cases {
		if _, twice := to[name]; twice {
			panic("case " + name + " is defined twice")
		}
		to[name] = f
	}
}

func main() {
	workers.Run(workers.Worker{Fetch: http.HandlerFunc(serve), Scheduled: scheduled, Queue: consume})
}

func serve(w http.ResponseWriter, r *http.Request) {
	c := &call{ctx: r.Context(), name: strings.TrimPrefix(r.URL.Path, "/"), r: r}
	if strings.HasPrefix(c.name, "socket") {
		serveSocket(c, w, r)
		return
	}
	if f, ok := httpCases[c.name]; ok {
		f(c, w, r)
		return
	}
	if _, ok := objectCases[c.name]; ok {
		answer(w, attempt(run.Call(c.ctx, c.object(), RunParams{Name: c.name})))
		return
	}
	if f, ok := workerCases[c.name]; ok {
		answer(w, attempt(f(c)))
		return
	}
	w.WriteHeader(http.StatusNotFound)
	fmt.Fprintf(w, "no case %s", c.name)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

func scheduled(ctx context.Context, ev workers.ScheduledEvent) error {
	if !strings.Contains(ev.Cron, "*") {
		return scheduledAs(ctx, ev)
	}
	event := object{"cron": ev.Cron, "time": ev.ScheduledTime.UnixMilli()}
	if _, err := run.Call(ctx, objects().GetByName("scheduled"), RunParams{Name: "scheduled/record", Arg: event}); err != nil {
		return err
	}
	if ev.Cron == "0 0 * * 1" {
		return workers.NewError("Error", "scheduled failure")
	}
	return nil
}
