package bindings

import (
	"reflect"
	"testing"
	"time"

	"grove.place/lattice/internal/wrangler"
	local "grove.place/lattice/local-runtime"
)

func TestStoresAreNamedAfterWhatTheConfigurationSays(t *testing.T) {
	limit := wrangler.RateLimit{Name: "LOGINS", Namespace: int64(7)}
	limit.Simple.Limit, limit.Simple.Period = 5, 10
	var o local.Options
	Stores(&o, &wrangler.Config{
		KV:       []wrangler.KVNamespace{{Binding: "A", ID: "abc"}, {Binding: "B", ID: "<your id>"}, {Binding: "C"}},
		Buckets:  []wrangler.Bucket{{Binding: "D", Name: "files"}, {Binding: "E"}},
		Datasets: []wrangler.Dataset{{Binding: "F", Name: "visits"}, {Binding: "G"}}, RateLimits: []wrangler.RateLimit{limit}, VersionMetadata: "VERSION",
	})
	want := local.Options{
		KV: map[string]string{"A": "abc", "B": "B", "C": "C"}, Buckets: map[string]string{"D": "files", "E": "E"}, Analytics: map[string]string{"F": "visits", "G": "G"},
		RateLimits: map[string]local.RateLimit{"LOGINS": {Namespace: "7", Limit: 5, Period: 10 * time.Second}}, Version: "VERSION",
	}
	if !reflect.DeepEqual(o, want) {
		t.Errorf("got %+v\nwant %+v", o, want)
	}
}
