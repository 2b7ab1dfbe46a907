package storage

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/storage/history"
)

const (
	// Retention is how far back a storage can be restored.
	Retention = 30 * 24 * time.Hour
	// maxHistory is how many bytes of history a storage keeps at most.
	maxHistory = 1 << 30
	// checkpointFrames is how many frames the write-ahead log has before it is copied into the database, as SQLite would.
	checkpointFrames = 1000
)

// past is the way back to earlier states of a DB.
//
// Invariant: a transaction is in the history before SQLite copies it out of the write-ahead log, so that the history, the log and the file
// together have every state since the history began. A failure of the history never fails a commit; it is told to who asks for a bookmark.
type past struct {
	now    func() time.Time
	log    *history.Log // nil until it is needed
	marks  []history.Mark
	frames int // in the write-ahead log when it was last copied
	err    error

	restored bool
}

func (d *DB) historyPath() string { return strings.TrimSuffix(d.path, ".sqlite") + ".history" }

// history opens the history.
func (d *DB) history() (*history.Log, error) {
	if d.past.log == nil && d.past.err == nil {
		d.past.log, d.past.err = history.Open(d.historyPath())
	}
	return d.past.log, d.past.err
}

func (p *past) close() {
	if p.log != nil {
		p.log.Close()
	}
	p.log, p.marks, p.frames = nil, nil, 0
}

// committed notes a transaction that went to the write-ahead log.
func (d *DB) committed(frames int) {
	d.past.marks = append(d.past.marks, history.Mark{Frame: uint32(frames), Time: d.past.now().UnixMilli()})
}

// checkpoint keeps the write-ahead log short. What a reader still needs stays there, and is tried again when the log has grown as much again;
// so is what fails.
func (d *DB) checkpoint() {
	n := len(d.past.marks)
	if n == 0 {
		return
	}
	frames := int(d.past.marks[n-1].Frame)
	if frames < d.past.frames {
		d.past.frames = 0 // the log began anew
	}
	if frames < d.past.frames+checkpointFrames {
		return
	}
	d.past.frames = frames
	d.archive()
	d.conn.Checkpoint()
}

// archive makes history of what is only in the write-ahead log.
func (d *DB) archive() {
	if len(d.past.marks) == 0 {
		return
	}
	log, err := d.history()
	if err != nil {
		return
	}
	now := d.past.now()
	err = log.Archive(d.path, d.past.marks, now.UnixMilli())
	d.past.marks = d.past.marks[:0]
	d.past.err = cmp.Or(err, log.Prune(now.Add(-Retention).UnixMilli(), maxHistory))
}

// recoverPast makes history of what a process that died has left in the write-ahead log. Its transactions were made at the latest when the log
// was last written.
func (d *DB) recoverPast() {
	log, err := d.history()
	if err != nil {
		return
	}
	at := d.past.now()
	if info, err := os.Stat(d.path + "-wal"); err == nil && info.ModTime().Before(at) {
		at = info.ModTime()
	}
	d.past.err = log.Archive(d.path, nil, at.UnixMilli())
}

// seq numbers the state that was committed last.
func (d *DB) seq() (uint64, error) {
	log, err := d.history()
	if err != nil {
		return 0, asError(err)
	}
	return log.Last().Seq + uint64(len(d.past.marks)), nil
}

// mark is what a bookmark says: a state, or the restore that it undoes.
type mark struct {
	time  int64
	seq   uint32 // undoes: of a restore
	nonce uint64 // of that restore
}

const undoes = math.MaxUint32

// text writes a mark as production does, in hexadecimal and ordered by time: the time, the state, and what proves whose it is.
func (d *DB) text(m mark) string {
	tag := d.tag(m)
	return fmt.Sprintf("%08x-%08x-%08x-%016x%016x", uint32(m.time>>32), uint32(m.time), m.seq, m.nonce, tag)
}

func (d *DB) tag(m mark) uint64 {
	h := sha256.New()
	h.Write([]byte(filepath.Base(d.path)))
	binary.Write(h, binary.BigEndian, m.time)
	binary.Write(h, binary.BigEndian, m.seq)
	binary.Write(h, binary.BigEndian, m.nonce)
	return binary.BigEndian.Uint64(h.Sum(nil))
}

func (d *DB) parse(bookmark string) (m mark, err error) {
	parts := strings.Split(bookmark, "-")
	raw, err := hex.DecodeString(strings.Join(parts, ""))
	if err != nil || len(parts) != 4 || len(parts[0]) != 8 || len(parts[1]) != 8 || len(parts[2]) != 8 || len(parts[3]) != 32 {
		return m, abi.TypeErrorf("%q is not a bookmark: a bookmark has four groups of 8, 8, 8 and 32 hexadecimal digits", bookmark)
	}
	m = mark{int64(binary.BigEndian.Uint64(raw)), binary.BigEndian.Uint32(raw[8:]), binary.BigEndian.Uint64(raw[12:])}
	if binary.BigEndian.Uint64(raw[20:]) != d.tag(m) {
		return m, abi.Errorf("the bookmark %s was not made by this object's storage", bookmark)
	}
	return m, nil
}

var errNoPast = abi.Errorf("a storage in memory has no history to go back to")

// Bookmark names the state that was committed last.
func (d *DB) Bookmark() (string, error) {
	if d.path == "" {
		return "", errNoPast
	}
	seq, err := d.seq()
	if err != nil {
		return "", err
	}
	return d.text(mark{time: d.past.now().UnixMilli(), seq: uint32(seq)}), nil
}

// BookmarkAt names the state at a time of the last 30 days.
func (d *DB) BookmarkAt(ms float64) (string, error) {
	switch {
	case d.path == "":
		return "", errNoPast
	case math.IsNaN(ms):
		return "", abi.TypeErrorf("The value cannot be converted because it is not a valid Date.")
	}
	now := d.past.now()
	if ms >= float64(now.UnixMilli()) {
		return d.Bookmark()
	}
	if ms < float64(now.Add(-Retention).UnixMilli()) {
		return "", errTooOld
	}
	log, err := d.history()
	if err != nil {
		return "", asError(err)
	}
	at := int64(ms)
	seq := log.Last().Seq
	for _, m := range d.past.marks {
		if m.Time <= at {
			seq++
		}
	}
	if seq == log.Last().Seq {
		if seq, err = log.At(at); err != nil {
			return "", asError(err)
		}
	}
	return d.text(mark{time: at, seq: uint32(seq)}), nil
}

var errTooOld = abi.Errorf("the storage of a Durable Object can be restored to what it was in the last 30 days, not before")

// intent is what is to be done to a closed storage. It is a file beside the storage, so that a process that dies does not leave it half done.
type intent struct {
	Nonce uint64 `json:"nonce"`
	Seq   uint64 `json:"seq"` // the state to restore
}

// RestoreNext has the storage restored to a bookmark when it is opened next. It returns the bookmark that undoes that.
func (d *DB) RestoreNext(bookmark string) (undo string, err error) {
	if d.path == "" {
		return "", errNoPast
	}
	m, err := d.parse(bookmark)
	if err != nil {
		return "", err
	}
	now := d.past.now()
	if m.time < now.Add(-Retention).UnixMilli() {
		return "", errTooOld
	}
	log, err := d.history()
	if err != nil {
		return "", asError(err)
	}
	seq := uint64(m.seq)
	if m.seq == undoes {
		r, found, err := log.Find(m.nonce)
		if err != nil {
			return "", asError(err)
		}
		if !found {
			return "", abi.Errorf("the bookmark %s undoes a restore that has not happened", bookmark)
		}
		seq = r.Seq - 1
	}
	if last, err := d.seq(); err != nil || seq < log.Earliest() || seq > last {
		return "", asError(cmp.Or(err, history.ErrTooFar))
	}
	undone := mark{time: now.UnixMilli(), seq: undoes, nonce: d.nonce()}
	if err := d.intend(history.Restore, intent{undone.nonce, seq}); err != nil {
		return "", asError(err)
	}
	return d.text(undone), nil
}

// nonce tells what is asked for now from everything before: each deletion or restore is a state further.
func (d *DB) nonce() uint64 {
	seq, _ := d.seq()
	return d.tag(mark{time: d.past.now().UnixMilli(), seq: uint32(seq), nonce: undoes})
}

var intents = map[history.Kind]string{history.Delete: ".delete", history.Restore: ".restore"}

func (d *DB) intentPath(kind history.Kind) string {
	return strings.TrimSuffix(d.path, ".sqlite") + intents[kind]
}

func (d *DB) intend(kind history.Kind, i intent) error {
	text, err := json.Marshal(i)
	if err != nil {
		return err
	}
	path := d.intentPath(kind)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", text, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// removeAll removes the closed storage.
func (d *DB) removeAll() error {
	if d.path == "" || !exists(d.path) {
		return removeFile(d.path)
	}
	if err := d.intend(history.Delete, intent{Nonce: d.nonce()}); err != nil {
		return asError(unusable(d.path, err))
	}
	if err := d.finishIntent(history.Delete); err != nil {
		return asError(err)
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// finishIntents does what was to be done to the storage, which is closed.
func (d *DB) finishIntents() error {
	return errors.Join(d.finishIntent(history.Delete), d.finishIntent(history.Restore))
}

func (d *DB) finishIntent(kind history.Kind) error {
	path := d.intentPath(kind)
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return unusable(d.path, err)
	}
	var i intent
	if err := json.Unmarshal(text, &i); err != nil {
		return fmt.Errorf("%s: %w: move it away to start with the storage as it is", path, err)
	}
	defer d.past.close()
	if err := d.follow(kind, i); err != nil {
		if kind == history.Restore && errors.Is(err, history.ErrDamaged) {
			err = fmt.Errorf("%w; nothing was restored, the storage is as it was", err)
			os.Remove(path)
		}
		return err
	}
	d.past.restored = d.past.restored || kind == history.Restore
	return os.Remove(path)
}

// Restored reports whether opening the storage restored it, alarm included.
func (d *DB) Restored() bool { return d.past.restored }

// RestorePending reports whether the storage at path is restored when it is opened next.
func RestorePending(path string) bool {
	d := DB{path: path}
	return exists(d.intentPath(history.Restore))
}

// follow does what i says, or the rest of it: the history has the step before the file changes.
func (d *DB) follow(kind history.Kind, i intent) error {
	if err := d.settle(); err != nil {
		return err
	}
	log, err := d.history()
	if err != nil {
		return d.drop(kind, err)
	}
	next := d.path + ".next"
	if last := log.Last(); last.Kind != kind || last.Nonce != i.Nonce {
		os.Remove(next)
		var changed []uint32
		if kind == history.Restore {
			if changed, _, err = log.Rewind(d.path, next, i.Seq); err != nil {
				os.Remove(next)
				return err
			}
		}
		step := history.Record{Kind: kind, Nonce: i.Nonce, Time: d.past.now().UnixMilli()}
		if err := log.Step(step, d.path, next, changed); err != nil {
			return d.drop(kind, err)
		}
	}
	if exists(next) {
		return os.Rename(next, d.path)
	}
	if log.Last().After == 0 {
		return removeFile(d.path)
	}
	return nil
}

// drop deletes although there can be no history of it, and refuses to restore.
func (d *DB) drop(kind history.Kind, err error) error {
	if kind == history.Delete {
		return removeFile(d.path)
	}
	return err
}

// settle copies what a process that died has left in the write-ahead log into the file.
func (d *DB) settle() error {
	if !hasContents(d.path + "-wal") {
		return nil
	}
	conn, err := openFile(d.path)
	if err != nil {
		return err
	}
	d.recoverPast()
	return conn.Close()
}
