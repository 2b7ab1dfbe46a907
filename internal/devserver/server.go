// Package devserver is what `lattice dev` does around a host: it builds the program, serves it, and when a source changes
// builds it again and lets the new program take over where the old one stopped, with its stored state.
//
// The one idea is that there is at most one running host, behind a door: requests wait at the door while programs change
// places, and a build that fails leaves everything as it was. Package devserver knows no host; Options.Start makes one.
// Start reading at Server.Run.
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
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"grove.place/lattice/build"
	"grove.place/lattice/internal/wrangler"
)

// Host runs one program.
type Host interface {
	http.Handler
	// Scheduled runs the scheduled handler and returns its error.
	Scheduled(ctx context.Context, cron string, at time.Time) error
	// Close stops the program and gives its files free for the next one.
	Close() error
}

// Program is everything a host needs: the module and the configuration that goes with it.
type Program struct {
	Module   []byte
	Classes  []byte // as build.Result has it
	Manifest *build.Manifest
	Config   *wrangler.Config
	Vars     map[string]wrangler.Var // [vars], .dev.vars and Options.Vars together

	crons []schedule
	files [sha256.Size]byte // fingerprint of the files that the host reads
}

// same reports whether p would run just as q does.
func (p *Program) same(q *Program) bool {
	return p.Manifest.SHA256 == q.Manifest.SHA256 && p.files == q.files && maps.Equal(p.Vars, q.Vars)
}

// Options are the parts that a server is made of.
type Options struct {
	Host       string // address to listen on
	Port       int    // 0 lets the system choose
	ConfigPath string // of wrangler.toml
	Env        string // the environment in it
	Load       func() (*wrangler.Config, build.Options, error)
	Build      func(context.Context, build.Options) (*build.Result, error) // nil: build.ForLocal
	Start      func(ctx context.Context, p Program) (Host, error)
	Vars       map[string]string // win over [vars] and .dev.vars
	Sidecars   []string          // shell commands that run next to the server
	Log        *slog.Logger
	Ready      func() // called once, when the first program serves; may be nil
}

// Server is a development server. Make one with New.
type Server struct {
	opts     Options
	log      *slog.Logger
	listener net.Listener
	door     *door
	crons    crons
	last     *Program // what the running host runs, or nil

	unstarted *Program // what was built and could not start, while nothing runs
	excuse    string   // why

	greet sync.Once
}

// New takes the port, so that a port in use is known before anything else is done.
func New(o Options) (*Server, error) {
	if o.Build == nil {
		o.Build = build.ForLocal
	}
	addr := net.JoinHostPort(o.Host, strconv.Itoa(o.Port))
	l, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("port %d on %s is in use, perhaps by another lattice dev: stop that, or choose another port with --port", o.Port, o.Host)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("this user may not listen on port %d: choose one above 1023 with --port", o.Port)
	case err != nil:
		return nil, fmt.Errorf("listen on %s: %w; choose the address with --host and --port", addr, err)
	}
	s := &Server{opts: o, log: o.Log, listener: l}
	s.door = newDoor(func(err error) { s.log.Error("the program did not stop cleanly", "error", err) })
	return s, nil
}

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

	go s.crons.run(ctx, s.runCron)
	return s.rebuildForever(ctx)
}

// stop ends the requests first and the program after them.
func (s *Server) stop(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		server.Close()
	}
	s.door.shut()
}

// rebuildForever builds now and after every change of a source.
func (s *Server) rebuildForever(ctx context.Context) error {
	w, err := newWatcher(s.log)
	if err != nil {
		return err
	}
	defer w.close()
	s.log.Info("building; the first time this takes a minute")
	for {
		s.rebuild(ctx, w)
		changed, err := s.waitForChange(ctx, w)
		if ctx.Err() != nil {
			if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
				return cause
			}
			return nil
		}
		if err != nil {
			return err
		}
		s.log.Info(changed + " changed, building")
	}
}

// retryEvery is how often a program that was built but could not start is tried again: what is in its way, a folder that another process
// uses or a damaged file, is nothing that a change of the sources removes.
const retryEvery = time.Second

// waitForChange waits until a source changes, and meanwhile tries to start what could not start.
func (s *Server) waitForChange(ctx context.Context, w *watcher) (changed string, err error) {
	for {
		var again <-chan time.Time
		if s.unstarted != nil {
			again = time.After(retryEvery)
		}
		changed, err = w.wait(ctx, again)
		if changed != "" || err != nil {
			return changed, err
		}
		began, p := time.Now(), s.unstarted
		switch err := s.takeOver(ctx, p); {
		case ctx.Err() != nil:
			return "", ctx.Err()
		case err == nil:
			s.ready(p, began)
		case err.Error() != s.excuse:
			s.failed("not started", err)
		}
	}
}

// rebuild builds the program and lets it take over. Whatever goes wrong is printed, and what runs goes on running.
func (s *Server) rebuild(ctx context.Context, w *watcher) {
	began := time.Now()
	p, err := s.build(ctx, w)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		s.unstarted = nil
		s.failed("not built", err)
		return
	}
	if s.last != nil && s.last.same(p) {
		s.log.Info("built: nothing that runs has changed")
		return
	}
	if err := s.takeOver(ctx, p); err != nil {
		s.failed("not started", err)
		return
	}
	s.ready(p, began)
}

func (s *Server) ready(p *Program, began time.Time) {
	s.log.Info(fmt.Sprintf("ready on %s (%s) after %s", s.URL(), p.Manifest.Summary(), duration(time.Since(began))))
	if s.opts.Ready != nil {
		s.greet.Do(s.opts.Ready)
	}
}

func (s *Server) failed(what string, err error) {
	goesOn := "waiting for a change"
	switch {
	case s.last != nil:
		goesOn = "the last good build goes on serving"
	case s.unstarted != nil:
		goesOn = "trying again until it does"
		s.excuse = err.Error()
		s.door.excuse(err.Error())
	default:
		s.door.excuse(err.Error())
	}
	s.log.Error(fmt.Sprintf("%s; %s:\n%s", what, goesOn, err))
}

// build makes the program. The sources are watched before they are compiled, so that no change falls between the two.
func (s *Server) build(ctx context.Context, w *watcher) (*Program, error) {
	w.add(filepath.Dir(s.opts.ConfigPath))
	cfg, o, err := s.opts.Load()
	if err != nil {
		return nil, err
	}
	defer w.watch(ctx, cfg, o)()
	p := &Program{Config: cfg, files: fingerprint(cfg)}
	if p.crons, err = parseCrons(cfg); err != nil {
		return nil, err
	}
	var secrets *wrangler.Secrets
	if p.Vars, secrets, err = variables(cfg, s.opts.Env, s.opts.Vars); err != nil {
		return nil, err
	}
	for _, note := range secrets.Notes {
		s.log.Warn(note)
	}
	if len(secrets.Files) > 0 && strings.HasPrefix(filepath.Base(secrets.Files[0]), ".env") {
		s.log.Info("there is no .dev.vars: variables come from " + strings.Join(secrets.Files, ", "))
	}
	if missing := wrangler.MissingVars(cfg.Dir(), p.Vars); len(missing) > 0 {
		s.log.Warn(fmt.Sprintf(".dev.vars does not set %s, as .dev.vars.example does: copy what is missing, with a value of your own", strings.Join(missing, ", ")))
	}
	o.NoSizes = true
	res, err := s.opts.Build(ctx, o)
	if err != nil {
		return nil, err
	}
	for _, warning := range res.Warnings {
		s.log.Warn(warning)
	}
	p.Module, p.Classes, p.Manifest = res.Module, res.Classes, res.Manifest
	return p, nil
}

// takeOver lets p run instead of what runs now. If it does not start, the program before it is started again.
func (s *Server) takeOver(ctx context.Context, p *Program) error {
	start := func(p *Program) func() (Host, error) {
		return func() (Host, error) { return s.opts.Start(ctx, *p) }
	}
	err := s.door.replace(start(p))
	s.unstarted = nil
	if err == nil {
		s.last = p
		s.crons.set(p.crons)
		return nil
	}
	defer func() {
		if s.last == nil {
			s.unstarted = p
		}
	}()
	if s.last != nil {
		if again := s.door.replace(start(s.last)); again != nil {
			s.last = nil
			if again.Error() == err.Error() { // of a file that both read, a migration say
				return err
			}
			return errors.Join(err, again)
		}
	}
	return err
}
