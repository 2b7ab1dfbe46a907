package storage

import (
	"errors"
	"os"
)

// Keys in _cf_METADATA. The alarm is where workerd has it (util/sqlite-metadata.c++).
const (
	metaAlarm = 1
	metaName  = 100
)

// Alarm returns the time of the alarm in milliseconds since the epoch; ok is false when none is set.
func (d *DB) Alarm() (ms float64, ok bool, err error) {
	err = d.meta(metaAlarm, func(s *stmt) { ms, ok = s.Float64(0), true })
	return ms, ok, err
}

// SetAlarm sets the alarm, in the open transaction.
func (d *DB) SetAlarm(ms float64) error {
	if err := d.fault(Write); err != nil {
		return err
	}
	return d.setMeta(metaAlarm, ms)
}

// ClearAlarm removes the alarm, in the open transaction.
func (d *DB) ClearAlarm() error {
	if _, ok, err := d.Alarm(); err != nil || !ok {
		return err
	}
	if err := d.write(); err != nil {
		return err
	}
	return d.query("DELETE FROM _cf_METADATA WHERE key = ?", nil, metaAlarm)
}

// Name returns the name under which the object was first reached, or "".
func (d *DB) Name() string {
	name, _ := d.loadName()
	return name
}

// SetName remembers the object's name. It is stored with the object's first write: a name alone makes no file.
func (d *DB) SetName(name string) error {
	if old, err := d.loadName(); err != nil || old == name {
		return err
	}
	d.name, d.nameSaved = name, false
	if d.conn == nil || !d.hasMeta {
		return nil
	}
	return d.write()
}

func (d *DB) loadName() (string, error) {
	if d.nameKnown {
		return d.name, nil
	}
	err := d.meta(metaName, func(s *stmt) { d.name, d.nameSaved = s.Text(0), true })
	if err != nil {
		return "", err
	}
	d.nameKnown = true
	return d.name, nil
}

// saveName writes the name into the transaction that write has opened.
func (d *DB) saveName() error {
	if d.nameSaved || d.name == "" {
		return nil
	}
	d.nameSaved = true // before setMeta, which calls write
	return d.setMeta(metaName, d.name)
}

func (d *DB) meta(key int, row func(*stmt)) error {
	if ok, err := d.haveTable("_cf_METADATA", &d.hasMeta); err != nil || !ok {
		return err
	}
	return d.query("SELECT value FROM _cf_METADATA WHERE key = ?", func(s *stmt) error { row(s); return nil }, key)
}

const createMetadata = "CREATE TABLE IF NOT EXISTS _cf_METADATA (key INTEGER PRIMARY KEY, value BLOB)"

func (d *DB) setMeta(key int, value any) error {
	if err := d.write(); err != nil {
		return err
	}
	if !d.hasMeta {
		if err := d.run(createMetadata); err != nil {
			return err
		}
		d.hasMeta = true
	}
	return d.query("INSERT INTO _cf_METADATA VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", nil, key, value)
}

// removeFile deletes a database: the file first, so that a process which dies in between leaves a log without a file,
// which SQLite discards.
func removeFile(path string) error {
	if path == "" {
		return nil
	}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return asError(unusable(path, err))
		}
	}
	return nil
}
