// Package local runs a Lattice module on this machine: the local host that `lattice dev` serves from, and that tests start
// in their own process. It runs the same app.wasm as Cloudflare, on wazero, with Durable Objects whose storage is
// SQLite files, input and output gates and alarms, with D1, KV, R2, queues, the cache and static assets, and an HTTP front door.
//
//	h, err := local.New(ctx, local.Options{Module: wasm, Objects: map[string]string{"COUNTERS": "Counter"}, Dir: ".lattice"})
//	http.ListenAndServe("127.0.0.1:8787", h)
//
// The descriptors of the SDK work natively against a host: pass Host.Context where a handler would pass its own context.
//
// Start with New; for tests with StartTest (or package latticetest, which reads the configuration), VirtualClock, Host.Storage to look into objects, Host.Inject
// for faults, and Simulate for orders of events that a seed chooses. docs/testing.md has it all with examples.
package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"grove.place/lattice/internal/guest"
	"grove.place/lattice/local-runtime/internal/clock"
	"grove.place/lattice/local-runtime/internal/host"
	"grove.place/lattice/local-runtime/internal/storage"
)

// Options is what a Host runs and how. Module is required, everything else has a default.
type Options struct {
	Module []byte // app.wasm
	// Classes is a script that sets the global variable latticeClasses to an object with the Durable Object classes of a Module that is a program of
	// github.com/syumai/workers: those have no classes of their own.
	Classes []byte
	Name    string // of the Worker; object ids depend on it. Default "worker"

	Objects     map[string]string        // Durable Object binding → class
	Databases   map[string]Database      // D1 binding → database
	Queues      map[string]string        // queue producer binding → queue
	QueueDelays map[string]time.Duration // queue producer binding → delay of messages that have none of their own, up to a day
	Consumers   map[string]Consumer      // queue → how this Worker consumes it
	Buckets     map[string]string        // R2 binding → bucket
	KV          map[string]string        // KV binding → namespace
	RemoteKV    map[string]KVStore       // KV binding → where its namespace is, when that is elsewhere
	RemoteD1    map[string]D1Store       // D1 binding → where its database is, when that is elsewhere. Migrations and seeds are not applied to it
	RemoteR2    map[string]R2Store       // R2 binding → where its bucket is, when that is elsewhere
	RateLimits  map[string]RateLimit     // rate limiting binding → what it allows
	Analytics   map[string]string        // Analytics Engine binding → dataset
	Version     string                   // binding of the version metadata. Default: none
	Assets      *Assets                  // static files. Default: none
	Vars        map[string]string        // variables and secrets
	JSONVars    map[string]string        // variables that are not strings, as JSON
	Services    map[string]string        // service binding → Worker: this one, or another of its Session
	Entrypoints map[string]Entrypoint    // service binding → what it goes to in that Worker. Default: its default entrypoint
	Scripts     map[string]string        // Durable Object binding → Worker of the Session that has its class. Default: this one
	Others      map[string]string        // binding → kind, of bindings that exist but are not served here

	Dir      string // where objects and databases are stored. Default: a temporary directory that Close removes
	CacheDir string // where compiled code is kept for the next start. Default: nowhere
	Isolates int    // Go instances. Default: the number of processors
	Clock    Clock  // Default: the machine's clock
	Logger   *slog.Logger
	Network  http.RoundTripper // performs outbound requests. Default: the network
	Watch    Watch             // what the log warns of. Default: nothing
	Spans    func(Event)       // hears of the same as Observe, and of operations of bindings and requests to the network. Default: nothing is traced
	Observe  func(Event)       // hears of each event that has ended, on any goroutine; it must not block. Default: nothing is noted

	// KeepNames remembers in files under which names objects were reached, so that Objects knows them after a restart as well.
	KeepNames bool

	// MemoryLimit is the memory of a Go instance, in bytes. An instance that needs more ends: whatever is in flight in it fails with an error that says so,
	// objects are constructed again in the next one. Default: Cloudflare's 128 MB.
	MemoryLimit int64
	// CPULimit ends an instance that runs for longer without waiting for anything, such as in an endless loop. It is measured by the machine's clock, and
	// checking it makes the program two to five times slower. Default: none.
	CPULimit time.Duration

	// Seed makes the host deterministic, unless it is 0: one Go instance, a virtual clock, randomness that comes of the seed, and an order of
	// deliveries that the seed chooses among those that the platform allows. The same program, seed and calls give the same Trace, byte for byte. Such
	// a host has no goroutine: it runs in the calls of its methods, and its clock moves to the next timer when they can only wait for that.
	// Clients that run at the same time need a Sim. Network must not call the host back.
	Seed uint64
	// Trace gets a line for each thing that happens: the time since the start, the frame, its object, and a digest of what was passed.
	Trace io.Writer

	keepModule bool
	still      bool // no alarm fires
}

// Database is a D1 database.
type Database struct {
	ID              string // names its file. Default: the binding
	Migrations      string // folder of migrations that are applied at start. Default: none
	MigrationsTable string // table of those that were applied. Default: d1_migrations, as wrangler's
	Seed            string // file of SQL statements that run once, when the database is new, after the migrations. Default: none
}

// Entrypoint is what a service binding goes to in its Worker:
//
//	Name  string // default: the Worker's own handlers, and the methods of its default entrypoint
//	Props any    // what workers.Props gets, a struct or a map. Default: an empty one
type Entrypoint = host.Entrypoint

// MigrationFiles lists the migrations of a folder in the order in which they are applied.
func MigrationFiles(dir string) ([]string, error) { return storage.MigrationFiles(dir) }

// Consumer is how the Worker consumes a queue. Zero values are Cloudflare's defaults:
//
//	MaxBatchSize    int           // messages; 10
//	MaxBatchTimeout time.Duration // how long a batch that is not full waits; 5 s; less than 0: not at all
//	MaxRetries      int           // 3; less than 0: none
//	DeadLetterQueue string        // where messages go that have failed too often; empty: they are dropped
//	RetryDelay      time.Duration // before a message is delivered again; 0
type Consumer = host.Consumer

// Watch says what a host warns of, once for each place in the program: turns that compute for long, events that have no answer for long, goroutines that go on
// when no event does. Zero values warn of nothing:
//
//	Turn       time.Duration // a turn that computes for longer
//	Event      time.Duration // an event that has no answer for longer
//	Goroutines time.Duration // goroutines that no event began, which still run after longer
//
// A host with Turn runs the program with probes, as Profile does.
type Watch = host.Watch

// RateLimit is what a rate limiting binding allows under each key:
//
//	Namespace string        // bindings of one namespace count together
//	Limit     int           // at least 1
//	Period    time.Duration // 10 seconds or a minute
type RateLimit = host.RateLimit

// DataPoint is a point of an Analytics Engine dataset: its Time in full seconds, Index, Blobs and Doubles.
type DataPoint = storage.DataPoint

// Assets are static files that are served without the Worker:
//
//	Dir         string   // folder with the files
//	Binding     string   // service binding that serves them to the Worker; empty: none
//	WorkerFirst []string // paths that the Worker answers first, "/*" for all; a path with "!" before it is excepted
//	HTML        string   // html_handling. Default: auto-trailing-slash
//	NotFound    string   // not_found_handling. Default: none, the Worker answers
//
// NavigationHasNoEffect leaves what there is no file for to the Worker, also where a browser navigates to it: the compatibility flag
// assets_navigation_has_no_effect, and what dates before 2025-04-01 mean.
//
// See https://developers.cloudflare.com/workers/static-assets/.
type Assets = host.Assets

// Clock is the time of a host: nil for the machine's, a *VirtualClock or an *AdjustableClock. Its methods are Now, and AfterFunc, which calls a function after a
// time and returns what prevents that.
type Clock = clock.Clock

// VirtualClock stands still until Advance moves it. Timers and alarms of the host fire while it moves, in order, and each has
// done its work before the next fires.
//
//	Now() time.Time
//	Advance(d time.Duration)         // moves it; returns when what was due has been done
//	Next() (at time.Time, ok bool)   // when the next timer is due, if there is one
//
// AfterFunc, OnAdvance, OnDue and Take are for the host.
type VirtualClock = clock.Virtual

// NewVirtualClock returns a clock that stands at start.
func NewVirtualClock(start time.Time) *VirtualClock { return clock.NewVirtual(start) }

// Host runs one module.
type Host struct {
	// Clock is the host's virtual clock, or nil when it runs on the machine's.
	Clock *VirtualClock

	session   *Session // nil: the host is alone
	host      atomic.Pointer[host.Host]
	config    host.Config
	restarts  uint64
	temporary string
}

// current is the host that runs; Restart replaces it.
func (h *Host) current() *host.Host { return h.host.Load() }

// Object is a Durable Object that is in memory or has stored something:
//
//	ID   string
//	Name string // under which it was reached, if that is known
//	Live bool   // in memory
type Object = host.Object

var errNoModule = errors.New("there is no module to run: set Options.Module to the bytes of app.wasm")

// New compiles the module and starts a host. Go instances start with their first event.
func New(ctx context.Context, o Options) (*Host, error) {
	if len(o.Module) == 0 {
		return nil, errNoModule
	}
	h := &Host{}
	if o.Seed != 0 && o.Clock == nil {
		o.Clock = NewVirtualClock(testStart)
	}
	h.Clock, _ = o.Clock.(*VirtualClock)
	if o.Dir == "" {
		dir, err := os.MkdirTemp("", "lattice-")
		if err != nil {
			return nil, fmt.Errorf("make a directory for storage: %w", err)
		}
		o.Dir, h.temporary = dir, dir
	}
	h.config = o.config(h)
	running, err := host.New(ctx, h.config)
	if err != nil {
		return nil, errors.Join(err, h.removeTemporary())
	}
	h.host.Store(running)
	return h, nil
}

// config is what the host inside of h runs with.
func (o Options) config(h *Host) host.Config {
	vars := map[string]host.Var{}
	for name, v := range o.Vars {
		vars[name] = host.Var{Value: v}
	}
	for name, v := range o.JSONVars {
		vars[name] = host.Var{Value: v, JSON: true}
	}
	databases := map[string]host.Database{}
	for binding, d := range o.Databases {
		databases[binding] = host.Database(d)
	}
	return host.Config{
		Module: o.Module, Classes: o.Classes, Script: o.Name, Objects: o.Objects, Databases: databases,
		Queues: o.Queues, QueueDelays: o.QueueDelays, Consumers: o.Consumers, Buckets: o.Buckets, KV: o.KV, RemoteKV: o.RemoteKV, RemoteD1: o.RemoteD1, RemoteR2: o.RemoteR2, RateLimits: o.RateLimits, Analytics: o.Analytics, Version: o.Version, Assets: o.Assets, Vars: vars, Services: o.Services, Entrypoints: o.Entrypoints, Scripts: o.Scripts, Others: o.Others,
		Dir: o.Dir, CacheDir: o.CacheDir, Isolates: o.Isolates, MemoryLimit: o.MemoryLimit, CPULimit: o.CPULimit, Clock: o.Clock, Logger: o.Logger, Network: o.Network, Observe: o.Observe, Watch: o.Watch, Spans: o.Spans,
		Seed: o.Seed, Trace: o.Trace, KeepModule: o.keepModule, KeepNames: o.KeepNames, Still: o.still, Native: transport{h},
	}
}

// transport sends operations to the host that runs now.
type transport struct{ h *Host }

// Invoke implements guest.Transport.
func (t transport) Invoke(ctx context.Context, op uint32, request []byte) ([]byte, error) {
	return t.h.current().Invoke(ctx, op, request)
}

// Start implements guest.Starter.
func (t transport) Start(ctx context.Context, op uint32, request []byte) (wait func() ([]byte, error)) {
	return t.h.current().Start(ctx, op, request)
}

// TakesCalls implements guest.CallTransport.
func (t transport) TakesCalls() {}

// Call implements host.NativeCode.
func (t transport) Call(number uint64, path []string, args []byte) []byte {
	return guest.CallOutside(t.h.Context(), number, path, args)
}

// Released implements host.NativeCode.
func (t transport) Released(number uint64) { guest.ReleaseOutside(number) }

// Context returns a context whose operations reach this host: the SDK's descriptors work with it as they do in a handler of the Worker.
func (h *Host) Context() context.Context {
	return guest.WithTransport(context.Background(), transport{h})
}

// ServeHTTP gives a request to the Worker.
func (h *Host) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.current().ServeHTTP(w, r) }

// Scheduled sends the Worker a scheduled event and waits for its handler.
func (h *Host) Scheduled(ctx context.Context, cron string, at time.Time) error {
	_, err := h.ScheduledOutcome(ctx, cron, at)
	return err
}

// ScheduledOutcome is Scheduled, and reports whether the handler called NoRetry.
func (h *Host) ScheduledOutcome(ctx context.Context, cron string, at time.Time) (noRetry bool, err error) {
	return h.current().Scheduled(ctx, cron, at)
}

// InUse says which process has a local host on a storage folder, or returns nil.
func InUse(dir string) error { return host.InUse(dir) }

// Objects lists the objects of a class, by name and id.
func (h *Host) Objects(class string) ([]Object, error) { return h.current().Objects(class) }

// Object describes an object, and reports whether there is one, as Objects has them.
func (h *Host) Object(class, object string) (o Object, found bool, err error) {
	return h.current().Object(class, object)
}

// ObjectID returns the id of an object, given its name or its id.
func (h *Host) ObjectID(class, object string) (string, error) {
	return h.current().ObjectID(class, object)
}

// Evict takes an idle object out of memory, as ten idle seconds do. The object is named by its name or its id. It reports false when the object was
// not in memory, and fails when it is busy.
func (h *Host) Evict(class, object string) (bool, error) { return h.current().Evict(class, object) }

// EvictAll takes every idle object out of memory, and returns how many there were.
func (h *Host) EvictAll() (int, error) { return h.current().EvictAll() }

// RunAlarm runs an object's alarm now and waits for its handler. The object is named by its name or its id. It reports false when no alarm is set.
// While the handler runs already it waits, and then runs the alarm that follows, if one does.
func (h *Host) RunAlarm(class, object string) (bool, error) {
	return h.current().RunAlarm(class, object)
}

// DataPoints returns what was written to a dataset of Analytics Engine, in order.
func (h *Host) DataPoints(dataset string) ([]DataPoint, error) {
	return h.current().DataPoints(dataset)
}

// Crash ends the Go instances of the module, as a fatal error in them does. What runs fails with the cause; what was not committed is lost; the next event
// starts a fresh instance, and objects are constructed again.
func (h *Host) Crash(cause string) error { return h.current().Crash("the Go program exited: " + cause) }

// Restart ends the host and starts another on the same folder, with the same clock, as the end of a process does: also faults are gone. What runs
// fails. In a simulation every client must have ended; Crash works with clients that go on. All Workers of a Session start again.
func (h *Host) Restart(ctx context.Context) error {
	if n := h.current().Clients(); n > 0 {
		return fmt.Errorf("restart the host: %d clients of the simulation still run: let Run return before, or use Crash", n)
	}
	if h.session != nil {
		return h.session.restart(ctx)
	}
	if err := h.current().Close(); err != nil {
		return err
	}
	config := h.config
	h.restarts++
	if config.Seed != 0 { // not the same randomness once more
		config.Seed += h.restarts << 32
	}
	next, err := host.New(ctx, config)
	if err != nil {
		return err
	}
	h.host.Store(next)
	return nil
}

// Memory returns the bytes of Wasm memory that the module's instances use.
func (h *Host) Memory() int64 { return h.current().Memory() }

// reloadPatience is how long Reload waits for requests that run.
var reloadPatience = 3 * time.Second

// Reload replaces the module. Stored state stays. Requests that run may finish; those that take longer than three seconds
// fail with an error that says why. When the new module is unusable the old one keeps running.
func (h *Host) Reload(ctx context.Context, module []byte) error {
	if err := h.current().Replace(ctx, module, reloadPatience); err != nil {
		return err
	}
	h.config.Module = module
	return nil
}

// Worker returns another Worker of the host's Session by its name, or nil when there is none that runs.
func (h *Host) Worker(name string) *Host {
	switch {
	case h.current().Name() == name:
		return h
	case h.session == nil:
		return nil
	}
	return h.session.Worker(name)
}

// Profile finds out for a while what the Worker spends its time on, by function and line, and writes that to w, for "go tool pprof". It counts a hundred times
// in a second of computing; what waits is not counted. The module is compiled again with a question in each function and loop, and takes over as a new build does
// in Reload, before and after: objects are constructed again. It fails in a simulation.
func (h *Host) Profile(ctx context.Context, d time.Duration, w io.Writer) error {
	return h.current().Profile(ctx, d, reloadPatience, w)
}

// Close ends the host. Everything that was acknowledged is stored. In a Session, calls that other Workers make of it have three seconds to end.
func (h *Host) Close() error {
	if h.session != nil {
		return h.session.end(h)
	}
	return errors.Join(h.current().Close(), h.removeTemporary())
}

func (h *Host) removeTemporary() error {
	if h.temporary == "" {
		return nil
	}
	return os.RemoveAll(h.temporary)
}
