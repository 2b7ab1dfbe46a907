package host

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/storage"
)

func notThere(what, name string, there []string) error {
	if len(there) == 0 {
		return fmt.Errorf("there is no %s %q", what, name)
	}
	return fmt.Errorf("there is no %s %q: there are %s", what, name, strings.Join(there, ", "))
}

// Written is what a statement of Execute gave.
type Written struct {
	Columns []string
	Rows    [][]abi.Value
	Read    uint64
	Written uint64
}

// maxExecuteRows is how many rows Execute returns at most.
const maxExecuteRows = 1000

// maxExecuteTime is how long a statement of Execute may take, while which its object and those beside it wait.
const maxExecuteTime = 10 * time.Second

// Execute runs SQL in what an object has stored, and commits it, whether the object is in memory or not. It fails while the object is in a transaction or
// a critical section. An object in memory is not told.
func (h *Host) Execute(class, object, query string) (w Written, err error) {
	k, err := h.locate(class, object)
	if err != nil {
		return w, err
	}
	run := func(store *storage.DB) error {
		columns, page, err := store.ExecWithin(maxExecuteTime, query, maxExecuteRows)
		if err != nil {
			return errors.Join(err, store.Rollback())
		}
		w = Written{columns, page.Rows, page.RowsRead, page.RowsWritten}
		if err := store.Commit(); err != nil {
			return errors.Join(err, store.Rollback())
		}
		return nil
	}
	if h.runsPrograms() {
		return w, h.withStore(k, run)
	}
	s := h.isolateOf(k)
	if !s.do(func() { err = s.edit(k, run) }) {
		return w, errClosed
	}
	return w, err
}

// edit runs f with the storage of an object, between two turns.
func (s *Isolate) edit(k key, f func(*storage.DB) error) error {
	o := s.objects[k]
	switch {
	case o == nil:
		store, err := s.openStore(k)
		if err != nil {
			return err
		}
		return errors.Join(f(store), store.Close())
	case o.failure != nil || !o.ready || o.transactions > 0 || o.gate.Held():
		return abi.Errorf("%s is in its constructor, a transaction or blockConcurrencyWhile: try again when that has ended", s.host.describeKey(k))
	}
	store, failed := o.storage()
	if failed != nil {
		return failed
	}
	err := f(store)
	s.commit()
	o.checkIdle()
	return err
}

// Delete removes an object with everything that it has stored, its alarm and its facets. What runs in it fails, and its WebSockets are disconnected. It
// reports false when there was nothing to remove.
func (h *Host) Delete(class, object string) (existed bool, err error) {
	k, err := h.locate(class, object)
	if err != nil {
		return false, err
	}
	gone := abi.Errorf("%s was deleted by hand", h.describeKey(k))
	gone.ObjectWasReset = true
	if h.runsPrograms() {
		h.mu.Lock()
		o := h.scripted[k]
		h.mu.Unlock()
		if o != nil {
			o.loop.do(func() {
				existed = o.program != nil
				o.leave(gone)
				o.sockets.disband()
			})
		}
	}
	s := h.isolateOf(k)
	if !s.do(func() {
		if o := s.objects[k]; o != nil {
			existed = true
			o.resetSoon(gone)
		}
		if g := s.groups[k]; g != nil {
			g.disband(func(socket *socket) { socket.end.drop() })
		}
		if _, failed := os.Stat(h.path(k)); failed == nil {
			existed = true
		}
		s.setAlarm(k, 0, false)
		err = storage.Remove(h.path(k), h.facetDir(k))
	}) {
		return false, errClosed
	}
	return existed, err
}
