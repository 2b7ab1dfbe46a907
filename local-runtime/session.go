package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"

	"grove.place/lattice/local-runtime/internal/host"
)

// SessionOptions is what the Workers of a Session share.
type SessionOptions struct {
	Dir    string       // where objects, databases and everything else is stored. Required
	Clock  Clock        // Default: the machine's clock
	Logger *slog.Logger // of what is no single Worker's. Default: slog.Default()
	Seed   uint64       // as Options.Seed
	Trace  io.Writer    // as Options.Trace

	// Workers are the names of Workers that will be started: calls of one wait until it runs. Calls of others fail.
	Workers []string
}

// Session runs several Workers together. They find each other by their names: service bindings (Options.Services), Durable Object classes of
// another Worker (Options.Scripts), and queues that one sends to and another consumes. What they store is shared as on Cloudflare: bindings of one
// database, bucket, namespace or queue lead to the same.
//
//	s, err := local.NewSession(local.SessionOptions{Dir: ".lattice/state", Workers: []string{"app", "auth"}})
//	auth, err := s.Start(ctx, local.Options{Name: "auth", Module: …})
//	app, err := s.Start(ctx, local.Options{Name: "app", Module: …, Services: map[string]string{"AUTH": "auth"}})
//
// Tests start one with TestOptions.Workers. https://developers.cloudflare.com/workers/local-development/multi-workers/
type Session struct {
	options SessionOptions

	mu       sync.Mutex
	session  *host.Session
	hosts    []*Host // that were started and not closed
	restarts uint64
}

// NewSession takes the folder for a session. Start adds Workers.
func NewSession(o SessionOptions) (*Session, error) {
	if o.Dir == "" {
		return nil, errors.New("a session needs a folder to store in: set SessionOptions.Dir")
	}
	if o.Seed != 0 && o.Clock == nil {
		o.Clock = NewVirtualClock(testStart)
	}
	s := &Session{options: o}
	var err error
	s.session, err = s.begin()
	return s, err
}

func (s *Session) begin() (*host.Session, error) {
	seed := s.options.Seed
	if seed != 0 { // not the same randomness once more
		seed += s.restarts << 32
	}
	session, err := host.NewSession(host.SessionConfig{Dir: s.options.Dir, Clock: s.options.Clock, Logger: s.options.Logger, Seed: seed, Trace: s.options.Trace})
	if err != nil {
		return nil, err
	}
	for _, name := range s.options.Workers {
		session.Expect(name)
	}
	return session, nil
}

// Start starts a Worker in the session. Dir, Clock, Seed and Trace are the session's, whatever the options say. Host.Close ends that Worker alone; a
// Worker of the same name may then take its place, and calls that come in between wait for it.
func (s *Session) Start(ctx context.Context, o Options) (*Host, error) {
	if len(o.Module) == 0 {
		return nil, errNoModule
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	h := &Host{session: s}
	h.Clock, _ = s.options.Clock.(*VirtualClock)
	h.config = o.config(h)
	h.config.Session = s.session
	running, err := host.New(ctx, h.config)
	if err != nil {
		return nil, err
	}
	h.host.Store(running)
	s.hosts = append(s.hosts, h)
	return h, nil
}

// Missing says why a Worker that SessionOptions.Workers names does not run: calls of it fail with that, until it does.
func (s *Session) Missing(name string, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.session.Missing(name, why)
}

// Worker returns the Worker of that name, or nil when it does not run.
func (s *Session) Worker(name string) *Host {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.hosts {
		if h.current().Name() == name {
			return h
		}
	}
	return nil
}

// restart ends the session and starts all of its Workers again on the same folder.
func (s *Session) restart(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.session.Close(); err != nil {
		return err
	}
	s.restarts++
	var err error
	if s.session, err = s.begin(); err != nil {
		return err
	}
	for _, h := range s.hosts {
		h.config.Session = s.session
		next, err := host.New(ctx, h.config)
		if err != nil {
			return fmt.Errorf("start the Worker %q again: %w", h.current().Name(), err)
		}
		h.host.Store(next)
	}
	return nil
}

// end closes one Worker. Calls that others make of it may end first.
func (s *Session) end(h *Host) error {
	err := h.current().Leave(context.Background(), reloadPatience)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hosts = slices.DeleteFunc(s.hosts, func(other *Host) bool { return other == h })
	return err
}

// Close ends every Worker of the session. Everything that was acknowledged is stored.
func (s *Session) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hosts = nil
	return s.session.Close()
}
