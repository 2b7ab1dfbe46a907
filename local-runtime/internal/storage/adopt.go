package storage

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"grove.place/lattice/internal/abi"
)

// What another runtime has stored is adopted: a copy of it becomes what this package would have stored.

// Adopted is what a copy had in it.
type Adopted struct {
	Keys, Tables int
	Alarm        bool
	Skipped      []string // keys whose values cannot be kept, with the reason
}

// Empty reports whether nothing was stored.
func (a Adopted) Empty() bool {
	return a.Keys == 0 && a.Tables == 0 && !a.Alarm && len(a.Skipped) == 0
}

// nameTable is where wrangler dev notes the name of an object, in the object's own file.
const nameTable = "__miniflare_do_name"

// ObjectName returns the name of the object that wrangler dev noted in its file, or "".
func (f *Foreign) ObjectName() (name string, err error) {
	tables, err := f.Tables()
	for _, t := range tables {
		if t == nameTable {
			err = f.Each("SELECT name FROM "+nameTable, func(r Row) error { name = r.Text(0); return nil })
		}
	}
	return name, err
}

// AdoptObject makes the copy the storage of an object of that name, which may be "". It is one of workerd's: the tables of the object, and workerd's own,
// whose values decode reads. Its alarm is in nanoseconds there (util/sqlite-metadata.c++).
func (f *Foreign) AdoptObject(name string, decode func([]byte) (abi.Value, error)) (a Adopted, err error) {
	err = f.inTransaction(func() error {
		var alarm float64
		tables := map[string]bool{}
		names, err := f.Tables()
		for _, t := range names {
			tables[strings.ToLower(t)] = true
		}
		if err == nil && tables["_cf_metadata"] {
			err = f.Each("SELECT value FROM _cf_METADATA WHERE key = ? AND value IS NOT NULL", func(r Row) error {
				alarm, a.Alarm = float64(r.Int64(0)/1e6), true
				return nil
			}, metaAlarm)
		}
		if err == nil && tables["_cf_kv"] {
			err = f.adoptKeys(&a, decode)
		}
		if err != nil {
			return err
		}
		rest, err := f.drop(func(t string) bool {
			own := strings.HasPrefix(strings.ToLower(t), "_cf_") && !strings.EqualFold(t, "_cf_KV")
			return own || t == nameTable
		})
		if a.Tables = len(rest); err != nil {
			return err
		}
		if tables["_cf_kv"] {
			a.Tables--
		}
		if err := f.Each(createMetadata, nil); err != nil {
			return err
		}
		if name != "" {
			err = f.Each("INSERT INTO _cf_METADATA VALUES (?, ?)", nil, metaName, name)
		}
		if err == nil && a.Alarm {
			err = f.Each("INSERT INTO _cf_METADATA VALUES (?, ?)", nil, metaAlarm, alarm)
		}
		return err
	})
	return a, err
}

// adoptKeys gives the values of all keys our form, some keys at a time.
func (f *Foreign) adoptKeys(a *Adopted, decode func([]byte) (abi.Value, error)) error {
	const some = 100
	type entry struct {
		key   string
		value []byte
	}
	for last, begun := "", false; ; begun = true {
		var page []entry
		after := "key >= ?"
		if begun {
			after = "key > ?"
		}
		err := f.Each("SELECT key, value FROM _cf_KV WHERE "+after+" ORDER BY key LIMIT ?", func(r Row) error {
			page = append(page, entry{r.Text(0), r.Bytes(1)})
			return nil
		}, last, some)
		if err != nil {
			return err
		}
		for _, e := range page {
			v, err := decode(e.value)
			if err != nil {
				a.Skipped = append(a.Skipped, fmt.Sprintf("key %q: %v", e.key, err))
				err = f.Each("DELETE FROM _cf_KV WHERE key = ?", nil, e.key)
			} else {
				a.Keys++
				w := abi.NewWriter([]byte{formatVersion})
				w.Value(v)
				err = f.Each("UPDATE _cf_KV SET value = ? WHERE key = ?", nil, w.Bytes(), e.key)
			}
			if err != nil {
				return err
			}
			last = e.key
		}
		if len(page) < some {
			return nil
		}
	}
}

// AdoptD1 makes the copy a D1 database, and returns how many tables it has.
func (f *Foreign) AdoptD1() (tables int, err error) {
	err = f.inTransaction(func() error {
		rest, err := f.drop(func(t string) bool { return strings.HasPrefix(strings.ToLower(t), "_cf_") })
		tables = len(rest)
		return err
	})
	return tables, err
}

// Part is a part of an upload that has not been completed.
type Part struct {
	Number int
	ETag   string
	MD5    []byte
	Size   int64
	File   string // with the content
}

// Adopt stores an object as another store describes it, whose content the files have, one after the other.
func (b *Bucket) Adopt(o Stored, files []string) error {
	names, size, err := b.copyIn(files)
	if err == nil && size != o.Size {
		err = fmt.Errorf("the content of %q has %d bytes, and not the %d that it should", o.Key, size, o.Size)
	}
	if err == nil {
		o.file = strings.Join(names, " ")
		_, err = b.replace(&o, func(*Stored) bool { return true })
	}
	if err != nil {
		b.remove(strings.Join(names, " "))
	}
	return err
}

// AdoptUpload stores an upload that has not been completed.
func (b *Bucket) AdoptUpload(id, key string, o PutOptions, parts []Part) error {
	var files []string
	for i := range parts {
		names, size, err := b.copyIn([]string{parts[i].File})
		if err == nil && size != parts[i].Size {
			err = fmt.Errorf("a part of the upload of %q has %d bytes, and not the %d that it should", key, size, parts[i].Size)
		}
		if files = append(files, names...); err != nil {
			b.remove(strings.Join(files, " "))
			return err
		}
	}
	err := b.x.do(func(s *statements) error {
		err := s.each("INSERT INTO uploads (id, key, http, custom, class) VALUES (?, ?, ?, ?, ?)", nil, id, key, encoded(o.HTTP), encoded(o.Custom), o.StorageClass)
		for i, p := range parts {
			if err == nil {
				err = s.each("INSERT INTO parts (upload, number, etag, md5, size, file) VALUES (?, ?, ?, ?, ?, ?)", nil, id, p.Number, p.ETag, p.MD5, int(p.Size), files[i])
			}
		}
		return err
	})
	if err != nil {
		b.remove(strings.Join(files, " "))
	}
	return err
}

// copyIn copies files to the folder of contents.
func (b *Bucket) copyIn(files []string) (names []string, size int64, err error) {
	for _, file := range files {
		if _, err := os.Stat(file); err != nil {
			return names, size, err
		}
		name := newFile()
		names = append(names, name)
		if err := copyFile(file, b.path(name)); err != nil {
			return names, size, err
		}
		info, err := os.Stat(b.path(name))
		if err != nil {
			return names, size, err
		}
		size += info.Size()
	}
	return names, size, nil
}

// Empty reports whether the bucket has neither objects nor uploads.
func (b *Bucket) Empty() (empty bool, err error) {
	empty = true
	err = b.x.do(func(s *statements) error {
		return s.each("SELECT 1 FROM objects UNION ALL SELECT 1 FROM uploads LIMIT 1", func(*stmt) error { empty = false; return nil })
	})
	return empty, err
}

// HasRows reports whether the SQLite file at path, which nobody may have open, has a row in a table other than those of the host and of
// migrations.
func HasRows(path string) (has bool, err error) {
	f, err := OpenForeign(path, path)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	tables, err := f.Tables()
	for _, t := range tables {
		if t == "d1_migrations" || strings.HasPrefix(t, "_cf_") || err != nil {
			continue
		}
		err = f.Each("SELECT 1 FROM "+quoted(t)+" LIMIT 1", func(Row) error { has = true; return nil })
	}
	return has, err
}
