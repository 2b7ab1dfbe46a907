package host

import (
	"math"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
	"grove.place/lattice/local-runtime/internal/storage"
)

// storageOp is an operation on the storage of the current frame's object; it always ends in place. It writes its payload to w.
type storageOp func(o *object, store *storage.DB, r *abi.Reader, w *abi.Writer) error

// stored makes an operation of a storageOp.
func stored(do storageOp) op {
	return func(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
		if f.object == nil {
			return failure(errNoObject), 0
		}
		store, failed := f.object.storage()
		if failed != nil {
			return isolate.Failure(failed), 0
		}
		w := abi.NewWriter([]byte{abi.StatusOK})
		if err := do(f.object, store, r, w); err != nil {
			return failure(err), 0
		}
		return w.Bytes(), 0
	}
}

// transactional makes an operation of a storageOp that a transaction refuses once it was rolled back; name is JavaScript's for it.
func transactional(name string, do storageOp) op {
	perform := stored(do)
	return func(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
		if f.section != nil && f.section.rolledBack {
			return failure(abi.Errorf("Cannot %s() on rolled back transaction", name)), 0
		}
		return perform(s, f, id, r)
	}
}

const maxPage = 1 << 16 // rows

func sqlExec(_ *object, store *storage.DB, r *abi.Reader, w *abi.Writer) error {
	query, args, limit := r.Str(), r.Values(), r.Uint()
	if err := r.End(); err != nil {
		return err
	}
	columns, page, err := store.Exec(query, args, int(min(limit, maxPage)))
	if err != nil {
		return err
	}
	w.Strs(columns)
	w.Page(page)
	return nil
}

func sqlNext(_ *object, store *storage.DB, r *abi.Reader, w *abi.Writer) error {
	cursor, limit := r.Uint(), r.Uint()
	if err := r.End(); err != nil {
		return err
	}
	page, err := store.Next(cursor, int(min(limit, maxPage)))
	if err != nil {
		return err
	}
	w.Page(page)
	return nil
}

func sqlClose(_ *object, store *storage.DB, r *abi.Reader, w *abi.Writer) error {
	cursor := r.Uint()
	if err := r.End(); err != nil {
		return err
	}
	store.CloseCursor(cursor)
	return nil
}

func sqlSize(_ *object, store *storage.DB, r *abi.Reader, w *abi.Writer) error {
	if err := r.End(); err != nil {
		return err
	}
	size, err := store.Size()
	w.F64(size)
	return err
}

// unconfirmed has the storage write what nobody waits for, when flags say so, until the function it returns is called.
func unconfirmed(store *storage.DB, flags byte) func() {
	store.Unconfirmed(flags&abi.AllowUnconfirmed != 0)
	return func() { store.Unconfirmed(false) }
}

func kvGet(_ *object, store *storage.DB, r *abi.Reader, w *abi.Writer) error {
	r.Bool()
	keys := r.Strs()
	r.U8()
	if err := r.End(); err != nil {
		return err
	}
	found, err := store.Get(keys)
	w.Fields(found)
	return err
}

func kvPut(_ *object, store *storage.DB, r *abi.Reader, w *abi.Writer) error {
	r.Bool()
	entries := r.Fields()
	flags := r.U8()
	if err := r.End(); err != nil {
		return err
	}
	defer unconfirmed(store, flags)()
	return store.Put(entries)
}

func kvDelete(_ *object, store *storage.DB, r *abi.Reader, w *abi.Writer) error {
	r.Bool()
	keys := r.Strs()
	flags := r.U8()
	if err := r.End(); err != nil {
		return err
	}
	defer unconfirmed(store, flags)()
	n, err := store.Delete(keys)
	w.Uint(uint64(n))
	return err
}

func kvList(_ *object, store *storage.DB, r *abi.Reader, w *abi.Writer) error {
	options := r.ListOptions()
	r.U8()
	if err := r.End(); err != nil {
		return err
	}
	entries, err := store.List(options)
	w.Fields(entries)
	return err
}

func deleteAll(o *object, store *storage.DB, r *abi.Reader, w *abi.Writer) error {
	r.U8()
	if err := r.End(); err != nil {
		return err
	}
	o.alarmSet()
	if err := store.DeleteAll(); err != nil {
		return err
	}
	return o.deleteFacets()
}

func syncGet(_ *object, store *storage.DB, r *abi.Reader, w *abi.Writer) error {
	key := r.Str()
	if err := r.End(); err != nil {
		return err
	}
	found, err := store.Get([]string{key})
	w.Bool(len(found) > 0)
	if len(found) > 0 {
		w.Value(found[0].Value)
	}
	return err
}

func syncPut(_ *object, store *storage.DB, r *abi.Reader, w *abi.Writer) error {
	entry := abi.Field{Name: r.Str(), Value: r.Value()}
	if err := r.End(); err != nil {
		return err
	}
	return store.Put([]abi.Field{entry})
}

func syncDelete(_ *object, store *storage.DB, r *abi.Reader, w *abi.Writer) error {
	key := r.Str()
	if err := r.End(); err != nil {
		return err
	}
	n, err := store.Delete([]string{key})
	w.Bool(n > 0)
	return err
}

func syncList(_ *object, store *storage.DB, r *abi.Reader, w *abi.Writer) error {
	options := r.ListOptions()
	if err := r.End(); err != nil {
		return err
	}
	entries, err := store.List(options)
	w.Fields(entries)
	return err
}

// opSync completes when everything written so far is durable: at the end of the turn, when nothing delays the confirmation.
func opSync(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
	if err := r.End(); err != nil {
		return failure(err), 0
	}
	if f.object == nil {
		return failure(errNoObject), 0
	}
	if _, err := f.object.storage(); err != nil {
		return failure(err), 0
	}
	f.begin()
	s.outputs.After(f.object, func() {
		f.object.durable.Wait(func() { f.complete(id, isolate.Success(nil)) }, nil)
	}, nil)
	return nil, abi.Pending
}

// The last millisecond that workerd can count in nanoseconds. It speaks of 2189, and takes alarms until 2262.
const maxAlarm = 9_223_372_036_854

func getAlarm(o *object, store *storage.DB, r *abi.Reader, w *abi.Writer) error {
	r.U8()
	if err := r.End(); err != nil {
		return err
	}
	at, ok, err := store.Alarm()
	if o.alarmRun != nil && !o.alarmRun.replaced {
		ok = false // the alarm whose handler runs is not set any more
	}
	w.Bool(ok)
	if ok {
		w.F64(at)
	}
	return err
}

func setAlarm(o *object, store *storage.DB, r *abi.Reader, w *abi.Writer) error {
	at := math.Trunc(r.F64())
	flags := r.U8()
	if err := r.End(); err != nil {
		return err
	}
	defer unconfirmed(store, flags)()
	switch {
	case math.IsNaN(at):
		return abi.TypeErrorf("The value cannot be converted because it is not a valid Date.")
	case at <= 0:
		return abi.TypeErrorf("setAlarm() cannot be called with an alarm time <= 0")
	case at > maxAlarm:
		return abi.TypeErrorf("This API doesn't support dates after 2189.")
	}
	if o.parent != nil {
		o.fail(abi.Errorf("Facets currently cannot set alarms."))
		return nil
	}
	if now := float64(o.isolate.now.UnixMilli()); at < now {
		at = now
	}
	if err := o.isolate.host.markAlarm(o.key); err != nil {
		return err
	}
	o.alarmSet()
	if o.name != nil {
		// An alarm wakes the object without a stub, and yet its id has its name.
		if err := store.SetName(*o.name); err != nil {
			return err
		}
	}
	return store.SetAlarm(at)
}

func deleteAlarm(o *object, store *storage.DB, r *abi.Reader, w *abi.Writer) error {
	flags := r.U8()
	if err := r.End(); err != nil {
		return err
	}
	defer unconfirmed(store, flags)()
	o.alarmSet()
	return store.ClearAlarm()
}
