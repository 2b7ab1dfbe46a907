// Package devserver is what `lattice dev` does around a host: it builds a program, or several, serves the first, and when a source changes
// builds what it belongs to again and lets the new program take over where the old one stopped, with its stored state.
//
// The one idea is that each program has at most one running host, behind a door: requests wait at the door while programs change
// places, and a build that fails leaves everything as it was. Package devserver knows no host; Source.Start makes one.
// Start reading at Server.Run, and go on at runner.rebuildForever.
package devserver

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"strconv"
	"sync"
	"syscall"
	"time"

	"grove.place/lattice/build"
	"grove.place/lattice/internal/cron"
	"grove.place/lattice/internal/wrangler"
)

// Host runs one program.
type Host interface {
	http.Handler
	// ScheduledOutcome runs the scheduled handler, and returns its error and whether it said that a failure is not to be repeated.
	ScheduledOutcome(ctx context.Context, cron string, at time.Time) (noRetry bool, err error)
	// Close stops the program and gives its files free for the next one.
	Close() error
}

// Program is everything a host needs: the module and the configuration that goes with it.
type Program struct {
	Module   []byte
	Classes  []byte // as build.Result has it
	Manifest *build.Manifest
	Config   *wrangler.Config
	Vars     map[string]wrangler.Var // [vars], .dev.vars and Source.Vars together
	Log      *slog.Logger            // of the program

	crons []cron.Schedule
	files [sha256.Size]byte // fingerprint of the files that the host reads
}

// same reports whether p would run just as q does.
func (p *Program) same(q *Program) bool {
	return p.Manifest.SHA256 == q.Manifest.SHA256 && p.files == q.files && maps.Equal(p.Vars, q.Vars)
}

// Source is where a program comes from, and how it runs.
type Source struct {
	Name       string // of the Worker; it does not change while the server runs. Needed where there are several
	ConfigPath string // of wrangler.toml
	Env        string // the environment in it
	Load       func() (*wrangler.Config, build.Options, error)
	Build      func(context.Context, build.Options) (*build.Result, error) // nil: build.ForLocal
	Start      func(ctx context.Context, p Program) (Host, error)
	Vars       map[string]string // win over [vars] and .dev.vars
	Down       func(why error)   // called when nothing of it runs, with the reason; may be nil
}

// Options are the parts that a server is made of.
type Options struct {
	Source          // the program that requests reach
	Others []Source // those that it reaches, and that reach it

	Host          string   // address to listen on
	Port          int      // 0 lets the system choose
	Sidecars      []string // shell commands that run next to the server
	Log           *slog.Logger
	Clock         Clock  // that cron triggers go by. Default: the machine's
	TestScheduled bool   // /__scheduled runs the scheduled handler even where there are no cron triggers
	Ready         func() // called once, when all programs run for the first time; may be nil
	Changed       func() // called whenever a program begins or ceases to run; may be nil, and must not block
}

// Server is a development server. Make one with New.
type Server struct {
	opts     Options
	log      *slog.Logger
	clock    Clock
	listener net.Listener
	programs []*runner // the first has the requests

	greet   sync.Mutex
	greeted bool
}

// New takes the port, so that a port in use is known before anything else is done.
func New(o Options) (*Server, error) {
	addr := net.JoinHostPort(o.Host, strconv.Itoa(o.Port))
	l, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("port %d on %s is in use, perhaps by another lattice dev: stop that, or choose another port with --port", o.Port, o.Host)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("this user may not listen on port %d: choose one above 1023 with --port", o.Port)
	case errors.Is(err, syscall.EADDRNOTAVAIL), errors.As(err, new(*net.DNSError)):
		return nil, fmt.Errorf("this machine has no address %q: --host and --ip are where to listen, as 127.0.0.1 or 0.0.0.0; requests keep the address that they were sent to", o.Host)
	case err != nil:
		return nil, fmt.Errorf("listen on %s: %w; choose the address with --host and --port", addr, err)
	}
	s := &Server{opts: o, log: o.Log, clock: o.Clock, listener: l}
	if s.clock == nil {
		s.clock = machineClock{}
	}
	for i, src := range append([]Source{o.Source}, o.Others...) {
		r := newRunner(src, o.Log, s.arrived)
		r.door.told = o.Changed
		if i == 0 {
			r.url = s.URL()
		}
		if len(o.Others) > 0 {
			r.log = Labelled(o.Log, src.Name)
		}
		s.programs = append(s.programs, r)
	}
	return s, nil
}

// Close gives the port free, of a server that is not run.
func (s *Server) Close() error { return s.listener.Close() }

// URL is where the server answers, for a person on this machine to open.
func (s *Server) URL() string {
	addr := s.listener.Addr().(*net.TCPAddr)
	host := addr.IP.String()
	if addr.IP.IsUnspecified() || host == "127.0.0.1" {
		host = "localhost" // whose subdomains browsers find, too
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(addr.Port))
}

// Run serves until ctx ends or the server cannot go on. Then it stops the program and the sidecars.
func (s *Server) Run(ctx context.Context) error {
	defer s.listener.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	sides, err := startSidecars(s.opts.Sidecars, s.log)
	if err != nil {
		return err
	}
	defer sides.stop()

	server := &http.Server{Handler: s.handler(), ReadHeaderTimeout: 30 * time.Second,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn)}
	go func() {
		if err := server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			cancel(fmt.Errorf("serve: %w", err))
		}
	}()
	defer s.stop(server)

	s.log.Info("building; the first time this takes a minute")
	ended := make(chan error, len(s.programs))
	for _, r := range s.programs {
		go r.crons.run(ctx, s.clock, r.runCron)
		go func() { ended <- r.rebuildForever(ctx) }()
	}
	for range s.programs {
		if e := <-ended; e != nil && err == nil {
			err = e
			cancel(nil)
		}
	}
	return err
}

// stop ends the requests first and the program after them.
func (s *Server) stop(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		server.Close()
	}
	for _, r := range s.programs {
		r.door.shut()
	}
}

// arrived is called by programs that have begun to run.
func (s *Server) arrived() {
	s.greet.Lock()
	defer s.greet.Unlock()
	for _, r := range s.programs {
		if ok, _ := r.door.ready(); !ok || s.greeted {
			return
		}
	}
	s.greeted = true
	if s.opts.Ready != nil {
		s.opts.Ready()
	}
}

// program returns the program of that name; the first when there is none.
func (s *Server) program(name string) *runner {
	for _, r := range s.programs {
		if r.opts.Name == name {
			return r
		}
	}
	return s.programs[0]
}

// Running is a program as an inspector sees it.
type Running struct {
	Name  string   // of the Worker; "" where there is one without a name
	Down  string   // why it does not run; "": it does
	Stale string   // what is wrong with the sources, while an earlier build of them runs; "": nothing
	Crons []string // its cron triggers

	// Enter waits until the program runs and holds it until leave is called, as a request does.
	Enter func(ctx context.Context) (host Host, leave func(), err error)
}

// Programs describes the programs, of which the first answers requests.
func (s *Server) Programs() []Running {
	var list []Running
	for _, r := range s.programs {
		one := Running{Name: r.opts.Name, Stale: r.door.complaint(), Crons: r.crons.texts(), Enter: r.door.enter}
		if ok, reason := r.door.ready(); !ok {
			one.Down = reason
		}
		list = append(list, one)
	}
	return list
}
