package debug

import (
	"cmp"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"grove.place/lattice/internal/otlp"
	local "grove.place/lattice/local-runtime"
)

// collected is a span as a collector reads it.
type collected struct {
	TraceID      string
	SpanID       string
	ParentSpanID string
	Name         string
	Kind         int
	Start        string `json:"startTimeUnixNano"`
	End          string `json:"endTimeUnixNano"`
	Attributes   []struct {
		Key   string
		Value map[string]any
	}
	service string
}

// collector stands in for a collector of traces.
type collector struct {
	t     *testing.T
	mu    sync.Mutex
	spans []collected
	text  strings.Builder
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	var q struct {
		ResourceSpans []struct {
			Resource struct {
				Attributes []struct{ Value map[string]string }
			}
			ScopeSpans []struct{ Spans []collected }
		}
	}
	if err == nil {
		err = json.Unmarshal(text, &q)
	}
	if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/json" {
		c.t.Errorf("the collector got %s, %v", r.URL, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text.Write(text)
	for _, resource := range q.ResourceSpans {
		for _, s := range resource.ScopeSpans[0].Spans {
			s.service = resource.Resource.Attributes[0].Value["stringValue"]
			c.spans = append(c.spans, s)
		}
	}
}

// tree draws the spans below one, in the order in which they began.
func (c *collector) tree(parent, indent string) string {
	var below []collected
	for _, s := range c.spans {
		if s.ParentSpanID == parent {
			below = append(below, s)
		}
	}
	slices.SortFunc(below, func(a, b collected) int { return cmp.Compare(a.Start, b.Start) })
	var b strings.Builder
	for _, s := range below {
		b.WriteString(indent + s.service + ": " + s.Name + "\n" + c.tree(s.SpanID, indent+"  "))
	}
	return b.String()
}

// span is the first of a name.
func (c *collector) span(name string) collected {
	for _, s := range c.spans {
		if s.Name == name {
			return s
		}
	}
	c.t.Errorf("no span %q", name)
	return collected{}
}

func (c *collector) attributes(name string) map[string]any {
	list := map[string]any{}
	for _, a := range c.span(name).Attributes {
		for _, v := range a.Value {
			list[a.Key] = v
		}
	}
	return list
}

// traced runs the Worker for a while, and another of the same program that it is bound to.
func traced(t *testing.T, during func(h *local.Host)) *collector {
	c := &collector{t: t}
	server := httptest.NewServer(c)
	defer server.Close()
	x, err := otlp.New(server.URL, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	one := func(name string) local.TestOptions {
		return local.TestOptions{Package: "./traced", Options: local.Options{
			Name: name, Spans: x.Span, Objects: map[string]string{"KEEPERS": "Keeper"}, Databases: map[string]local.Database{"DB": {ID: name}},
			KV: map[string]string{"PAGES": "pages"}, Buckets: map[string]string{"FILES": "files"}, Queues: map[string]string{"SENDS": "sends"},
			Services: map[string]string{"OTHER": "back"},
		}}
	}
	front := one("front")
	front.Consumers = map[string]local.Consumer{"sends": {}}
	front.Workers = []local.TestOptions{one("back")}
	during(local.StartTest(t, front))
	x.Close()
	return c
}

func get(t *testing.T, h *local.Host, path string) string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	if w.Code != http.StatusOK {
		t.Errorf("%s: %d %s", path, w.Code, w.Body)
	}
	return w.Body.String()
}

// TestTracesGoFromTheCallerThroughWorkersObjectsAndBindingsToTheNetwork: with traceparent on both ends.
func TestTracesGoFromTheCallerThroughWorkersObjectsAndBindingsToTheNetwork(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Header.Get("Traceparent")) }))
	defer site.Close()
	const trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	var told string
	c := traced(t, func(h *local.Host) {
		r := httptest.NewRequest("GET", "/call?url="+url.QueryEscape(site.URL+"/page?secret=1"), nil)
		r.Header.Set("Traceparent", "00-"+trace+"-"+parent+"-01")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		told = w.Body.String()
	})
	out := "GET " + strings.TrimPrefix(site.URL, "http://") + "/page"
	want := `front: GET /call
  front: Keeper/keep
    front: durable_object_storage_exec
    front: d1_run
    front: ` + out + "\n"
	if got := c.tree(parent, ""); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, s := range c.spans {
		if s.TraceID != trace || s.Start == "" || s.End < s.Start {
			t.Errorf("%+v", s)
		}
	}
	if want := "00-" + trace + "-" + c.span(out).SpanID + "-01"; told != want {
		t.Errorf("the network was told %q, want %q", told, want)
	}
	if strings.Contains(c.text.String(), "secret") {
		t.Error("the query of a request is in a span")
	}
}

// TestEachOperationIsASpanOfTheEventThatMadeIt: in objects, Workers, alarms, cron triggers, batches and messages, and across Workers.
func TestEachOperationIsASpanOfTheEventThatMadeIt(t *testing.T) {
	c := traced(t, func(h *local.Host) {
		get(t, h, "/fill?secret=hush")
		get(t, h, "/stores?secret=hush")
		get(t, h, "/talk")
		get(t, h, "/other")
		if err := h.Scheduled(t.Context(), "0 0 * * *", h.Clock.Now()); err != nil {
			t.Error(err)
		}
		h.Clock.Advance(2 * time.Minute)
	})
	const filled = `durable_object_storage_exec
    W: durable_object_storage_put
    W: durable_object_storage_get
    W: durable_object_storage_kv_put
    W: durable_object_storage_exec
    W: durable_object_alarms_setAlarm
`
	roots := []string{
		"front: GET /fill\n  front: Keeper/fill\n    front: " + strings.ReplaceAll(filled, "W", "front"),
		"front: GET /stores\n  front: d1_batch\n  front: kv_put\n  front: kv_get\n  front: r2_put\n  front: queue_send\n",
		"front: GET /talk\n  front: GET /socket\n    front: durable_object_storage_exec\n",
		"front: webSocketMessage\n  front: durable_object_storage_kv_put\n",
		"front: GET /other\n  back: GET /fill\n    back: Keeper/fill\n      back: " + strings.ReplaceAll(strings.ReplaceAll(filled, "    W", "      W"), "W", "back"),
		"front: scheduled 0 0 * * *\n  front: kv_delete\n",
		"front: process sends\n  front: kv_put\n",
		"front: alarm\n  front: durable_object_storage_exec\n  front: durable_object_storage_exec\n", // the object is constructed again
		"back: alarm\n  back: durable_object_storage_exec\n  back: durable_object_storage_exec\n",
	}
	got := c.tree("", "")
	for _, root := range roots {
		if !strings.Contains(got, root) {
			t.Errorf("no\n%s", root)
		}
	}
	if n := len(strings.Join(roots, "")); n != len(got) {
		t.Errorf("%d bytes of spans, want %d:\n%s", len(got), n, got)
	}
	traces := map[string]bool{}
	for _, s := range c.spans {
		traces[s.TraceID] = true
	}
	if len(traces) != len(roots) {
		t.Errorf("%d traces, want %d", len(traces), len(roots))
	}
	if text := c.text.String(); strings.Contains(text, "hush") || strings.Contains(text, "literal") {
		t.Error("a value is in a span")
	}
}

// TestSpansSayWhatCloudflaresSay: names of attributes are those of its traces, and of OpenTelemetry's conventions.
func TestSpansSayWhatCloudflaresSay(t *testing.T) {
	c := traced(t, func(h *local.Host) {
		get(t, h, "/fill?secret=hush")
		get(t, h, "/stores?secret=hush")
		h.Clock.Advance(time.Minute)
	})
	for name, want := range map[string]map[string]any{
		"GET /fill":                      {"http.request.method": "GET", "url.path": "/fill", "faas.trigger": "http", "cloudflare.handler_type": "fetch", "http.response.status_code": "200"},
		"Keeper/fill":                    {"jsrpc.method": "fill", "cloudflare.entrypoint": "Keeper", "lattice.object": "full"},
		"durable_object_storage_put":     {"cloudflare.durable_object.kv.query.keys.count": "2"},
		"d1_batch":                       {"db.system.name": "cloudflare-d1", "db.operation.batch.size": "2", "db.query.text": "CREATE TABLE t (a)\nINSERT INTO t VALUES (?)"},
		"kv_get":                         {"cloudflare.kv.query.keys.count": "1", "cloudflare.binding.name": "PAGES"},
		"r2_put":                         {"cloudflare.r2.bucket": "files", "cloudflare.r2.operation": "put"},
		"queue_send":                     {"messaging.destination.name": "sends", "messaging.batch.message_count": "1"},
		"process sends":                  {"cloudflare.queue.name": "sends", "cloudflare.queue.batch_size": "1", "faas.trigger": "queue"},
		"durable_object_alarms_setAlarm": {"cloudflare.entrypoint": "Keeper"},
	} {
		got := c.attributes(name)
		for key, value := range want {
			if got[key] != value {
				t.Errorf("%s: %s is %v, want %v", name, key, got[key], value)
			}
		}
	}
	for name, kind := range map[string]int{"GET /fill": 2, "kv_get": 3, "queue_send": 4, "process sends": 5, "alarm": 1} {
		if got := c.span(name).Kind; got != kind {
			t.Errorf("%s is of kind %d, want %d", name, got, kind)
		}
	}
}

func TestACollectorsAddressIsChecked(t *testing.T) {
	for _, address := range []string{"", "localhost:4318", "ftp://localhost"} {
		if _, err := otlp.New(address, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "http://localhost:4318") {
			t.Errorf("%q: %v", address, err)
		}
	}
}
