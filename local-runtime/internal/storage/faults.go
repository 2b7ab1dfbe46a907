package storage

import (
	"time"

	"grove.place/lattice/local-runtime/internal/storage/sqlite"
)

// Point is a moment in which a storage can fail.
type Point int

// The points, in the order in which a turn comes to them.
const (
	Read    Point = iota // before a statement runs, or keys are read
	Write                // before a statement, a key or the alarm is written
	Commit               // before the turn's transaction is committed
	Confirm              // after that, before it counts as durable: the host asks, not the storage
)

// Faults decides, for a test, whether the storage fails at a point; nil goes on. The failure is one of the disk: the storage is
// broken afterwards, and the host resets its object.
type Faults func(Point) error

// Failures of a disk, as SQLite reports them.
var (
	ErrDiskFull error = &sqlite.Error{Code: sqlite.Full, Offset: -1, Message: "database or disk is full"}
	ErrDiskIO   error = &sqlite.Error{Code: sqlite.IOErr, Offset: -1, Message: "disk I/O error"}
)

// Inject makes f decide from now on; nil ends that.
func (d *DB) Inject(f Faults) { d.faults = f }

// fault fails the storage when a test wants that.
func (d *DB) fault(at Point) error {
	if d.faults == nil || d.broken != nil {
		return d.broken
	}
	err := d.faults(at)
	if err != nil {
		e := asError(err)
		d.broken = e
		return e
	}
	return nil
}

// Simulate makes what SQL calls now, and with random also what it calls random, the host's. random may be nil.
func (d *DB) Simulate(now func() time.Time, random func([]byte)) {
	d.simulated = func(c *sqlite.Conn) { c.Simulate(now, random) }
	if d.conn != nil {
		d.simulated(d.conn)
	}
}
