package devserver

import (
	"context"
	"errors"
	"sync"
	"time"
)

// drain is how long requests may take to finish when their program is replaced.
const drain = 2 * time.Second

// errShut is what a closed door answers.
var errShut = errors.New("the server is stopping")

// door stands before the host. Whoever enters holds the host until leaving; replace waits for them, a little, and lets
// nobody in meanwhile. So no request ever meets a half-changed host.
type door struct {
	mu      sync.Mutex
	host    Host
	inside  *sync.WaitGroup // requests in the current host
	changed chan struct{}   // closed whenever host or reason changes
	moving  bool
	reason  string // why there is no host
	problem string // what is wrong with the sources while an earlier build goes on
	closed  bool
	warn    func(error) // takes errors of a host that stops
	told    func()      // hears of every change; may be nil
}

func newDoor(warn func(error)) *door {
	return &door{warn: warn, inside: &sync.WaitGroup{}, changed: make(chan struct{}), moving: true}
}

// enter waits while programs change places. The caller calls leave when done with the host.
func (d *door) enter(ctx context.Context) (host Host, leave func(), err error) {
	for {
		d.mu.Lock()
		switch {
		case d.closed:
			d.mu.Unlock()
			return nil, nil, errShut
		case d.host != nil && !d.moving:
			host, inside := d.host, d.inside
			inside.Add(1)
			d.mu.Unlock()
			return host, inside.Done, nil
		case !d.moving:
			reason := d.reason
			d.mu.Unlock()
			return nil, nil, errors.New(reason)
		}
		changed := d.changed
		d.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}

// ready reports whether a request would get in at once, and otherwise why not.
func (d *door) ready() (bool, string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return false, errShut.Error()
	case d.moving:
		return false, "building"
	case d.host == nil:
		return false, d.reason
	}
	return true, ""
}

// replace stops the host and starts another in its place.
func (d *door) replace(start func() (Host, error)) error {
	d.set(func() { d.moving = true })
	if err := d.retire(); err != nil {
		d.warn(err)
	}
	host, err := start()
	d.set(func() {
		d.moving = false
		if d.host = host; err != nil {
			d.host, d.reason = nil, err.Error()
		}
	})
	return err
}

// retire gives requests a moment to end and closes the host; nobody can enter meanwhile.
func (d *door) retire() error {
	d.mu.Lock()
	host, inside := d.host, d.inside
	d.host, d.inside = nil, &sync.WaitGroup{}
	d.mu.Unlock()
	if host == nil {
		return nil
	}
	empty := make(chan struct{})
	go func() {
		inside.Wait()
		close(empty)
	}()
	select {
	case <-empty:
	case <-time.After(drain):
	}
	return host.Close()
}

// excuse says why there is no host yet, to everybody who waits.
func (d *door) excuse(reason string) {
	d.set(func() { d.moving, d.reason = false, reason })
}

// complain notes what is wrong with the sources, while what runs goes on; nothing is, when it is empty.
func (d *door) complain(problem string) {
	d.set(func() { d.problem = problem })
}

// complaint is what complain has noted.
func (d *door) complaint() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.problem
}

// shut closes the host for good.
func (d *door) shut() {
	d.set(func() { d.closed = true })
	if err := d.retire(); err != nil {
		d.warn(err)
	}
}

func (d *door) set(change func()) {
	d.mu.Lock()
	change()
	close(d.changed)
	d.changed = make(chan struct{})
	d.mu.Unlock()
	if d.told != nil {
		d.told()
	}
}
