// Package otlp sends what happens on a local host to a collector of OpenTelemetry traces: OTLP over HTTP, in its JSON form, which needs neither protocol buffers
// nor the OpenTelemetry SDK (docs/decisions/0011-traces.md).
//
// Each Event that ended is a span; its host has placed it in a trace. Start with New.
package otlp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	local "grove.place/lattice/local-runtime"
)

const (
	waiting = 4096 // spans that wait to be sent; more are lost rather than that a Worker waits
	batch   = 512
	every   = time.Second
)

// Exporter sends spans. Its methods may be called from any goroutine.
type Exporter struct {
	url    string
	header http.Header
	log    *slog.Logger
	events chan local.Event
	quit   chan struct{}
	done   chan struct{}
	failed bool
}

// New returns an exporter to a collector, http://localhost:4318 for instance. Headers are those of OTEL_EXPORTER_OTLP_HEADERS.
func New(endpoint string, log *slog.Logger) (*Exporter, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("the collector's address %q must be like http://localhost:4318", endpoint)
	}
	x := &Exporter{url: u.JoinPath("v1/traces").String(), header: http.Header{}, log: log, events: make(chan local.Event, waiting), quit: make(chan struct{}), done: make(chan struct{})}
	for pair := range strings.SplitSeq(os.Getenv("OTEL_EXPORTER_OTLP_HEADERS"), ",") {
		name, value, _ := strings.Cut(pair, "=")
		if value, err := url.PathUnescape(strings.TrimSpace(value)); err == nil && strings.TrimSpace(name) != "" {
			x.header.Set(strings.TrimSpace(name), value)
		}
	}
	x.header.Set("Content-Type", "application/json")
	go x.run()
	return x, nil
}

// Span takes an event for local.Options.Spans. It does not block.
func (x *Exporter) Span(e local.Event) {
	select {
	case x.events <- e:
	default:
	}
}

// Close sends what waits. Later spans are lost.
func (x *Exporter) Close() {
	close(x.quit)
	<-x.done
}

func (x *Exporter) run() {
	defer close(x.done)
	tick := time.NewTicker(every)
	defer tick.Stop()
	var list []local.Event
	for {
		select {
		case <-x.quit:
			for len(x.events) > 0 {
				list = append(list, <-x.events)
			}
			x.send(list)
			return
		case e := <-x.events:
			if list = append(list, e); len(list) < batch {
				continue
			}
		case <-tick.C:
		}
		x.send(list)
		list = list[:0]
	}
}

// send sends spans; the first failure after a success is logged.
func (x *Exporter) send(list []local.Event) {
	if len(list) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := x.post(ctx, list)
	if err != nil && !x.failed {
		x.log.Warn("traces cannot be sent to the collector", "error", err)
	}
	x.failed = err != nil
}

func (x *Exporter) post(ctx context.Context, list []local.Event) error {
	text, err := json.Marshal(request(list))
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, x.url, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header = x.header.Clone()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s answers %s", x.url, resp.Status)
	}
	return nil
}

// The JSON form of ExportTraceServiceRequest (opentelemetry-proto, collector/trace/v1).
type (
	exportRequest struct {
		ResourceSpans []resourceSpans `json:"resourceSpans"`
	}
	resourceSpans struct {
		Resource   resource     `json:"resource"`
		ScopeSpans []scopeSpans `json:"scopeSpans"`
	}
	resource struct {
		Attributes []attribute `json:"attributes"`
	}
	scopeSpans struct {
		Scope scope  `json:"scope"`
		Spans []span `json:"spans"`
	}
	scope struct {
		Name string `json:"name"`
	}
	span struct {
		TraceID    string      `json:"traceId"`
		SpanID     string      `json:"spanId"`
		Parent     string      `json:"parentSpanId,omitempty"`
		Name       string      `json:"name"`
		Kind       int         `json:"kind"`
		Start      string      `json:"startTimeUnixNano"`
		End        string      `json:"endTimeUnixNano"`
		Attributes []attribute `json:"attributes,omitempty"`
		Status     *status     `json:"status,omitempty"`
	}
	status struct {
		Code    int    `json:"code"`
		Message string `json:"message,omitempty"`
	}
	attribute struct {
		Key   string            `json:"key"`
		Value map[string]string `json:"value"`
	}
)

// request groups spans by their Worker, which is the service.
func request(list []local.Event) exportRequest {
	var q exportRequest
	groups := map[string]int{}
	for _, e := range list {
		i, ok := groups[e.Worker]
		if !ok {
			i = len(q.ResourceSpans)
			groups[e.Worker] = i
			q.ResourceSpans = append(q.ResourceSpans, resourceSpans{resource{[]attribute{attributeOf("service.name", e.Worker)}}, []scopeSpans{{Scope: scope{"grove.place/lattice"}}}})
		}
		s := &q.ResourceSpans[i].ScopeSpans[0]
		s.Spans = append(s.Spans, spanOf(e))
	}
	return q
}
