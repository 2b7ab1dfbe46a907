package local_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/analyticsengine"
	"grove.place/lattice/workers/cache"
	"grove.place/lattice/workers/ratelimit"
	"grove.place/lattice/workers/versionmetadata"
)

var (
	logins  = ratelimit.Limiter("LOGINS")
	tries   = ratelimit.Limiter("TRIES")
	visits  = analyticsengine.Dataset("VISITS")
	running = versionmetadata.Binding("VERSION")
)

func withBindings() local.TestOptions {
	o := desk()
	o.RateLimits = map[string]local.RateLimit{"LOGINS": {Namespace: "1", Limit: 2, Period: 10 * time.Second}, "TRIES": {Namespace: "1", Limit: 2, Period: 10 * time.Second}}
	o.Analytics = map[string]string{"VISITS": "visits"}
	o.Version = "VERSION"
	return o
}

func TestRateLimitsCountByTheHostsClock(t *testing.T) {
	host := local.StartTest(t, withBindings())
	limited := func(l ratelimit.LimiterBinding, key string, want bool) {
		t.Helper()
		if ok, err := l.Limit(host.Context(), key); err != nil || ok != want {
			t.Errorf("%q: %v, %v", key, ok, err)
		}
	}
	host.Clock.Advance(time.Duration(10-host.Clock.Now().Second()%10) * time.Second) // to the start of a window
	limited(logins, "ann", true)
	limited(tries, "ann", true) // of the same namespace
	limited(logins, "ann", false)
	limited(logins, "bob", true)
	host.Clock.Advance(9 * time.Second)
	limited(logins, "ann", false)
	host.Clock.Advance(time.Second)
	limited(logins, "ann", true)
	if _, err := ratelimit.Limiter("NONE").Limit(host.Context(), "k"); err == nil || !strings.Contains(err.Error(), "add to wrangler.toml:\n[[ratelimits]]\nname = \"NONE\"") {
		t.Errorf("a limiter that is not there: %v", err)
	}
}

func TestDataPointsAreKeptAndTheirLimitsToo(t *testing.T) {
	host := local.StartTest(t, withBindings())
	write := func(p analyticsengine.DataPoint) error { return visits.WriteDataPoint(host.Context(), p) }
	if err := write(analyticsengine.DataPoint{Indexes: []string{"site"}, Blobs: []string{"/", "\xff"}, Doubles: []float64{1, -2.5}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		p    analyticsengine.DataPoint
		want string
	}{
		{analyticsengine.DataPoint{Indexes: []string{"a", "b"}}, "writeDataPoint(): Maximum of 1 indexes supported."},
		{analyticsengine.DataPoint{Indexes: []string{strings.Repeat("i", 97)}}, "writeDataPoint(): Size of indexes[0] exceeds 96 bytes)."},
		{analyticsengine.DataPoint{Blobs: make([]string, 21)}, "writeDataPoint(): Maximum of 20 blobs supported."},
		{analyticsengine.DataPoint{Blobs: []string{strings.Repeat("b", 16_000), "b"}}, "writeDataPoint(): Cumulative size of blobs exceeds 16000 bytes)."},
		{analyticsengine.DataPoint{Doubles: make([]float64, 21)}, "writeDataPoint(): Maximum of 20 doubles supported."},
	} {
		var thrown *workers.Error
		if err := write(c.p); !errors.As(err, &thrown) || thrown.Name != "TypeError" || thrown.Message != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	if err := host.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	points, err := host.DataPoints("visits")
	if err != nil || len(points) != 1 {
		t.Fatalf("%d points, %v", len(points), err)
	}
	p := points[0]
	if p.Index != "site" || p.Blobs[0] != "/" || p.Blobs[1] != "\xff" || p.Blobs[2] != "" || p.Doubles[1] != -2.5 || !p.Time.Equal(host.Clock.Now().Truncate(time.Second)) {
		t.Errorf("kept: %+v", p)
	}
}

func TestEachStartIsAVersion(t *testing.T) {
	host := local.StartTest(t, withBindings())
	first, err := running.Get(host.Context())
	if err != nil || len(first.ID) != 36 || !first.Timestamp.Equal(host.Clock.Now()) {
		t.Fatalf("%+v, %v", first, err)
	}
	if err := host.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if second, err := running.Get(host.Context()); err != nil || second.ID == first.ID {
		t.Errorf("after a restart: %+v, %v", second, err)
	}
	for name, want := range map[string]string{"NONE": "[version_metadata]\nbinding = \"NONE\"", "FILES": "of kind r2, and no version metadata"} {
		if _, err := versionmetadata.Binding(name).Get(host.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheCacheExpiresByTheHostsClockAndOutlivesIt(t *testing.T) {
	host := local.StartTest(t, withBindings())
	asked := func() *http.Request {
		r, err := http.NewRequestWithContext(host.Context(), http.MethodGet, "https://cache.example/k", nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	found := func() string {
		t.Helper()
		resp, err := cache.Default.Match(asked())
		if err != nil || resp == nil {
			return "nothing"
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	resp := &http.Response{StatusCode: 200, Header: http.Header{"Cache-Control": {"max-age=60"}}, Body: io.NopCloser(strings.NewReader("kept"))}
	other, err := cache.Tee(resp)
	if err != nil {
		t.Fatal(err)
	}
	if err := cache.Default.Put(asked(), other); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(resp.Body); err != nil || string(text) != "kept" {
		t.Errorf("the response that was not put: %q, %v", text, err)
	}
	host.Clock.Advance(59 * time.Second)
	if err := host.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := found(); got != "kept" {
		t.Errorf("before it expires: %q", got)
	}
	host.Clock.Advance(time.Second)
	if got := found(); got == "kept" {
		t.Error("it does not expire")
	}
}
