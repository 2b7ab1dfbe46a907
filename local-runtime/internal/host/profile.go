package host

import (
	"context"
	"errors"
	"io"
	"time"

	"grove.place/lattice/local-runtime/internal/isolate"
	"grove.place/lattice/local-runtime/internal/profile"
)

var (
	errProfiling = errors.New("a profile of this Worker is being made already")
	errSeeded    = errors.New("a simulation has no time to measure: make the profile of a host without a Seed")
)

// Profile finds out for a while what the Worker spends its time on, and writes it to w for "go tool pprof". The module is compiled again for that, so
// that objects are constructed again before and after, as when a new build takes over.
func (h *Host) Profile(ctx context.Context, d, patience time.Duration, w io.Writer) error {
	if h.sched != nil {
		return errSeeded
	}
	p := profile.New(h.currentEngine().Symbols())
	if !h.sampling.CompareAndSwap(nil, p) {
		return errProfiling
	}
	defer h.sampling.Store(nil)
	if h.cfg.Watch.Turn > 0 { // the module has probes
		if err := h.currentEngine().Unprobed(); err != nil {
			return err
		}
		p.Begin()
		h.tick(ctx, h.currentEngine(), d)
		p.End()
		return p.Write(w)
	}
	engine, err := h.currentEngine().WithProbes(ctx, engineConfig(h.cfg))
	if err != nil {
		return err
	}
	before, err := h.swap(ctx, engine, patience)
	if err != nil {
		return errors.Join(err, engine.Close())
	}
	p.Begin()
	h.tick(ctx, engine, d)
	p.End()
	if h.currentEngine() != engine { // a new build took over meanwhile, and closed it
		return errors.Join(p.Write(w), before.Close())
	}
	if _, err := h.swap(context.WithoutCancel(ctx), before, patience); err != nil {
		return err
	}
	return errors.Join(p.Write(w), engine.Close())
}

// tick asks the engine's instances where they are, for a while.
func (h *Host) tick(ctx context.Context, engine *isolate.Engine, d time.Duration) {
	ticks, over := time.NewTicker(profile.Period), time.NewTimer(d)
	defer ticks.Stop()
	defer over.Stop()
	for {
		select {
		case <-ticks.C:
			engine.Tick()
		case <-over.C:
			return
		case <-ctx.Done():
			return
		case <-h.done:
			return
		}
	}
}

// Sampled implements isolate.Sampler.
func (s *Isolate) Sampled(trace []uint64, ticks int) {
	s.slowTurn(trace)
	s.host.sampled(trace, ticks)
}

// Ending implements isolate.Ending.
func (s *Isolate) Ending() bool {
	select {
	case <-s.host.done:
		return true
	default:
		return false
	}
}

func (h *Host) sampled(trace []uint64, ticks int) {
	if p := h.sampling.Load(); p != nil {
		p.Add(trace, ticks)
	}
}

// Sampled implements isolate.Sampler.
func (g programGuest) Sampled(trace []uint64, ticks int) { g.host.sampled(trace, ticks) }
