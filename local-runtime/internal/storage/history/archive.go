package history

import "os"

// Mark says when the transaction was committed whose last frame in the write-ahead log is Frame.
type Mark struct {
	Frame uint32
	Time  int64 // ms
}

// Archive appends the transactions of a database's write-ahead log that the history does not have. It must be called before SQLite copies
// them into the database, with a mark for each; without marks the log is what a process left that died, and at is the time of all.
func (l *Log) Archive(db string, marks []Mark, at int64) (err error) {
	w, err := openWAL(db + "-wal")
	if err != nil || w == nil {
		return wrap(db, err)
	}
	defer w.f.Close()
	file, err := os.Open(db)
	if err != nil {
		return wrap(db, err)
	}
	defer file.Close()
	a, err := l.appending()
	if err != nil {
		return wrap(l.path, err)
	}
	s := &archiving{a: a, w: w, db: file, marks: marks, at: at, latest: map[uint32]uint32{}, step: Record{
		Kind: Commit, Seq: l.last.Seq + 1, PageSize: w.pageSize, Salt: w.salt, Before: l.last.After,
	}, before: make([]byte, w.pageSize), data: make([]byte, w.pageSize)}
	if l.last.Salt == w.salt {
		s.archived = l.last.Frame
	} else if info, err := file.Stat(); err == nil {
		s.step.Before = uint32(info.Size() / int64(w.pageSize))
	}
	last := uint32(0)
	if len(marks) > 0 {
		last = marks[len(marks)-1].Frame
	}
	if err := w.frames(last, s.frame); err != nil {
		return wrap(l.path, err)
	}
	return wrap(l.path, a.done())
}

// archiving is an Archive under way.
type archiving struct {
	a        *appending
	w        *wal
	db       *os.File
	marks    []Mark
	at       int64
	archived uint32            // frames that the history has
	latest   map[uint32]uint32 // page → the frame that has it
	step     Record
	open     []held
	before   []byte
	data     []byte
}

// held is a frame of a transaction that has not come to its end.
type held struct {
	number uint32
	page   uint32
}

func (s *archiving) frame(number uint32, fr frame) error {
	if number <= s.archived {
		s.latest[fr.page] = number
		return nil
	}
	if fr.commit == 0 {
		s.open = append(s.open, held{number, fr.page})
		return nil
	}
	s.step.Frame, s.step.After, s.step.Time = number, fr.commit, s.time(number)
	for _, h := range s.open {
		data, err := s.w.read(h.number, s.data)
		if err != nil {
			return err
		}
		if err := s.page(h.number, h.page, data); err != nil {
			return err
		}
	}
	s.open = s.open[:0]
	if err := s.page(number, fr.page, fr.data); err != nil {
		return err
	}
	if err := s.a.finish(s.step); err != nil {
		return err
	}
	s.step.Seq++
	s.step.Before = s.step.After
	return nil
}

func (s *archiving) page(number, page uint32, after []byte) error {
	var err error
	before := s.before
	if f, ok := s.latest[page]; ok {
		before, err = s.w.read(f, s.before)
	} else {
		err = pageAt(s.db, page, s.before)
	}
	if err != nil {
		return err
	}
	s.latest[page] = number
	return s.a.page(s.step, page, before, after)
}

// time returns when the transaction was committed that ends with a frame.
func (s *archiving) time(number uint32) int64 {
	for len(s.marks) > 0 && s.marks[0].Frame < number {
		s.marks = s.marks[1:]
	}
	at := s.at
	if len(s.marks) > 0 && s.marks[0].Frame == number {
		at = s.marks[0].Time
	}
	return max(at, s.a.l.last.Time, s.a.new.Time)
}
