package main

import (
	"regexp"
	"time"

	"grove.place/lattice/workers/analyticsengine"
	"grove.place/lattice/workers/ratelimit"
	"grove.place/lattice/workers/versionmetadata"
)

var (
	limiter = ratelimit.Limiter("LIMITER")
	version = versionmetadata.Binding("VERSION")
	points  = analyticsengine.Dataset("POINTS")
)

// early waits while a minute ends: windows begin with the minute.
func early(c *call) error {
	for time.Now().Second() > 50 {
		if err := sleep(c.ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) limited(n int, keys ...string) (any, error) {
	if err := early(c); err != nil {
		return nil, err
	}
	out := []any{}
	for _, k := range keys {
		ok, err := limiter.LimitN(c.ctx, c.name+" "+k, n)
		if err != nil {
			return nil, err
		}
		out = append(out, ok)
	}
	return out, nil
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func init() {
	table(workerCases, map[string]func(c *call) (any, error){
		"rate limit/reached":        func(c *call) (any, error) { return c.limited(1, "k", "k", "k", "k", "k") },
		"rate limit/keys are apart": func(c *call) (any, error) { return c.limited(1, "a", "a", "a", "a", "b") },
		"rate limit/more than one": func(c *call) (any, error) {
			if err := early(c); err != nil {
				return nil, err
			}
			out := []any{}
			for _, n := range []int{2, 5, 1} {
				ok, err := limiter.LimitN(c.ctx, c.name, n)
				if err != nil {
					return nil, err
				}
				out = append(out, ok)
			}
			return out, nil
		},
		"rate limit/nothing":           func(c *call) (any, error) { return limiter.LimitN(c.ctx, c.name, 0) },
		"rate limit/less than nothing": func(c *call) (any, error) { return limiter.LimitN(c.ctx, c.name, -1) },
		"rate limit/empty key": func(c *call) (any, error) {
			if err := early(c); err != nil {
				return nil, err
			}
			return limiter.Limit(c.ctx, "")
		},
		"version metadata/shape": func(c *call) (any, error) {
			v, err := version.Get(c.ctx)
			age := time.Since(v.Timestamp)
			return []any{uuid.MatchString(v.ID), v.Tag, age.Abs() < 10*time.Minute}, err
		},
		"version metadata/stays": func(c *call) (any, error) {
			a, err := version.Get(c.ctx)
			if err != nil {
				return nil, err
			}
			b, err := version.Get(c.ctx)
			return a == b, err
		},
		"data point/written": func(c *call) (any, error) {
			return "written", points.WriteDataPoint(c.ctx, analyticsengine.DataPoint{Indexes: []string{"site"}, Blobs: []string{"/path", "DE"}, Doubles: []float64{1, 2.5}})
		},
		"data point/of nothing": func(c *call) (any, error) {
			return "written", points.WriteDataPoint(c.ctx, analyticsengine.DataPoint{})
		},
	})
}
