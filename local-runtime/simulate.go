package local

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// Sim is a simulation: a host with a seed, and clients that run at the same time without goroutines of their own running at the same time. The seed
// chooses which client, delivery or timer is next, so that every run with it is the same, and another seed finds another order.
//
//	sim := local.NewSim(t, local.TestOptions{Package: "./worker", Options: local.Options{Objects: …}}, seed)
//	for _, name := range []string{"ann", "bob"} {
//		sim.Go(name, func(ctx context.Context) error {
//			_, err := counter.Add.Call(ctx, counters.GetByName("one"), 1)
//			return err
//		})
//	}
//	if err := sim.Run(); err != nil { … }
type Sim struct {
	*Host
	seed   uint64
	random *rand.Rand
	ended  []outcome
}

type outcome struct {
	client string
	err    error
}

// NewSim starts a host as StartTest does, with a seed. Options.Seed is ignored.
func NewSim(t testing.TB, o TestOptions, seed uint64) *Sim {
	t.Helper()
	if seed == 0 {
		t.Fatal("local.NewSim needs a seed other than 0")
	}
	o.Seed = seed
	return &Sim{Host: StartTest(t, o), seed: seed, random: rand.New(rand.NewPCG(seed, 2))}
}

// Simulate runs test with the seeds from 1 to seeds, each in a subtest named after it and with a host of its own: `go test -run TestX/seed=7` runs one
// again. A client that is deadlocked, or returns an error, fails the subtest.
func Simulate(t *testing.T, o TestOptions, seeds int, test func(t *testing.T, sim *Sim)) {
	t.Helper()
	for seed := range seeds {
		t.Run(fmt.Sprintf("seed=%d", seed+1), func(t *testing.T) {
			sim := NewSim(t, o, uint64(seed)+1)
			test(t, sim)
			if err := sim.Run(); err != nil {
				t.Error(err)
			}
		})
	}
}

// Seed returns the seed.
func (s *Sim) Seed() uint64 { return s.seed }

// Rand returns random numbers that come of the seed. Clients may share it.
func (s *Sim) Rand() *rand.Rand { return s.random }

// Go adds a client. f runs during Run, or during any other call that waits for the host, and stands still wherever it waits for the host: in a call, in
// ServeHTTP, in Sleep. It must not wait for anything else. A client may add others.
func (s *Sim) Go(name string, f func(ctx context.Context) error) {
	s.current().Go(name, func() {
		err := errors.New("the test failed in it")
		defer func() { s.ended = append(s.ended, outcome{name, err}) }()
		err = f(s.Context())
	})
}

// Run runs until every client has ended, and returns their errors, or says who waits for what when nothing can go on.
func (s *Sim) Run() error {
	err := s.current().RunClients()
	ended := s.ended
	s.ended = nil
	for _, o := range ended {
		if o.err != nil {
			err = errors.Join(err, fmt.Errorf("client %s: %w", o.client, o.err))
		}
	}
	return err
}

// Sleep lets the client that calls it wait, by the host's clock. The clock moves when nothing else can happen, or when timers are near.
func (s *Sim) Sleep(d time.Duration) {
	if err := s.current().SleepClient(d); err != nil {
		panic("local: Sim.Sleep: " + err.Error())
	}
}
