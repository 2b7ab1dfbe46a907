package debug

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"grove.place/lattice/internal/otlp"
	local "grove.place/lattice/local-runtime"
)

// collected is a span as a collector reads it.
type collected struct {
	TraceID      string
	SpanID       string
	ParentSpanID string
	Name         string
	Start        string `json:"startTimeUnixNano"`
	End          string `json:"endTimeUnixNano"`
}

// TestTracesGoFromTheCallerThroughWorkersObjectsAndBindingsToTheNetwork: with traceparent on both ends.
func TestTracesGoFromTheCallerThroughWorkersObjectsAndBindingsToTheNetwork(t *testing.T) {
	var mu sync.Mutex
	spans := map[string]collected{}
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			ResourceSpans []struct{ ScopeSpans []struct{ Spans []collected } }
		}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("the collector got %s, %v", r.URL, err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, resource := range q.ResourceSpans {
			for _, s := range resource.ScopeSpans[0].Spans {
				spans[s.Name] = s
			}
		}
	}))
	defer collector.Close()
	x, err := otlp.New(collector.URL, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Header.Get("Traceparent")) }))
	defer site.Close()
	h := local.StartTest(t, local.TestOptions{Package: "./traced", Options: local.Options{
		Objects: map[string]string{"KEEPERS": "Keeper"}, Databases: map[string]local.Database{"DB": {}}, Spans: x.Span,
	}})
	const trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	r := httptest.NewRequest("GET", "/?url="+url.QueryEscape(site.URL+"/page?secret=1"), nil)
	r.Header.Set("Traceparent", "00-"+trace+"-"+parent+"-01")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	x.Close()
	out := "outbound GET " + strings.TrimPrefix(site.URL, "http://") + "/page"
	above := parent
	for _, name := range []string{"request GET /", "rpc keep"} {
		s := spans[name]
		if s.TraceID != trace || s.ParentSpanID != above || s.Start == "" || s.End < s.Start {
			t.Errorf("%s is %+v, below %s", name, s, above)
		}
		above = s.SpanID
	}
	for _, name := range []string{"d1", out} {
		if s := spans[name]; s.TraceID != trace || s.ParentSpanID != above {
			t.Errorf("%s is %+v, below %s", name, s, above)
		}
	}
	if want := "00-" + trace + "-" + spans[out].SpanID + "-01"; w.Body.String() != want {
		t.Errorf("the network was told %q, want %q", w.Body, want)
	}
	if t.Failed() {
		t.Logf("%+v", spans)
	}
}

func TestACollectorsAddressIsChecked(t *testing.T) {
	for _, address := range []string{"", "localhost:4318", "ftp://localhost"} {
		if _, err := otlp.New(address, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "http://localhost:4318") {
			t.Errorf("%q: %v", address, err)
		}
	}
}
