package guest

import (
	"context"
	"net/http"
	"runtime"
	"sort"
	"time"

	"grove.place/lattice/internal/abi"
)

// Worker is what a module exports besides object classes.
type Worker struct {
	Fetch     http.Handler
	Scheduled func(ctx context.Context, cron string, at time.Time) error
	Queue     func(ctx context.Context, queue string, messages []abi.QueueDelivery) (abi.Object, error)
}

// ObjectID is the identity of an object as its constructor learns it.
type ObjectID struct {
	Hex  string
	Name *string
	// Props are those of ctx.props: an Object, empty as a rule.
	Props abi.Value
}

// AlarmInfo tells an alarm handler which run of which alarm this is.
type AlarmInfo struct {
	// ScheduledTime is when the alarm was due; it stays the same over retries.
	ScheduledTime time.Time
	// RetryCount is the number of failed runs before this one.
	RetryCount int
	// IsRetry reports whether an earlier run of this alarm failed.
	IsRetry bool
}

// Class is a Durable Object class of the module.
type Class interface {
	Construct(ctx context.Context, id ObjectID) (Instance, error)
	// Describe returns the class for the manifest; types collects the TypeScript declarations it needs.
	Describe(types *Types) abi.Object
}

// Instance is a live object.
type Instance interface {
	// RPC calls a method with encoded arguments and returns the encoded result, after Headroom bytes.
	RPC(ctx context.Context, method string, args []byte) ([]byte, error)
	Alarm(ctx context.Context, info AlarmInfo) error
	// WebSocket handles an event of a hibernating socket; conn is what Sockets.New made.
	WebSocket(ctx context.Context, conn any, e abi.SocketEvent) error
	// Handler serves fetch, or is nil.
	Handler() http.Handler
}

// UsesSockets is set by programs that open TCP connections, whose bundle needs cloudflare:sockets.
var UsesSockets bool

var (
	worker  Worker
	classes = map[string]Class{}
)

// SetWorker sets the handlers that Serve exports.
func SetWorker(w Worker) { worker = w }

// Exports is what Serve exports, for who sets one handler after the other.
func Exports() *Worker { return &worker }

// Register adds an object class to the module. Two classes of one name are a programming error.
func Register(name string, c Class) {
	if classes[name] != nil {
		panic("lattice: two Durable Object classes are called " + name)
	}
	classes[name] = c
}

// Manifest describes the module to the build.
func Manifest() abi.Value {
	names := make([]string, 0, len(classes))
	for name := range classes {
		names = append(names, name)
	}
	sort.Strings(names)
	types := NewTypes()
	list, entries := abi.Array{}, abi.Array{}
	for _, name := range names {
		list = append(list, classes[name].Describe(types))
	}
	if entrypoints != nil {
		entries = entrypoints.describe(types)
	}
	return abi.Object{
		{Name: "abi", Value: int64(abi.Version)},
		{Name: "go", Value: runtime.Version()},
		{Name: "fetch", Value: worker.Fetch != nil},
		{Name: "scheduled", Value: worker.Scheduled != nil},
		{Name: "queue", Value: worker.Queue != nil},
		{Name: "sockets", Value: UsesSockets},
		{Name: "classes", Value: list},
		{Name: "entrypoints", Value: entries},
		{Name: "types", Value: types.Declarations()},
	}
}
