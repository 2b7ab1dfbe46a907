package main

import (
	"net/http"
	"regexp"
	"strings"

	"grove.place/lattice/workers"
	"grove.place/lattice/workers/analyticsengine"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/kv"
	"grove.place/lattice/workers/queues"
	"grove.place/lattice/workers/r2"
	"grove.place/lattice/workers/ratelimit"
	"grove.place/lattice/workers/rpc"
	"grove.place/lattice/workers/versionmetadata"
)

// bound is what an error says there is of the kind.
var bound = regexp.MustCompile(` \(there is [^)]+\)`)

// Each binding that is not there says which lines to add, in both languages of the configuration.
func init() {
	text := func(err error) (any, error) {
		if err == nil {
			return "no error", nil
		}
		said := bound.ReplaceAllString(err.Error(), "")
		if i := strings.Index(said, "there is no "); i >= 0 {
			return said[i:], nil
		}
		return said[max(strings.Index(said, "no "), 0):], nil
	}
	request := func(c *call, service string) error {
		r, err := http.NewRequestWithContext(c.ctx, "GET", "https://service/", nil)
		if err == nil {
			_, err = workers.Service(service).Do(r)
		}
		return err
	}
	table(workerCases, map[string]func(c *call) (any, error){
		"unbound/KV": func(c *call) (any, error) {
			var v string
			_, err := kv.Namespace("UNBOUND").Get(c.ctx, "k", &v, nil)
			return text(err)
		},
		"unbound/D1": func(c *call) (any, error) {
			_, err := d1.Database("UNBOUND").Prepare("SELECT 1").Run(c.ctx)
			return text(err)
		},
		"unbound/R2": func(c *call) (any, error) {
			_, err := r2.Bucket("UNBOUND").Head(c.ctx, "k")
			return text(err)
		},
		"unbound/queue": func(c *call) (any, error) { return text(queues.Producer("UNBOUND").Send(c.ctx, "m")) },
		"unbound/analytics engine": func(c *call) (any, error) {
			return text(analyticsengine.Dataset("UNBOUND").WriteDataPoint(c.ctx, analyticsengine.DataPoint{}))
		},
		"unbound/rate limiter": func(c *call) (any, error) {
			_, err := ratelimit.Limiter("UNBOUND").Limit(c.ctx, "k")
			return text(err)
		},
		"unbound/version metadata": func(c *call) (any, error) {
			_, err := versionmetadata.Binding("UNBOUND").Get(c.ctx)
			return text(err)
		},
		"unbound/objects": func(c *call) (any, error) {
			var v string
			err := objClass.Namespace("UNBOUND").GetByName("x").Get(c.ctx, "/", &v)
			return text(err)
		},
		"unbound/service":       func(c *call) (any, error) { return text(request(c, "UNBOUND")) },
		"unbound/assets":        func(c *call) (any, error) { return text(request(c, "ASSETS")) },
		"unbound/service's RPC": func(c *call) (any, error) { return text(rpc.Service("UNBOUND").Call(c.ctx, "method", nil)) },
	})
}
