package devserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"strings"
	"time"

	"grove.place/lattice/build"
	"grove.place/lattice/internal/wrangler"
)

// runner builds one program, and runs its last good build behind a door.
type runner struct {
	opts    Source
	log     *slog.Logger
	url     string // where it answers; empty: nowhere
	arrived func() // to be called when it runs
	door    *door
	crons   crons
	last    *Program // what the running host runs, or nil

	remarks map[string]bool // what the last build gave notice of, which is not said again

	unstarted *Program // what was built and could not start, while nothing runs
	excuse    string   // why
}

func newRunner(src Source, log *slog.Logger, arrived func()) *runner {
	if src.Build == nil {
		src.Build = build.ForLocal
	}
	s := &runner{opts: src, log: log, arrived: arrived}
	s.door = newDoor(func(err error) { s.log.Error("the program did not stop cleanly", "error", err) })
	return s
}

// rebuildForever builds now and after every change of a source.
func (s *runner) rebuildForever(ctx context.Context) error {
	w, err := newWatcher(s.log)
	if err != nil {
		return err
	}
	defer w.close()
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
func (s *runner) waitForChange(ctx context.Context, w *watcher) (changed string, err error) {
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
func (s *runner) rebuild(ctx context.Context, w *watcher) {
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
		s.door.complain("")
		s.log.Info("built: nothing that runs has changed, and it goes on serving")
		return
	}
	if err := s.takeOver(ctx, p); err != nil {
		s.failed("not started", err)
		return
	}
	s.ready(p, began)
}

func (s *runner) ready(p *Program, began time.Time) {
	where := ""
	if s.url != "" {
		where = " on " + s.url
	}
	s.door.complain("")
	s.log.Info(fmt.Sprintf("ready%s (%s) after %s", where, p.Manifest.Summary(), duration(time.Since(began))))
	s.arrived()
}

func (s *runner) failed(what string, err error) {
	goesOn := "waiting for a change"
	if s.last == nil && s.opts.Down != nil {
		s.opts.Down(err)
	}
	switch {
	case s.last != nil:
		goesOn = "the last good build goes on serving"
		s.door.complain(err.Error())
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
func (s *runner) build(ctx context.Context, w *watcher) (*Program, error) {
	w.add(filepath.Dir(s.opts.ConfigPath))
	cfg, o, err := s.opts.Load()
	if err != nil {
		return nil, err
	}
	defer w.watch(ctx, cfg, o)()
	if s.opts.Name != "" && cfg.Name != s.opts.Name {
		return nil, fmt.Errorf("%s: the Worker was called %q when lattice dev began, and is %q now: start it again to run it under another name", cfg.Path, s.opts.Name, cfg.Name)
	}
	p := &Program{Config: cfg, Log: s.log, files: fingerprint(cfg)}
	if p.crons, err = parseCrons(cfg.Crons); err != nil {
		return nil, err
	}
	var secrets *wrangler.Secrets
	if p.Vars, secrets, err = variables(cfg, s.opts.Env, s.opts.Vars); err != nil {
		return nil, err
	}
	said := map[string]bool{}
	defer func() { s.remarks = said }()
	remark := func(level slog.Level, text string) {
		if !s.remarks[text] && !said[text] {
			s.log.Log(ctx, level, text)
		}
		said[text] = true
	}
	for _, note := range secrets.Notes {
		remark(slog.LevelWarn, note)
	}
	if len(secrets.Files) > 0 && strings.HasPrefix(filepath.Base(secrets.Files[0]), ".env") {
		remark(slog.LevelInfo, "there is no .dev.vars: variables come from "+strings.Join(secrets.Files, ", "))
	}
	if missing := wrangler.MissingVars(cfg.Dir(), p.Vars); len(missing) > 0 {
		remark(slog.LevelWarn, fmt.Sprintf(".dev.vars does not set %s, as .dev.vars.example does: copy what is missing, with a value of your own", strings.Join(missing, ", ")))
	}
	o.NoSizes = true
	res, err := s.opts.Build(ctx, o)
	if err != nil {
		maps.Copy(said, s.remarks) // what is wrong with the build is said, and what was odd before is not news after it
		return nil, err
	}
	for _, warning := range res.Warnings {
		remark(slog.LevelWarn, warning)
	}
	p.Module, p.Classes, p.Manifest = res.Module, res.Classes, res.Manifest
	return p, nil
}

// takeOver lets p run instead of what runs now. If it does not start, the program before it is started again.
func (s *runner) takeOver(ctx context.Context, p *Program) error {
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
