package host

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"

	"grove.place/lattice/local-runtime/internal/storage"
)

// stores are the databases, queues, buckets, namespaces and datasets of a session, by their names. Workers keep those that they bind.
type stores struct {
	mu        sync.Mutex
	databases map[string]*storage.D1
	queues    map[string]*queue
	buckets   map[string]*storage.Bucket
	kv        map[string]*storage.KV
	datasets  map[string]*storage.Dataset
}

func newStores() stores {
	return stores{databases: map[string]*storage.D1{}, queues: map[string]*queue{}, buckets: map[string]*storage.Bucket{}, kv: map[string]*storage.KV{}, datasets: map[string]*storage.Dataset{}}
}

// opened returns the store of a name, which open makes when nobody has opened it yet.
func opened[T any](s *stores, all map[string]T, name string, open func() (T, error)) (T, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if store, ok := all[name]; ok {
		return store, nil
	}
	store, err := open()
	if err == nil {
		all[name] = store
	}
	return store, err
}

// close closes all of them. Queues come first: they deliver.
func (s *stores) close() (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.queues {
		err = errors.Join(err, q.close())
	}
	for _, d := range s.databases {
		err = errors.Join(err, d.Close())
	}
	for _, b := range s.buckets {
		err = errors.Join(err, b.Close())
	}
	for _, k := range s.kv {
		err = errors.Join(err, k.Close())
	}
	for _, d := range s.datasets {
		err = errors.Join(err, d.Close())
	}
	return err
}

// database opens a D1 database, or applies what this Worker has for it to one that is open.
func (s *Session) database(id string, cfg Database, log *slog.Logger) (*storage.D1, error) {
	first := false
	d, err := opened(&s.stores, s.stores.databases, id, func() (*storage.D1, error) {
		first = true
		return openDatabase(filepath.Join(s.dir, "d1", id+".sqlite"), cfg, log)
	})
	switch {
	case err != nil:
		return nil, err
	case first:
		s.simulate(d)
		return d, nil
	}
	return d, prepareDatabase(d, cfg, false, log)
}

// queue opens a queue.
func (s *Session) queue(name string) (*queue, error) {
	return opened(&s.stores, s.stores.queues, name, func() (*queue, error) {
		store, err := storage.OpenQueue(filepath.Join(s.dir, "queues", name+".sqlite"))
		if err != nil {
			return nil, fmt.Errorf("queue %s: %w", name, err)
		}
		return &queue{session: s, name: name, store: store}, nil
	})
}
