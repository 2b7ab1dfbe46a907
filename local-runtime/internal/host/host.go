// Package host is the local host: isolates with their event loops, Durable Objects with their gates and storage, alarms, bodies,
// D1, outbound requests and the HTTP front door. It is the other side of docs/abi.md.
//
// An Isolate is one Go instance and everything that lives in it, owned by one goroutine: no lock is held while anything
// waits. What comes from elsewhere is posted to its loop. Start with Isolate.turn, the one way into a guest, then Isolate.Call,
// the one way out of it.
package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/assets"
	"grove.place/lattice/local-runtime/internal/clock"
	"grove.place/lattice/local-runtime/internal/isolate"
	"grove.place/lattice/local-runtime/internal/profile"
	"grove.place/lattice/local-runtime/internal/storage"
)

// Config is what a Host runs and with what.
type Config struct {
	Session     *Session // whose Worker it is; then it needs no Dir, Clock, Seed and Trace. nil: one of its own
	Module      []byte
	Classes     []byte                   // script with the classes, when Module is a program of github.com/syumai/workers
	Script      string                   // the Worker's name
	Objects     map[string]string        // binding → class
	Databases   map[string]Database      // binding → D1 database
	Queues      map[string]string        // binding → queue
	QueueDelays map[string]time.Duration // binding → how long messages wait that say nothing of it
	Consumers   map[string]Consumer      // queue → how the Worker consumes it
	Buckets     map[string]string        // binding → R2 bucket
	KV          map[string]string        // binding → KV namespace
	RemoteKV    map[string]KVStore       // binding of KV → where it is instead
	RemoteD1    map[string]D1Store       // binding of Databases → where it is instead
	RemoteR2    map[string]R2Store       // binding of Buckets → where it is instead
	RateLimits  map[string]RateLimit     // by binding
	Analytics   map[string]string        // binding → dataset
	Version     string                   // binding of the version metadata; "": none
	Assets      *Assets                  // nil: none
	Vars        map[string]Var
	Services    map[string]string     // binding → name of the Worker
	Entrypoints map[string]Entrypoint // service binding → what it goes to in that Worker; what is not here goes to its default entrypoint
	Scripts     map[string]string     // binding → name of the Worker that has the class of that binding in Objects; unless it is this one
	Others      map[string]string     // binding → kind, of bindings that exist but are not served
	Dir         string                // where storage is kept
	CacheDir    string                // where compiled code is kept
	Isolates    int

	MemoryLimit int64         // bytes of an instance; 0: as on Cloudflare
	CPULimit    time.Duration // of a turn; 0: none

	Clock   clock.Clock
	Logger  *slog.Logger
	Network http.RoundTripper // for outbound requests
	Watch   Watch             // what to warn of
	Spans   func(Event)       // hears of the same, and of operations of bindings and outbound requests; nil: nothing is traced
	Observe func(Event)       // hears of what has ended, on any goroutine; it must not block. nil: nothing is noted
	Native  NativeCode        // what native code passes on; nil: nothing

	Seed       uint64    // orders everything; 0: it comes as it comes
	Trace      io.Writer // gets a line for each thing that happens; nil: none
	KeepNames  bool      // of objects, in files
	Still      bool      // no alarm fires: nothing runs
	KeepModule bool      // keep the compiled module in memory for the process's next host
}

// Database is a D1 database.
type Database struct {
	ID              string // names the file
	Migrations      string // directory of migrations that are applied at start; may be empty
	MigrationsTable string // "": d1_migrations
	Seed            string // file of statements that run once, in a database that is new, after the migrations; may be empty
}

// Var is an environment variable or secret.
type Var struct {
	Value string
	JSON  bool // Value is JSON text of something other than a string
}

// Host runs one Worker of a session.
type Host struct {
	*Session
	alone     bool // the session is the Host's own
	number    int  // in the session
	cfg       Config
	env       []byte               // encoded result of ENV
	version   string               // metadata of the version, as JSON; empty: none
	props     map[string]abi.Value // of service bindings
	isolates  []*Isolate
	databases map[string]D1Store // by binding
	queues    map[string]*queue  // by name, as all that follow
	buckets   map[string]R2Store
	kv        map[string]KVStore
	datasets  map[string]*storage.Dataset
	assets    *assets.Site // nil: none
	faults    faults
	names     names
	next      atomic.Uint32
	native    *native
	classes   classes
	closed    atomic.Bool
	done      chan struct{} // closed by Close

	door     sync.RWMutex // held by each request while it starts, and by Reload
	live     atomic.Int64 // frames that have not ended, except constructors'
	mu       sync.Mutex
	engine   *isolate.Engine
	watchdog watchdog
	sampling atomic.Pointer[profile.Profile] // nil: nobody wants to know
	programs map[*program]bool               // that run
	scripted map[key]*scripted               // objects whose class is JavaScript

	lastSocket atomic.Int64 // of programs
}

var safeName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

// New starts a host. The module is compiled here; instances start with their first event.
func New(ctx context.Context, cfg Config) (h *Host, err error) {
	s := cfg.Session
	if s == nil {
		if s, err = NewSession(SessionConfig{Dir: cfg.Dir, Clock: cfg.Clock, Logger: cfg.Logger, Seed: cfg.Seed, Trace: cfg.Trace}); err != nil {
			return nil, err
		}
		defer func() {
			if err != nil {
				err = errors.Join(err, s.Close())
			}
		}()
	}
	cfg.Dir, cfg.Clock, cfg.Seed = s.dir, s.clock, s.seed
	alone := cfg.Session == nil
	cfg = withDefaults(cfg)
	if err := checkNames(cfg); err != nil {
		return nil, err
	}
	props, err := encodeProps(cfg.Entrypoints)
	if err != nil {
		return nil, err
	}
	engine, err := compile(ctx, cfg, cfg.Module)
	if err != nil {
		return nil, err
	}
	if engine.IsProgram() && cfg.Seed != 0 {
		return nil, errors.Join(errors.New("a simulation (Options.Seed) runs modules of the Lattice SDK only, not programs of github.com/syumai/workers"), engine.Close())
	}
	h = &Host{
		Session: s, alone: alone, number: s.number(), cfg: cfg, engine: engine, props: props,
		databases: map[string]D1Store{}, queues: map[string]*queue{}, buckets: map[string]R2Store{}, kv: map[string]KVStore{}, datasets: map[string]*storage.Dataset{},
		done: make(chan struct{}), programs: map[*program]bool{}, scripted: map[key]*scripted{},
	}
	h.names = names{host: h, keep: cfg.KeepNames, byID: map[key]string{}, none: map[key]bool{}, read: map[string]bool{}}
	h.version = h.newVersion()
	h.env = isolate.Success(func(w *abi.Writer) { w.Value(environment(cfg, h.version)) })
	h.native = newNative(h)
	for i := range cfg.Isolates {
		h.isolates = append(h.isolates, newIsolate(h, i))
	}
	err = errors.Join(h.openDatabases(), h.openBuckets(), h.openKV(), h.openDatasets(), h.checkRateLimits(), h.openAssets())
	if err == nil {
		err = s.join(h)
	}
	if err == nil {
		err = h.openQueues()
	}
	if err == nil && !cfg.Still {
		err = h.loadAlarms()
	}
	if err != nil {
		return nil, errors.Join(err, h.stop(shuttingDown))
	}
	if h.sched == nil {
		go h.watch()
		if cfg.Watch.any() {
			go h.supervise()
		}
	}
	return h, nil
}

// Name returns the name of the Worker.
func (h *Host) Name() string { return h.cfg.Script }

// checkNames refuses names that make no names of folders.
func checkNames(cfg Config) error {
	for binding, class := range cfg.Objects {
		script := cmp.Or(cfg.Scripts[binding], cfg.Script)
		if !safeName.MatchString(namespace(script, class)) {
			return fmt.Errorf("binding %s: %q is not a name for a class of Worker %q: use letters, digits, _ and -", binding, class, script)
		}
	}
	return nil
}

func withDefaults(cfg Config) Config {
	if cfg.Script == "" {
		cfg.Script = "worker"
	}
	if cfg.Seed != 0 {
		cfg.Isolates = 1
	}
	if cfg.Isolates <= 0 {
		cfg.Isolates = runtime.NumCPU()
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Network == nil {
		cfg.Network = outbound()
	}
	return cfg
}

// Replace swaps the module for another. Storage stays, objects are constructed again. New requests wait while those that run have time to
// finish; the ones that do not fail with an error that says so.
func (h *Host) Replace(ctx context.Context, module []byte, patience time.Duration) error {
	engine, err := compile(ctx, h.cfg, module)
	if err != nil {
		return err
	}
	old, err := h.swap(ctx, engine, patience)
	if err != nil {
		return errors.Join(err, engine.Close())
	}
	return old.Close()
}

// swap lets another engine take over, and returns the one before.
func (h *Host) swap(ctx context.Context, engine *isolate.Engine, patience time.Duration) (old *isolate.Engine, err error) {
	h.work.settle() // of a seeded host, in which nothing else runs from here on
	h.door.Lock()
	defer h.door.Unlock()
	for _, s := range h.isolates {
		if !s.doWithin(stuckTime, func() { s.endOrdinary(restarting, replaced) }) {
			return nil, errStuck
		}
	}
	deadline := time.Now().Add(patience)
	for h.sched == nil && h.live.Load() > 0 && time.Now().Before(deadline) && ctx.Err() == nil {
		time.Sleep(5 * time.Millisecond)
	}
	if !h.endPrograms("the Worker was replaced by a new build while this request ran: try again") {
		return nil, errStuck
	}
	h.mu.Lock()
	old = h.engine
	h.engine = engine
	h.mu.Unlock()
	for _, s := range h.isolates {
		swapped := s.doWithin(stuckTime, func() {
			s.endOrdinary(restarting, replaced) // those of requests that did not end
			s.endHibernating(restarting, replaced)
			s.discard(abi.Errorf("the Worker was replaced by a new build while this request ran: try again"))
		})
		if !swapped {
			return nil, errStuck
		}
	}
	return old, nil
}

// replaced is the reason with which Replace closes WebSockets.
const replaced = "The Worker was replaced by a new build."

func compile(ctx context.Context, cfg Config, module []byte) (*isolate.Engine, error) {
	return isolate.Compile(ctx, module, engineConfig(cfg))
}

func engineConfig(cfg Config) isolate.Config {
	return isolate.Config{CacheDir: cfg.CacheDir, Keep: cfg.KeepModule, Probe: cfg.Watch.Turn > 0, Limits: isolate.Limits{Memory: cfg.MemoryLimit, CPU: cfg.CPULimit}}
}

// stuckTime is how long a guest that has to stop may run without waiting for anything.
const stuckTime = 5 * time.Second

var errStuck = errors.New("the module has been running for seconds without waiting for anything, perhaps in an endless loop: it cannot be stopped, so restart the process")

// watch warns once when a turn does not end.
func (h *Host) watch() {
	tick := time.NewTicker(stuckTime / 5)
	defer tick.Stop()
	warned := map[*Isolate]int64{}
	for first := true; ; first = false {
		select {
		case <-h.done:
			return
		case <-tick.C:
		}
		if first {
			debug.FreeOSMemory() // what compiling needed is not needed again
		}
		for _, s := range h.isolates {
			began := s.began.Load()
			if began != 0 && warned[s] != began && time.Since(time.Unix(0, began)) > stuckTime {
				warned[s] = began
				h.cfg.Logger.Warn("the module has been running for seconds without waiting for anything; what else is in its isolate waits", "isolate", s.index)
			}
		}
	}
}

func (h *Host) currentEngine() *isolate.Engine {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.engine
}

// runsPrograms reports whether the Worker is a program of its own for each event.
func (h *Host) runsPrograms() bool { return h.currentEngine().IsProgram() }

// shuttingDown is the reason with which a host ends what runs.
const shuttingDown = "the host is shutting down"

// Close ends the Worker, and its session if nobody else is in it. What was acknowledged is on disk.
func (h *Host) Close() error {
	if h.alone {
		return h.Session.Close()
	}
	return h.stop(shuttingDown)
}

// stop ends the Worker; what runs fails with a reason.
func (h *Host) stop(reason string) error {
	if h.closed.Swap(true) {
		return nil
	}
	h.leave(h)
	for _, q := range h.queues {
		q.quit(h)
	}
	close(h.done)
	if !h.endPrograms(reason) {
		return errStuck
	}
	for _, s := range h.isolates {
		if !s.doWithin(stuckTime, func() { s.close(reason) }) {
			return errStuck
		}
	}
	h.native.close()
	for _, s := range h.isolates {
		s.loop.stop()
	}
	h.waitStored()
	return h.engine.Close()
}

// isolateOf returns the isolate that an object lives in, and its facets.
func (h *Host) isolateOf(k key) *Isolate {
	f := fnv.New32a()
	f.Write([]byte(k.root()))
	return h.isolates[f.Sum32()%uint32(len(h.isolates))]
}

// nextIsolate returns isolates in turn, for events of the Worker.
func (h *Host) nextIsolate() *Isolate {
	return h.isolates[h.next.Add(1)%uint32(len(h.isolates))]
}

// path returns the storage file of an object.
func (h *Host) path(k key) string {
	return filepath.Join(h.cfg.Dir, "objects", h.namespace(k.class), strings.ReplaceAll(k.id, "/", ".facets/")+".sqlite")
}

func (h *Host) openDatabases() error {
	for binding, cfg := range h.cfg.Databases {
		if remote := h.cfg.RemoteD1[binding]; remote != nil {
			h.databases[binding] = remote
			continue
		}
		id := cmp.Or(cfg.ID, binding)
		if !safeName.MatchString(id) {
			return fmt.Errorf("D1 binding %s: %q is not a database id: use letters, digits, _ and -", binding, id)
		}
		d, err := h.database(id, cfg, h.cfg.Logger)
		if err != nil {
			return fmt.Errorf("D1 binding %s: %w", binding, err)
		}
		h.databases[binding] = d
	}
	return nil
}

func openDatabase(path string, cfg Database, log *slog.Logger) (*storage.D1, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	_, err := os.Stat(path)
	isNew := errors.Is(err, fs.ErrNotExist)
	d, err := storage.OpenD1(path)
	if err != nil {
		return nil, err
	}
	if err = prepareDatabase(d, cfg, isNew, log); err == nil {
		return d, nil
	}
	err = errors.Join(err, d.Close())
	if isNew && cfg.Seed != "" { // so that the next start finds it new again, and seeds it
		for _, suffix := range []string{"", "-wal", "-shm"} {
			os.Remove(path + suffix)
		}
	}
	return nil, err
}

func prepareDatabase(d *storage.D1, cfg Database, isNew bool, log *slog.Logger) error {
	if cfg.Migrations != "" {
		applied, err := d.Migrate(storage.Migrations{Dir: cfg.Migrations, Table: cfg.MigrationsTable})
		if err != nil {
			return err
		}
		for _, name := range applied {
			log.Info("applied migration", "name", name)
		}
	}
	if cfg.Seed == "" || !isNew {
		return nil
	}
	if err := d.Seed(cfg.Seed); err != nil {
		return err
	}
	log.Info("seeded the new database", "file", cfg.Seed)
	return nil
}
