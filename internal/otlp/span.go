package otlp

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	local "grove.place/lattice/local-runtime"
)

// Kinds of spans (opentelemetry-proto, trace/v1).
const (
	internal = 1
	server   = 2
	client   = 3
	producer = 4
	consumer = 5
)

// handlers are what Cloudflare's traces call the kinds of events (cloudflare.handler_type), and what started them (faas.trigger), where that is said.
var handlers = map[string]struct {
	kind          int
	name, trigger string
}{
	"request": {server, "fetch", "http"}, "fetch": {server, "fetch", ""}, "rpc": {server, "jsrpc", ""},
	"alarm": {internal, "alarm", ""}, "scheduled": {internal, "scheduled", "cron"}, "queue": {consumer, "queue", "queue"},
	"message": {server, "webSocketMessage", ""}, "close": {server, "webSocketClose", ""}, "error": {server, "webSocketError", ""},
}

func attributeOf(key string, value any) attribute {
	if n, ok := value.(int64); ok {
		return attribute{key, map[string]string{"intValue": strconv.FormatInt(n, 10)}}
	}
	return attribute{key, map[string]string{"stringValue": fmt.Sprint(value)}}
}

func spanOf(e local.Event) span {
	s := span{
		TraceID: hex.EncodeToString(e.Trace[:]), SpanID: hex.EncodeToString(e.Span[:]),
		Start: strconv.FormatInt(e.Began.UnixNano(), 10), End: strconv.FormatInt(e.Began.Add(e.Took).UnixNano(), 10),
	}
	for _, parent := range [][8]byte{e.CauseSpan, e.Remote} {
		if parent != [8]byte{} && s.Parent == "" {
			s.Parent = hex.EncodeToString(parent[:])
		}
	}
	s.name(e)
	add := func(key string, value any) {
		if value != "" && value != int64(0) {
			s.Attributes = append(s.Attributes, attributeOf(key, value))
		}
	}
	add("cloudflare.entrypoint", e.Class)
	add("cloudflare.durable_object.id", e.ID)
	add("lattice.object", e.Object)
	add("http.response.status_code", int64(e.Status))
	if e.Attributes != nil {
		for _, a := range *e.Attributes {
			s.Attributes = append(s.Attributes, attributeOf(a.Key, a.Value))
		}
	}
	if e.Failed != "" || e.Status >= 500 {
		s.Status = &status{2, e.Failed}
	}
	return s
}

// name gives a span its name and kind, and says what the name says. Names follow OpenTelemetry's conventions, but that those of requests have their paths: a
// machine of its own has few of them.
func (s *span) name(e local.Event) {
	s.Name, s.Kind = e.Name, client
	h, handled := handlers[e.Kind]
	if !handled { // an operation, or a request to the network
		if strings.HasPrefix(e.Name, "queue_") {
			s.Kind = producer
		}
		return
	}
	s.Kind = h.kind
	say := func(key, value string) { s.Attributes = append(s.Attributes, attributeOf(key, value)) }
	say("cloudflare.handler_type", h.name)
	if h.trigger != "" {
		say("faas.trigger", h.trigger)
	}
	switch e.Kind {
	case "request", "fetch":
		if method, path, ok := strings.Cut(e.Name, " "); ok {
			say("http.request.method", method)
			say("url.path", path)
		}
	case "rpc":
		say("jsrpc.method", e.Name)
		if e.Class != "" {
			s.Name = e.Class + "/" + e.Name
		}
	case "scheduled":
		s.Name = "scheduled " + e.Name
		say("faas.cron", e.Name)
	case "queue":
		queue, size, _ := strings.Cut(e.Name, " × ")
		s.Name = "process " + queue
		say("messaging.destination.name", queue)
		say("cloudflare.queue.name", queue)
		if n, err := strconv.ParseInt(size, 10, 64); err == nil {
			s.Attributes = append(s.Attributes, attributeOf("cloudflare.queue.batch_size", n))
		}
	default:
		s.Name = h.name
	}
}
