package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/storage"
)

// The retries of an alarm, as in workerd (server/alarm-scheduler.h): 2 s, doubling, and up to a quarter more.
const (
	firstRetry = 2 * time.Second
	maxRetries = 6
	maxBackoff = 9
	jitter     = 0.25
	// alarmTime is how long a handler may run.
	alarmTime = 15 * time.Minute
)

// alarm is an alarm that will go off. It is kept apart from the object, which may be out of memory.
//
// Invariant: it mirrors what the object's storage has committed; a file beside the storage marks every object that may have one, so that
// a new host finds them.
type alarm struct {
	at     float64 // ms
	retry  int     // failed runs so far that count
	stopFn func()

	running bool
	retries bool     // it has failed, and waits for its retry
	next    *float64 // set meanwhile, in ms: what follows
	removed bool     // deleted while it ran
	after   []func() // called when the run has ended, by who wants to run the alarm now

	backoff   int  // how often the next delay is doubled
	counted   bool // the last failure counted
	uncounted bool // this run fails because the storage does
}

func (a *alarm) stop() {
	if a.stopFn != nil {
		a.stopFn()
		a.stopFn = nil
	}
}

// alarmRun is an alarm handler that runs.
type alarmRun struct {
	at       float64
	retry    int
	replaced bool // the alarm was set or deleted meanwhile
	stop     func()

	abandoned bool // its handler reset the object, and wants no retry
}

// alarmSet notes that this turn changes the object's alarm.
func (o *object) alarmSet() {
	o.alarmChanged = true
	if o.alarmRun != nil {
		o.alarmRun.replaced = true
	}
}

func (h *Host) marker(k key) string { return strings.TrimSuffix(h.path(k), ".sqlite") + ".alarm" }

// markAlarm is called before an alarm is committed, so that no committed alarm is without its mark.
func (h *Host) markAlarm(k key) error {
	path := h.marker(k)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
			f, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o644)
		}
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// followAlarm schedules what the object's storage says, after a commit.
func (s *Isolate) followAlarm(o *object) error {
	at, ok, err := o.store.Alarm()
	if err != nil {
		return err
	}
	if o.alarmRun != nil && !o.alarmRun.replaced {
		return nil // its end decides
	}
	a := s.alarms[o.key]
	// As in workerd's scheduler, an alarm neither runs beside its predecessor nor takes the place of a retry.
	switch {
	case a != nil && ok && (a.running || a.retries):
		a.next, a.removed = &at, false
		s.host.trace.line("alarm %s next at %d", o.key, int64(at))
	case a != nil && a.running:
		a.next, a.removed = nil, true
	default:
		s.setAlarm(o.key, at, ok)
	}
	return nil
}

// setAlarm takes the place of whatever alarm there was.
func (s *Isolate) setAlarm(k key, at float64, ok bool) {
	a := s.alarms[k]
	if a != nil {
		a.stop()
		delete(s.alarms, k)
	}
	if !ok {
		s.host.trace.line("alarm %s none", k)
		if !storage.RestorePending(s.host.path(k)) {
			os.Remove(s.host.marker(k))
		}
		return
	}
	a = &alarm{at: at}
	s.host.trace.line("alarm %s at %d", k, int64(at))
	s.alarms[k] = a
	s.schedule(k, a, time.UnixMilli(int64(at)).Sub(s.host.cfg.Clock.Now()))
}

func (s *Isolate) schedule(k key, a *alarm, d time.Duration) {
	a.stopFn = s.host.cfg.Clock.AfterFunc(d, func() {
		s.post(func() {
			switch {
			case s.alarms[k] != a:
			case a.next != nil && *a.next > float64(s.host.cfg.Clock.Now().UnixMilli()):
				s.setAlarm(k, *a.next, true) // set between two retries, and not due yet
			default:
				s.runAlarm(k, a, nil)
			}
		})
	})
}

// runAlarm runs an alarm's handler; done, which may be nil, hears how it went.
func (s *Isolate) runAlarm(k key, a *alarm, done func(*abi.Error)) {
	a.stop()
	a.uncounted, a.retries = false, false
	run := &alarmRun{at: a.at, retry: a.retry}
	run.stop = s.host.cfg.Clock.AfterFunc(alarmTime, func() {
		s.post(func() {
			if o := s.objects[k]; o != nil && o.alarmRun == run {
				o.resetSoon(&abi.Error{Name: "Error", Message: "Alarm exceeded its allowed execution time", ObjectWasReset: true})
			}
		})
	})
	finish := func(e *abi.Error) {
		s.post(func() {
			s.alarmEnded(k, a, run, e)
			if done != nil {
				done(e)
			}
		})
	}
	if s.host.runsPrograms() {
		a.running = true
		s.host.alarmScripted(k, a.at, run, finish)
		return
	}
	name, err := s.storedName(k)
	if err != nil {
		finish(err)
		return
	}
	if s.alarms[k] != a {
		finish(nil) // the storage was restored to a state without it
		return
	}
	a.running = true
	s.start(k, name, abi.StartAlarm, func(f *frame, w *abi.Writer) {
		f.object.alarmRun = run
		w.F64(a.at)
		w.Uint(uint64(a.retry))
		w.Bool(a.retry > 0)
	}, reply{
		value: func(payload) { finish(nil) },
		fail:  finish,
	})
}

// storedName returns the name that an object which is not in memory was first reached by.
func (s *Isolate) storedName(k key) (*string, *abi.Error) {
	if s.objects[k] != nil || s.host.runsPrograms() {
		return nil, nil
	}
	store, err := s.openStore(k)
	if err != nil {
		return nil, asError(err)
	}
	defer store.Close()
	if name := store.Name(); name != "" {
		return &name, nil
	}
	return nil, nil
}

// alarmSucceeded removes the alarm in the turn in which its handler ended.
func (o *object) alarmSucceeded() error {
	if o.alarmRun == nil || o.alarmRun.replaced {
		return nil
	}
	store, err := o.storage()
	if err != nil {
		return err
	}
	return store.ClearAlarm()
}

// alarmEnded decides what follows a run.
func (s *Isolate) alarmEnded(k key, a *alarm, run *alarmRun, failed *abi.Error) {
	run.stop()
	a.running = false
	after := a.after
	a.after = nil
	defer func() {
		for _, f := range after {
			f()
		}
	}()
	o := s.objects[k]
	if o != nil && o.alarmRun == run {
		o.alarmRun = nil
		defer o.checkIdle()
	}
	if s.alarms[k] != a {
		return // its storage was restored
	}
	switch {
	case a.removed:
		s.setAlarm(k, 0, false)
		return
	case a.next != nil && (failed != nil || run.replaced):
		s.setAlarm(k, *a.next, true)
		return
	case failed == nil:
		s.setAlarm(k, 0, false)
		return
	}
	d, again := a.failedFor(!a.uncounted, s.host.random.float())
	again = again && !run.abandoned
	log := s.host.cfg.Logger.With("class", k.class, "id", k.id)
	if !failed.Logged {
		log = log.With("error", failed)
	}
	log.Warn("alarm handler failed", "retry", again)
	if again {
		a.retries = true
		s.schedule(k, a, d)
		return
	}
	s.abandonAlarm(k)
}

// failedFor returns how long after a failure the alarm runs again, if at all. Failures that do not count, those of the storage, are retried for ever,
// up to 17 minutes apart; the first that counts after them begins with the shortest delay anew.
func (a *alarm) failedFor(counts bool, random float64) (time.Duration, bool) {
	if a.retry >= maxRetries {
		return 0, false
	}
	if counts {
		a.retry++
		if !a.counted {
			a.backoff = 0
		}
	}
	a.counted = counts
	d := firstRetry << min(a.backoff, maxBackoff)
	a.backoff++
	return d + time.Duration(float64(d)*jitter*random), true
}

func (s *Isolate) abandonAlarm(k key) {
	clear := func(store *storage.DB) error {
		if err := store.ClearAlarm(); err != nil {
			return err
		}
		return store.Commit()
	}
	var err error
	if o := s.objects[k]; o != nil {
		err = clear(o.store)
	} else if s.host.runsPrograms() {
		err = s.host.withStore(k, clear)
	} else {
		var store *storage.DB
		if store, err = s.openStore(k); err == nil {
			err = errors.Join(clear(store), store.Close())
		}
	}
	if err != nil {
		s.host.cfg.Logger.Error("alarm cannot be cleared", "class", k.class, "id", k.id, "error", err)
		return // its mark stays, for when the storage is readable again
	}
	s.setAlarm(k, 0, false)
}

// loadAlarms schedules the alarms that an earlier host left.
func (h *Host) loadAlarms() error {
	marks, err := filepath.Glob(filepath.Join(h.dir, "objects", h.namespace("*"), "*.alarm"))
	if err != nil {
		return err
	}
	for _, mark := range marks {
		class := strings.TrimPrefix(filepath.Base(filepath.Dir(mark)), h.namespace(""))
		if strings.Contains(class, "-") {
			continue // no class has such a name: it is one of a Worker whose name begins as this one's does
		}
		k := key{class, strings.TrimSuffix(filepath.Base(mark), ".alarm")}
		s := h.isolateOf(k)
		s.do(func() {
			store, err := s.openStore(k)
			if err != nil {
				h.cfg.Logger.Error("the alarm of an object cannot be read", "class", k.class, "id", k.id, "error", err)
				return
			}
			defer store.Close()
			at, ok, err := store.Alarm()
			if err != nil {
				h.cfg.Logger.Error("the alarm of an object cannot be read", "class", k.class, "id", k.id, "error", err)
				return
			}
			s.setAlarm(k, at, ok)
		})
	}
	return nil
}
