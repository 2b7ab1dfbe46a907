// Package inspector is the page on which `lattice dev` shows what its Workers do and have stored, and the control API behind `lattice objects`.
//
// The one idea is that it has an address of its own, on the loopback interface alone: Workers never see its requests, and their pages are of
// another origin, so they can neither read it nor act through it. What changes something needs a token besides (guard.go). It keeps nothing
// but the last events and log records, in rings (record.go); all else it asks of the hosts when somebody looks.
//
// Start reading at New and Inspector.ServeHTTP.
package inspector

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	local "grove.place/lattice/local-runtime"
)

// Worker is a Worker of the server.
type Worker struct {
	Name  string
	Down  string   // why it does not run; "": it does
	Stale string   // why its latest sources do not run, while an earlier build does; "": they do
	Crons []string // its cron triggers

	// Enter holds the host of the Worker until leave is called.
	Enter func(ctx context.Context) (host *local.Host, leave func(), err error)
}

// Options are the parts that an inspector is made of.
type Options struct {
	Port    int  // 0 lets the system choose
	Other   bool // take another port when Port is in use
	Workers func() []Worker
	Clock   *local.AdjustableClock
	Record  *Record
	URL     string // where the Workers answer
	Log     *slog.Logger
}

// Inspector serves the page and the control API.
type Inspector struct {
	o        Options
	listener net.Listener
	hosts    map[string]bool // that a request may name
	csrf     string          // for what a page of ours asks
	token    string          // for the control API
	live     live
	notices  notices
	mux      *http.ServeMux
}

// New takes the port. Serve serves it.
func New(o Options) (*Inspector, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(o.Port)))
	if err != nil && o.Other && errors.Is(err, syscall.EADDRINUSE) {
		listener, err = net.Listen("tcp", "127.0.0.1:0")
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("the inspector's port %d is in use: choose another with --inspector-port, or do without it with --no-inspector", o.Port)
	case err != nil:
		return nil, fmt.Errorf("listen for the inspector: %w; --no-inspector does without it", err)
	}
	i := &Inspector{o: o, listener: listener, csrf: secret(), token: secret(), hosts: map[string]bool{}}
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	for _, name := range []string{"localhost", "127.0.0.1"} {
		i.hosts[net.JoinHostPort(name, port)] = true
	}
	i.live.inspector = i
	o.Record.changed = i.live.changed
	i.mux = i.routes()
	return i, nil
}

// secret returns 128 random bits as text.
func secret() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// URL is where the page is.
func (i *Inspector) URL() string {
	return "http://localhost:" + strconv.Itoa(i.listener.Addr().(*net.TCPAddr).Port) + "/"
}

// Serve serves until ctx ends.
func (i *Inspector) Serve(ctx context.Context) error {
	server := &http.Server{Handler: i, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(i.o.Log.Handler(), slog.LevelDebug)}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	defer i.live.end()
	if err := server.Serve(i.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the inspector: %w", err)
	}
	return nil
}

func (i *Inspector) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", i.overview)
	mux.HandleFunc("GET /requests", i.requests)
	mux.HandleFunc("GET /logs", i.logs)
	mux.HandleFunc("GET /objects", i.objects)
	mux.HandleFunc("GET /object", i.object)
	mux.HandleFunc("GET /stores", i.stores)
	mux.HandleFunc("GET /database", i.database)
	mux.HandleFunc("GET /namespace", i.namespace)
	mux.HandleFunc("GET /bucket", i.bucket)
	mux.HandleFunc("GET /bucket/download", i.download)
	mux.HandleFunc("GET /sockets", i.sockets)
	mux.HandleFunc("GET /alarms", i.alarms)
	mux.HandleFunc("GET /queues", i.queues)
	mux.HandleFunc("GET /cron", i.cron)
	mux.HandleFunc("GET /clock", i.clock)
	mux.HandleFunc("GET /live", i.live.serve)
	mux.HandleFunc("GET /static/{file}", static)
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	i.actions(mux)
	i.control(mux)
	mux.HandleFunc("GET "+controlPath+"profile", i.profile)
	return mux
}

// worker returns the Worker of that name; the first when there is none.
func (i *Inspector) worker(name string) Worker {
	all := i.o.Workers()
	for _, w := range all {
		if w.Name == name {
			return w
		}
	}
	return all[0]
}

// patience is how long the page waits for a Worker that is being built.
const patience = 5 * time.Second

// with calls f with the host of a Worker.
func (i *Inspector) with(r *http.Request, worker string, f func(*local.Host) error) error {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	host, leave, err := i.worker(worker).Enter(ctx)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("the Worker is being built: try again in a moment")
	case err != nil:
		return err
	}
	defer leave()
	return f(host)
}

// withAll calls f with the host of each Worker, or of the chosen one alone, and returns what went wrong, for a page to say beside the rest.
func (i *Inspector) withAll(r *http.Request, chosen string, f func(worker string, h *local.Host) error) (problems []string) {
	for _, one := range i.o.Workers() {
		if chosen != "" && one.Name != chosen {
			continue
		}
		if err := i.with(r, one.Name, func(h *local.Host) error { return f(one.Name, h) }); err != nil {
			problems = append(problems, err.Error())
		}
	}
	return problems
}
