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
	"grove.place/lattice/workers"
)

// Cell is the class of facets, and of objects that only ctx.exports reaches.
type Cell struct {
	state *durables.State
	kv    *durables.SyncKV
	count int
}

var cellClass = durables.Class("Cell", func(_ context.Context, state *durables.State) (*Cell, error) {
	var props struct {
		Broken string `json:"broken"`
	}
	if err := state.Props(&props); err != nil {
		return nil, err
	}
	if props.Broken != "" {
		return nil, workers.NewError("RangeError", "broken: "+props.Broken)
	}
	return &Cell{state: state, kv: state.Storage().KV()}, nil
})

type void = durables.None

var (
	cellAdd         = durables.Method(cellClass, "add", (*Cell).add)
	cellGot         = durables.Method(cellClass, "got", (*Cell).got)
	cellCount       = durables.Method(cellClass, "count1", (*Cell).count1)
	cellWho         = durables.Method(cellClass, "who", (*Cell).who)
	cellFail        = durables.Method(cellClass, "fail", (*Cell).fail)
	cellFailSection = durables.Method(cellClass, "failSection", (*Cell).failSection)
	cellAbort       = durables.Method(cellClass, "abort", (*Cell).abort)
	cellSlow        = durables.Method(cellClass, "slow", (*Cell).slow)
	cellSetAlarm    = durables.Method(cellClass, "setAlarm", (*Cell).setAlarm)
	cellAlarmState  = durables.Method(cellClass, "alarmState", (*Cell).alarmState)
	cellWipe        = durables.Method(cellClass, "wipe", (*Cell).wipe)
	cellTwice       = durables.Method(cellClass, "twice", (*Cell).twice, durables.Retryable)
	cellDown        = durables.Method(cellClass, "down", (*Cell).down)
	cellDeep        = durables.Method(cellClass, "deep", (*Cell).deep)
)

func (c *Cell) add(ctx context.Context, n int) (int, error) {
	total := 0
	if _, err := c.kv.Get(ctx, "total", &total); err != nil {
		return 0, err
	}
	return total + n, c.kv.Put(ctx, "total", total+n)
}

func (c *Cell) got(ctx context.Context, _ durables.None) (total *int, err error) {
	_, err = c.kv.Get(ctx, "total", &total)
	return total, err
}

func (c *Cell) count1(context.Context, durables.None) (int, error) {
	c.count++
	return c.count, nil
}

func (c *Cell) who(context.Context, durables.None) (map[string]any, error) {
	var props any
	err := c.state.Props(&props)
	return object{"id": c.state.ID().String(), "name": nameOf(c.state.ID()), "props": props}, err
}

func (c *Cell) fail(context.Context, durables.None) (durables.None, error) {
	return void{}, durables.TypeError("the facet failed")
}

func (c *Cell) failSection(ctx context.Context, _ durables.None) (durables.None, error) {
	return void{}, c.state.BlockConcurrencyWhile(ctx, func(ctxt) error { return workers.NewError("RangeError", "the section failed") })
}

func (c *Cell) abort(ctx context.Context, _ durables.None) (durables.None, error) {
	c.state.Abort(ctx, "the facet resets itself")
	return void{}, errors.New("abort returned")
}

func (c *Cell) slow(ctx context.Context, _ durables.None) (durables.None, error) {
	c.count++
	return void{}, sleep(ctx, 5*time.Second)
}

func (c *Cell) setAlarm(ctx context.Context, _ durables.None) (string, error) {
	_ = c.state.Storage().SetAlarm(ctx, time.Now().Add(time.Minute))
	return "set", nil
}

func (c *Cell) alarmState(ctx context.Context, _ durables.None) (any, error) {
	if err := c.state.Storage().DeleteAlarm(ctx); err != nil {
		return nil, err
	}
	at, ok, err := c.state.Storage().GetAlarm(ctx)
	if !ok {
		return nil, err
	}
	return at, err
}

// Alarm is never called: facets have no alarms.
func (c *Cell) Alarm(context.Context, durables.AlarmInfo) error { return nil }

func (c *Cell) wipe(ctx context.Context, _ durables.None) (durables.None, error) {
	return void{}, c.state.Storage().DeleteAll(ctx)
}

func (c *Cell) down(ctx context.Context, names []string) (int, error) {
	if len(names) == 0 {
		return c.add(ctx, 1)
	}
	var total int
	err := cellFacets.Get(names[0]).Call(ctx, "down", &total, names[1:])
	return total, err
}

func (c *Cell) deep(ctx context.Context, names []string) (total *int, err error) {
	if len(names) == 0 {
		return c.got(ctx, void{})
	}
	err = cellFacets.Get(names[0]).Call(ctx, "deep", &total, names[1:])
	return total, err
}

// ServeHTTP answers the cases about fetching facets.
func (c *Cell) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/bad") {
		panic(workers.NewError("RangeError", "the facet's fetch failed"))
	}
	body, _ := io.ReadAll(r.Body)
	w.WriteHeader(203)
	fmt.Fprintf(w, "%s %s", r.Method, body)
}

func (c *Cell) twice(_ context.Context, n int) (int, error) { return 2 * n, nil }
