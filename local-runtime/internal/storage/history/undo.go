package history

import (
	"fmt"
	"io"
	"os"
	"slices"
)

// Earliest returns the first state that the history reaches back to.
func (l *Log) Earliest() uint64 {
	if l.first.Seq == 0 {
		return l.last.Seq
	}
	return l.first.Seq - 1
}

// At returns the state at a time: after the last step that was made at it or before.
func (l *Log) At(ms int64) (uint64, error) {
	for end := l.size; end > 0; {
		r, at, err := l.headerBefore(end)
		if err != nil {
			return 0, wrap(l.path, err)
		}
		if r.Time <= ms {
			return r.Seq, nil
		}
		end = at
	}
	return l.Earliest(), nil
}

// Find returns the step that was made for nonce.
func (l *Log) Find(nonce uint64) (r Record, found bool, err error) {
	for end := l.size; end > 0; {
		r, at, err := l.headerBefore(end)
		if err != nil {
			return r, false, wrap(l.path, err)
		}
		if r.Kind != Commit && r.Nonce == nonce {
			return r, true, nil
		}
		end = at
	}
	return r, false, nil
}

// Rewind makes the file at to what the database at from was in state seq, and returns the pages that differ, in order, and the new size in
// pages: 0 for a database that was not there, for which no file is made. The database must be closed and its transactions archived.
func (l *Log) Rewind(from, to string, seq uint64) ([]uint32, uint32, error) {
	if seq < l.Earliest() || seq > l.last.Seq {
		return nil, 0, wrap(l.path, ErrTooFar)
	}
	image, err := copyFile(from, to)
	if err != nil {
		return nil, 0, err
	}
	defer image.Close()
	touched, changed := map[uint32]bool{}, []uint32{}
	size := l.last.After
	for end := l.size; end > 0; {
		r, b, err := l.before(end)
		if err != nil {
			return nil, 0, wrap(l.path, err)
		}
		if r.Seq <= seq {
			break
		}
		if err := undo(image, r, b, touched); err != nil {
			return nil, 0, wrap(l.path, err)
		}
		size = r.Before
		end -= int64(r.length)
	}
	for page := range touched {
		changed = append(changed, page)
	}
	slices.Sort(changed)
	if size == 0 {
		return changed, 0, os.Remove(to)
	}
	return changed, size, image.Sync()
}

func copyFile(from, to string) (*os.File, error) {
	out, err := os.OpenFile(to, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, err
	}
	in, err := open(from)
	if err == nil && in != nil {
		_, err = io.Copy(out, in)
		in.Close()
	}
	if err != nil {
		out.Close()
		return nil, err
	}
	return out, nil
}

// undo takes an image one step back.
func undo(image *os.File, r Record, b []byte, touched map[uint32]bool) error {
	list, ok := changes(b, r.pages)
	if !ok {
		return ErrDamaged
	}
	if err := image.Truncate(int64(r.After) * int64(r.PageSize)); err != nil {
		return err
	}
	page := make([]byte, r.PageSize)
	for _, c := range slices.Backward(list) {
		if err := pageAt(image, c.number, page); err != nil {
			return err
		}
		if checksum(page) != c.after || !applyDelta(page, c.delta) {
			return fmt.Errorf("%w: page %d is not what state %d left", ErrDamaged, c.number, r.Seq)
		}
		if _, err := image.WriteAt(page, int64(c.number-1)*int64(r.PageSize)); err != nil {
			return err
		}
		touched[c.number] = true
	}
	return image.Truncate(int64(r.Before) * int64(r.PageSize))
}

// Step appends what turns the database file at from into the one at to: either may be missing. changed names the pages that may differ;
// nil: all of them.
func (l *Log) Step(r Record, from, to string, changed []uint32) error {
	before, err := open(from)
	if err != nil {
		return err
	}
	after, err := open(to)
	if err != nil {
		return err
	}
	defer closeFile(before)
	defer closeFile(after)
	r.Seq = l.last.Seq + 1
	r.Time = max(r.Time, l.last.Time)
	if r.PageSize = pageSizeOf(before, after); r.PageSize == 0 {
		return wrap(l.path, ErrDamaged)
	}
	if r.Before, err = pages(before, r.PageSize); err != nil {
		return err
	}
	if r.After, err = pages(after, r.PageSize); err != nil {
		return err
	}
	if changed == nil {
		for p := range max(r.Before, r.After) {
			changed = append(changed, p+1)
		}
	}
	a, err := l.appending()
	if err != nil {
		return wrap(l.path, err)
	}
	old, young := make([]byte, r.PageSize), make([]byte, r.PageSize)
	for _, p := range changed {
		if err := pageAt(before, p, old); err != nil {
			return err
		}
		if err := pageAt(after, p, young); err != nil {
			return err
		}
		if err := a.page(r, p, old, young); err != nil {
			return wrap(l.path, err)
		}
	}
	if err := a.finish(r); err != nil {
		return wrap(l.path, err)
	}
	return wrap(l.path, a.done())
}

// pageSizeOf reads the page size of the first file that is there: https://www.sqlite.org/fileformat2.html#page_size.
func pageSizeOf(files ...*os.File) uint32 {
	for _, f := range files {
		var h [2]byte
		if f == nil {
			continue
		}
		if _, err := f.ReadAt(h[:], 16); err != nil {
			continue
		}
		n := uint32(h[0])<<8 | uint32(h[1])
		if n == 1 {
			n = 65536
		}
		if validPageSize(n) {
			return n
		}
	}
	return 0
}

func pages(f *os.File, size uint32) (uint32, error) {
	if f == nil {
		return 0, nil
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return uint32(info.Size() / int64(size)), nil
}

// Prune forgets the steps that were made before a time, and the oldest beyond a size in bytes. It does so when that frees half of the file, so
// that a byte is copied about once.
func (l *Log) Prune(ms, size int64) error {
	if l.f == nil || l.first.Time >= ms && l.size <= size {
		return nil
	}
	cut := int64(0)
	for cut < l.size {
		r, err := l.header(cut)
		if err != nil {
			return wrap(l.path, err)
		}
		if r.Time >= ms && l.size-cut <= size {
			break
		}
		cut += int64(r.length)
	}
	for cut > 0 && cut < l.size { // not between the parts of a step
		r, _, err := l.headerBefore(cut)
		if err != nil {
			return wrap(l.path, err)
		}
		if r.final {
			break
		}
		cut -= int64(r.length)
	}
	if cut < l.size/2 {
		return nil
	}
	return wrap(l.path, l.drop(cut))
}

// drop forgets the first bytes of the log. The last step stays, for it says where the next one goes on.
func (l *Log) drop(cut int64) error {
	for end := l.size; cut == l.size; {
		_, at, err := l.headerBefore(end)
		if err != nil {
			return err
		}
		if at == 0 {
			return nil
		}
		if r, _, err := l.headerBefore(at); err != nil || r.final {
			cut = at
		}
		end = at
	}
	if cut == 0 {
		return nil
	}
	next := l.path + ".next"
	f, err := os.OpenFile(next, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, io.NewSectionReader(l.f, cut, l.size-cut))
	if err == nil {
		err = os.Rename(next, l.path)
	}
	if err != nil {
		f.Close()
		os.Remove(next)
		return err
	}
	l.f.Close()
	l.f = f
	return l.load()
}
