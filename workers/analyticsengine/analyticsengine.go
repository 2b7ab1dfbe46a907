// Package analyticsengine writes data points to Workers Analytics Engine, which are then queried with SQL.
//
//	var visits = analyticsengine.Dataset("VISITS")
//
//	err := visits.WriteDataPoint(ctx, analyticsengine.DataPoint{Indexes: []string{site}, Blobs: []string{path, country}, Doubles: []float64{1}})
//
// Writing does not wait. Start with Dataset. The local host keeps the points in a SQLite file for each dataset, with the columns that Cloudflare's SQL API has.
//
// See https://developers.cloudflare.com/analytics/analytics-engine/.
package analyticsengine

import (
	"context"
	"fmt"
	"unicode/utf8"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/guest"
)

// DatasetBinding is a dataset. It does no I/O by itself and may be kept in a package-level variable.
type DatasetBinding struct{ binding string }

// Dataset returns the dataset bound under [[analytics_engine_datasets]] in wrangler.toml.
func Dataset(binding string) DatasetBinding { return DatasetBinding{binding} }

// DataPoint is what happened, once.
type DataPoint struct {
	Indexes []string  // one, of at most 96 bytes: points are sampled by it
	Blobs   []string  // at most 20, of 16,000 bytes together: blob1, blob2, …
	Doubles []float64 // at most 20: double1, double2, …
}

// WriteDataPoint writes a point, and does not wait until it is stored. A point that is over a limit is an error on Cloudflare and on the local host; wrangler
// dev takes any.
func (d DatasetBinding) WriteDataPoint(ctx context.Context, p DataPoint) error {
	env, err := guest.Env(ctx)
	if err != nil {
		return err
	}
	if env[d.binding].Kind != "analytics" {
		return guest.MissingBinding(ctx, d.binding, "analytics", fmt.Sprintf("[[analytics_engine_datasets]]\nbinding = %q\ndataset = \"my-dataset\"", d.binding))
	}
	var w abi.Writer
	w.Str(d.binding)
	w.Value(abi.Object{{Name: "indexes", Value: texts(p.Indexes)}, {Name: "blobs", Value: texts(p.Blobs)}, {Name: "doubles", Value: numbers(p.Doubles)}})
	if err := guest.Do(ctx, abi.OpDataPoint, w.Bytes()); err != nil {
		return fmt.Errorf("analyticsengine: write: %w", err)
	}
	return nil
}

// texts are strings; what is no UTF-8 goes as bytes.
func texts(list []string) abi.Array {
	out := make(abi.Array, len(list))
	for i, s := range list {
		out[i] = s
		if !utf8.ValidString(s) {
			out[i] = abi.ArrayBuffer(s)
		}
	}
	return out
}

func numbers(list []float64) abi.Array {
	out := make(abi.Array, len(list))
	for i, n := range list {
		out[i] = n
	}
	return out
}
