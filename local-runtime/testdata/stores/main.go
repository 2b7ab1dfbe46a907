// A Worker that uses everything that stores, one thing for each path, and answers with the error that it gets.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/analyticsengine"
	"grove.place/lattice/workers/cache"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/kv"
	"grove.place/lattice/workers/queues"
	"grove.place/lattice/workers/r2"
)

// Box is an object, and also the class of its facet.
type Box struct{ state *durables.State }

var (
	class  = durables.Class("Box", func(_ context.Context, state *durables.State) (*Box, error) { return &Box{state}, nil })
	fill   = durables.Method(class, "fill", (*Box).fill)
	touch  = durables.Method(class, "touch", (*Box).touch)
	boxes  = class.Namespace("BOXES")
	facets = class.Facets()

	keys   = kv.Namespace("KEYS")
	files  = r2.Bucket("FILES")
	orders = queues.Producer("ORDERS")
	db     = d1.Database("DB")
	points = analyticsengine.Dataset("POINTS")
)

// fill writes to the object and to a facet of it.
func (b *Box) fill(ctx context.Context, _ durables.None) (durables.None, error) {
	if err := b.state.Storage().SetAlarm(ctx, time.Now().Add(time.Hour)); err != nil {
		return durables.None{}, err
	}
	return touch.Call(ctx, facets.Get("inner"), durables.None{})
}

// Alarm does nothing: it is there to be set.
func (b *Box) Alarm(context.Context, durables.AlarmInfo) error { return nil }

func (b *Box) touch(ctx context.Context, _ durables.None) (durables.None, error) {
	return durables.None{}, b.state.Storage().Put(ctx, "key", "value")
}

func fetch(w http.ResponseWriter, r *http.Request) {
	got, err := do(r.Context(), r.URL.Path, r.FormValue("key"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprint(w, got)
}

// do does one thing.
func do(ctx context.Context, what, key string) (got string, err error) {
	switch what {
	case "/object":
		_, err = fill.Call(ctx, boxes.GetByName(key), durables.None{})
	case "/kv/put":
		err = keys.Put(ctx, key, "value", nil)
	case "/kv/get":
		_, err = keys.Get(ctx, key, &got, nil)
	case "/r2/put":
		_, err = files.Put(ctx, key, strings.NewReader("content"), nil)
	case "/r2/get":
		return read(files.Get(ctx, key, nil))
	case "/r2/upload":
		_, err = files.CreateMultipartUpload(ctx, key, nil)
	case "/d1":
		_, err = db.Exec(ctx, "CREATE TABLE IF NOT EXISTS t (n)")
	case "/queue/send":
		err = orders.Send(ctx, key)
	case "/queue/batch":
		err = orders.SendBatch(ctx, queues.Message{Body: key}, queues.Message{Body: key})
	case "/point":
		err = points.WriteDataPoint(ctx, analyticsengine.DataPoint{Doubles: []float64{1}})
	case "/cache/put", "/cache/get":
		return cached(ctx, what == "/cache/put", key)
	default:
		err = fmt.Errorf("there is no %s", what)
	}
	return got, err
}

func read(o *r2.Object, err error) (string, error) {
	if err != nil || o == nil {
		return "nothing", err
	}
	defer o.Body.Close()
	text, err := io.ReadAll(o.Body)
	return string(text), err
}

func cached(ctx context.Context, put bool, key string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://cached.example/"+key, nil)
	if err != nil {
		return "", err
	}
	c := cache.Open("own")
	if put {
		return "", c.Put(req, &http.Response{StatusCode: 200, Header: http.Header{"Cache-Control": {"max-age=3600"}}, Body: io.NopCloser(strings.NewReader("response")), ContentLength: 8})
	}
	resp, err := c.Match(req)
	if err != nil || resp == nil {
		return "nothing", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

// consume notes in KV how often each order came, and sleeps where one says so.
func consume(ctx context.Context, batch *queues.Batch) error {
	for _, m := range batch.Messages {
		var order, before string
		if err := m.Decode(&order); err != nil {
			return err
		}
		if _, err := keys.Get(ctx, "order "+order, &before, nil); err != nil {
			return err
		}
		if err := keys.Put(ctx, "order "+order, before+fmt.Sprint("attempt ", m.Attempts, "; "), nil); err != nil {
			return err
		}
		if strings.HasPrefix(order, "slow") {
			time.Sleep(time.Minute)
		}
	}
	return nil
}

func main() {
	workers.Run(workers.Worker{Fetch: http.HandlerFunc(fetch), Queue: consume})
}
