package host

import (
	"fmt"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
	"grove.place/lattice/local-runtime/internal/storage"
)

// afterCommit answers an operation with what do says once the turn's writes are committed, so that a bookmark is of a state with them.
func (s *Isolate) afterCommit(f *frame, id uint32, do func(*storage.DB) (string, error)) ([]byte, int32) {
	if f.object == nil {
		return failure(errNoObject), 0
	}
	store, failed := f.object.storage()
	if failed != nil {
		return isolate.Failure(failed), 0
	}
	f.begin()
	s.outputs.After(f.object, func() {
		text, err := do(store)
		if err != nil {
			f.complete(id, failure(err))
			return
		}
		f.complete(id, isolate.Success(func(w *abi.Writer) { w.Str(text) }))
	}, nil)
	return nil, abi.Pending
}

func opBookmark(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
	how, ms := r.U8(), r.F64()
	if err := r.End(); err != nil {
		return failure(err), 0
	}
	switch how {
	case abi.BookmarkCurrent:
		return s.afterCommit(f, id, (*storage.DB).Bookmark)
	case abi.BookmarkForTime:
		return s.afterCommit(f, id, func(store *storage.DB) (string, error) { return store.BookmarkAt(ms) })
	}
	return failure(fmt.Errorf("unknown way %d to make a bookmark", how)), 0
}

// opRestore has the storage restored before the object is constructed again.
func opRestore(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
	bookmark := r.Str()
	if err := r.End(); err != nil {
		return failure(err), 0
	}
	return s.afterCommit(f, id, func(store *storage.DB) (string, error) {
		// What is restored may have an alarm: a new host finds it by its mark.
		if err := s.host.markAlarm(f.object.key); err != nil {
			return "", err
		}
		return store.RestoreNext(bookmark)
	})
}

// openStore opens the storage of an object that is not in memory, and follows its alarm when that was restored.
func (s *Isolate) openStore(k key) (*storage.DB, error) {
	store, err := s.host.openStore(k)
	if err != nil || !store.Restored() {
		return store, err
	}
	at, ok, err := store.Alarm()
	if err != nil {
		store.Close()
		return nil, err
	}
	s.setAlarm(k, at, ok)
	return store, nil
}
