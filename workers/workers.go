// Package workers is the SDK for Cloudflare Workers in Go: a Worker is an http.Handler, and optionally handles cron triggers, queues and calls
// of other Workers. The same module runs on Cloudflare and on the local host.
//
//	func main() {
//		http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
//			fmt.Fprintln(w, "hello from", workers.Getenv(r.Context(), "REGION"))
//		})
//		workers.Serve(nil)
//	}
//
// One Go instance serves all requests and all Durable Objects of an isolate: package-level variables are shared by them, as
// module-level variables are in JavaScript. Everything that reaches outside takes the context of the event that it
// works for; that context ends with the event.
//
// Start with Serve, or Run for a Worker with several handlers. Bindings are packages below this one (d1, kv, r2, queues, cache and others), Durable Object
// classes are in package durables, and tests begin with package latticetest.
//
// See https://developers.cloudflare.com/workers/.
package workers

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/guest"
	"grove.place/lattice/workers/queues"
)

// Worker is the set of handlers that a module exports. Durable Object classes are exported by importing their packages.
type Worker struct {
	// Fetch answers HTTP requests. It may stream, flush, and read the request body while it writes.
	// See https://developers.cloudflare.com/workers/runtime-apis/handlers/fetch/.
	Fetch http.Handler
	// Scheduled is called by cron triggers; an error marks the run as failed.
	// See https://developers.cloudflare.com/workers/runtime-apis/handlers/scheduled/.
	Scheduled func(ctx context.Context, event ScheduledEvent) error
	// Queue is called with a batch of messages of a queue that the Worker consumes. Messages that it neither acknowledged nor asked to
	// be retried are acknowledged when it returns nil, and retried when it returns an error or panics.
	// See https://developers.cloudflare.com/queues/configuration/javascript-apis/#consumer.
	Queue func(ctx context.Context, batch *queues.Batch) error
}

// ScheduledEvent tells which cron trigger fired, and for when.
type ScheduledEvent struct {
	// Cron is the expression as it stands in wrangler.toml.
	Cron string
	// ScheduledTime is when the run was due.
	ScheduledTime time.Time

	ctx context.Context
}

// NoRetry says that the run is not to be repeated if it fails. The context of the handler must not have ended.
//
// See https://developers.cloudflare.com/workers/runtime-apis/handlers/scheduled/.
func (e ScheduledEvent) NoRetry() error {
	if e.ctx == nil {
		return errors.New("workers: NoRetry belongs to an event that a handler got")
	}
	return guest.Do(e.ctx, abi.OpNoRetry, nil)
}

// Run exports w and serves events for ever. Call it at the end of main. Natively it prints how to run the Worker and exits.
func Run(w Worker) {
	install()
	exported := guest.Worker{Fetch: w.Fetch}
	if w.Scheduled != nil {
		exported.Scheduled = func(ctx context.Context, cron string, at time.Time) error {
			return w.Scheduled(ctx, ScheduledEvent{cron, at, ctx})
		}
	}
	if w.Queue != nil {
		exported.Queue = queues.Handler(w.Queue)
	}
	guest.SetWorker(exported)
	guest.Serve()
}

// Serve runs a Worker that answers HTTP requests with h, or with http.DefaultServeMux when h is nil, and never returns.
func Serve(h http.Handler) {
	ServeNonBlock(h)
	Ready()
	<-Done()
}

// ServeNonBlock is Serve for a main that exports other handlers as well, one after the other, and calls Ready then.
func ServeNonBlock(h http.Handler) {
	if h == nil {
		h = http.DefaultServeMux
	}
	guest.Exports().Fetch = h
}

// Ready says that main has exported its handlers: events come from now on. Natively it prints how to run the Worker and exits.
func Ready() {
	install()
	guest.Ready()
}

// Done returns a channel for main to wait on after Ready. It is never closed, since the Go instance serves events until the host ends it.
func Done() <-chan struct{} { return nil }

// install sends what slog and log print to the host's console.
func install() { slog.SetDefault(slog.New(newLogHandler())) }

var newLogHandler = guest.NewConsoleHandler

// LogJSON has slog write each record as one JSON object, with timestamp, level, message and the attributes, where it writes text otherwise. Workers Logs
// and `wrangler tail --format=json` can then be searched by attribute; lattice dev shows such lines as it shows text. Call it before Run.
//
// See https://developers.cloudflare.com/workers/observability/logs/workers-logs/.
func LogJSON() { newLogHandler = guest.NewJSONConsoleHandler }

// WaitUntil runs f in a goroutine of its own and keeps the event of ctx alive until it returns, also after the response was
// sent. The context that f gets outlives the request's. An error of f is logged.
//
// See https://developers.cloudflare.com/workers/runtime-apis/context/#waituntil.
func WaitUntil(ctx context.Context, f func(ctx context.Context) error) {
	guest.WaitUntil(ctx, f)
}

// CF returns the request's `cf` object as JSON, or nothing where the host has none.
//
// See https://developers.cloudflare.com/workers/runtime-apis/request/#incomingrequestcfproperties.
func CF(r *http.Request) []byte { return guest.CF(r.Context()) }

// Error is a failure with a name and properties, as it crosses between Workers, objects and JavaScript. Get at it with errors.As:
//
//	var failed *workers.Error
//	if errors.As(err, &failed) && failed.Retryable { … }
//
// Its fields are
//
//	Name               string         // the class of the error: "Error", "TypeError", "RangeError", …
//	Message            string         // what went wrong
//	Remote             bool           // the object or service that was called has thrown it
//	Retryable          bool           // the call may not have arrived: try it again if it may run twice
//	Overloaded         bool           // the object has more requests than it can handle: do not try again at once
//	DurableObjectReset bool           // the object was reset: get a new stub, whose call goes to a fresh instance
//	Cause              error          // its `cause`, and what a Go error wraps; Unwrap returns it
//	Props              map[string]any // its other own properties
//	Stack              string         // of JavaScript or Go, where there is one
//
// and its method Error returns the message, with the name before it unless that is plain "Error".
//
// See https://developers.cloudflare.com/durable-objects/best-practices/error-handling/.
type Error = guest.Error

// NewError returns an error that callers, also those in JavaScript, see under this name and message.
func NewError(name, message string) *Error { return guest.NewError(name, message) }
