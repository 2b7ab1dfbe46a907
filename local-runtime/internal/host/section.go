package host

import (
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/gate"
	"grove.place/lattice/local-runtime/internal/isolate"
)

// A section that waits for something outside of it ends by its time limit. So it does on workerd, which speaks of a promise that will never
// complete only when the section itself is dropped (io/io-gate.c++): neither the garbage collector nor anything else found one earlier when tried.
const (
	sectionTime    = 30 * time.Second
	sectionTimeout = "A call to blockConcurrencyWhile() in a Durable Object waited for too long. The call was canceled and the Durable Object was reset."
)

// section is a critical section: blockConcurrencyWhile, or an asynchronous transaction.
type section struct {
	kind       byte
	opener     *frame // whose operation it is
	operation  uint32
	level      *gate.Input
	rolledBack bool
	stop       func() // of its time limit
}

// opSection asks for a critical section of the current frame's level.
func opSection(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
	kind := r.U8()
	if err := r.End(); err != nil {
		return failure(err), 0
	}
	o := f.object
	if o == nil {
		return failure(errNoObject), 0
	}
	if o.failure != nil {
		return failure(o.failure), 0
	}
	if kind != abi.SectionBlockConcurrency && kind != abi.SectionTransaction {
		return failure(abi.Errorf("unknown kind of critical section %d", kind)), 0
	}
	sec := &section{kind: kind, opener: f, operation: id}
	if err := f.level.Enter(func(level *gate.Input) { s.enterSection(sec, level) }); err != nil {
		return failure(err), 0
	}
	f.begin()
	return nil, abi.Pending
}

// enterSection runs when the section has got the gate.
func (s *Isolate) enterSection(sec *section, level *gate.Input) {
	sec.level = level
	o := sec.opener.object
	if o.failure != nil {
		return
	}
	if sec.kind == abi.SectionTransaction {
		store, err := o.storage()
		if err == nil {
			if e := store.Savepoint(); e != nil {
				err = asError(e)
			}
		}
		if err != nil {
			s.leaveSection(sec, failure(err))
			return
		}
		o.transactions++
	}
	f := s.newFrame(abi.StartSection, o, reply{event: sec.opener.event}, nil)
	f.level, f.section = level, sec
	sec.stop = o.limit(func() bool { return !f.answered })
	w := f.started()
	w.Uint(uint64(sec.operation))
	s.turn(f, delivery{f.id, w.Bytes()})
}

// leaveSection opens the gate again; the section's caller goes on first.
func (s *Isolate) leaveSection(sec *section, result []byte) {
	if sec.stop != nil {
		sec.stop()
	}
	o := sec.opener.object
	sec.level.Leave(func() {
		o.pending--
		if to := sec.opener.live(); to != nil {
			s.turn(to, delivery{to.id, completion(sec.operation, result)})
		}
		o.checkIdle()
	})
}

// doneSection is DONE of a section's frame.
func (s *Isolate) doneSection(f *frame, failed *abi.Error) {
	sec, o := f.section, f.object
	result := isolate.Success(nil)
	switch {
	case sec.kind == abi.SectionBlockConcurrency && failed != nil:
		e := *failed
		e.ObjectWasReset = true
		o.fail(&e)
		return
	case sec.kind == abi.SectionTransaction:
		if err := s.endTransaction(f, failed == nil); err != nil {
			failed = asError(err)
		}
		if failed != nil {
			result = isolate.Failure(failed)
		}
	}
	s.outputs.After(o, func() { s.leaveSection(sec, result) }, nil)
}

func (s *Isolate) endTransaction(f *frame, keep bool) error {
	if f.section.rolledBack {
		return nil
	}
	f.object.transactions--
	store, err := f.object.storage()
	if err != nil {
		return err
	}
	if !keep {
		f.object.alarmChanged = true
		return store.RollbackTo()
	}
	return store.Release()
}

// opRollback undoes an asynchronous transaction from inside.
func opRollback(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
	if err := r.End(); err != nil {
		return failure(err), 0
	}
	if f.section == nil || f.section.kind != abi.SectionTransaction {
		return failure(abi.Errorf("rollback() works only inside of a transaction")), 0
	}
	if !f.section.rolledBack {
		if err := s.endTransaction(f, false); err != nil {
			return failure(err), 0
		}
		f.section.rolledBack = true
	}
	return isolate.Success(nil), 0
}

// opTxnSync runs a callback of the guest in a savepoint.
func opTxnSync(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
	callback := r.U32()
	if err := r.End(); err != nil {
		return failure(err), 0
	}
	if f.object == nil {
		return failure(errNoObject), 0
	}
	store, err := f.object.storage()
	if err != nil {
		return failure(err), 0
	}
	if err := store.Savepoint(); err != nil {
		return failure(err), 0
	}
	answer := s.instance.Run(callback)
	if f.object.failure != nil {
		return failure(f.object.failure), 0
	}
	end := store.Release
	if answer != abi.RunCommit {
		f.object.alarmChanged = true
		end = store.RollbackTo
	}
	if err := end(); err != nil {
		return failure(err), 0
	}
	return isolate.Success(func(w *abi.Writer) { w.Uint(uint64(answer)) }), 0
}
