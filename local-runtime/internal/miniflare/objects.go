package miniflare

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"grove.place/lattice/local-runtime/internal/objectid"
	"grove.place/lattice/local-runtime/internal/storage"
	"grove.place/lattice/local-runtime/internal/v8value"
)

var safeName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

// objects imports all namespaces of objects.
func (i *importer) objects() error {
	names, err := folders(filepath.Join(i.From, "do"))
	if err != nil {
		return err
	}
	for _, namespace := range names {
		dir := filepath.Join(i.From, "do", namespace)
		if !safeName.MatchString(namespace) {
			i.leave(dir, "%q is no name for objects of the local host", namespace)
			continue
		}
		s := Store{Kind: Objects, Name: namespace, Path: filepath.Join("objects", namespace), From: filepath.Join("do", namespace)}
		files, err := filepath.Glob(filepath.Join(glob(dir), "*.sqlite"))
		if err != nil {
			return err
		}
		known, err := i.alarmNames(dir)
		if err != nil {
			return err
		}
		for _, path := range files {
			id := strings.TrimSuffix(filepath.Base(path), ".sqlite")
			spelled, wellFormed, valid := objectid.Check(namespace, id)
			switch {
			case isMetadata(path) || strings.Contains(id, "."): // a facet's comes with its object
			case !wellFormed || spelled != id:
				i.leave(path, "its name is not the id of an object")
			case !valid:
				i.leave(path, "its id is not one of %s", namespace)
			default:
				if err := i.object(&s, path, id, known[id]); err != nil {
					return err
				}
			}
		}
		if s.Objects > 0 || len(s.Skipped) > 0 {
			i.Stores = append(i.Stores, s)
		}
	}
	return nil
}

// glob is a folder as a pattern that only it matches.
func glob(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

// alarmNames returns the names that objects with an alarm had, by id.
func (i *importer) alarmNames(dir string) (map[string]string, error) {
	names := map[string]string{}
	path := filepath.Join(dir, "metadata.sqlite")
	if _, err := os.Stat(path); err != nil {
		return names, nil
	}
	f, _, err := i.open(path, i.scratch)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	columns := 0
	err = f.Each("SELECT name FROM pragma_table_info('_cf_ALARM') WHERE name IN ('actor_id', 'actor_name')", func(storage.Row) error { columns++; return nil })
	if err != nil || columns < 2 { // as before wrangler knew names
		return names, err
	}
	err = f.Each("SELECT actor_id, actor_name FROM _cf_ALARM WHERE actor_name IS NOT NULL", func(r storage.Row) error {
		names[r.Text(0)] = r.Text(1)
		return nil
	})
	return names, err
}

// object imports an object with its facets.
func (i *importer) object(s *Store, path, id, name string) error {
	into := filepath.Join(i.Into, s.Path)
	facets, err := readFacets(strings.TrimSuffix(path, ".sqlite") + ".facets")
	if err != nil {
		return err
	}
	stored, err := i.adopt(s, path, filepath.Join(into, id+".sqlite"), func(noted string) string {
		for _, n := range []string{noted, name} {
			if n != "" && objectid.FromName(s.Name, n) == id {
				return n
			}
		}
		return ""
	})
	if err != nil {
		return err
	}
	if stored.Alarm {
		s.Alarms++
		if err := os.WriteFile(filepath.Join(into, id+".alarm"), nil, 0o644); err != nil {
			return err
		}
	}
	imported := !stored.Empty()
	for n, f := range facets {
		from := strings.TrimSuffix(path, ".sqlite") + "." + strconv.Itoa(n+1) + ".sqlite"
		if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
			continue // deleted
		}
		stored, err := i.adopt(s, from, filepath.Join(into, id+f+".sqlite"), func(string) string { return "" })
		if err != nil {
			return err
		}
		if !stored.Empty() {
			imported = true
			s.Facets++
		}
	}
	if imported {
		s.Objects++
	}
	return nil
}

// adopt makes storage of one file, unless nothing is in it. nameFor says what the object is called, given what the file says.
func (i *importer) adopt(s *Store, from, to string, nameFor func(noted string) string) (storage.Adopted, error) {
	f, copied, err := i.open(from, filepath.Join(i.scratch, "object"))
	if err != nil {
		return storage.Adopted{}, err
	}
	noted, err := f.ObjectName()
	var a storage.Adopted
	if err == nil {
		a, err = f.AdoptObject(nameFor(noted), v8value.Decode)
	}
	if err = errors.Join(err, f.Close()); err != nil || a.Empty() {
		return a, err
	}
	s.Keys += a.Keys
	s.Tables += a.Tables
	for _, text := range a.Skipped {
		s.Skipped = append(s.Skipped, "object "+called(nameFor(noted), strings.TrimSuffix(filepath.Base(from), ".sqlite"))+": "+text)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return a, err
	}
	return a, os.Rename(copied, to)
}

func called(name, id string) string {
	if name != "" {
		return strconv.Quote(name)
	}
	return id
}

// facetMagic is what the file with the names of facets begins with (workerd server/facet-tree-index.h).
const facetMagic = 0xc4cdce5bc5b0ef57

// readFacets reads where each facet goes, by its number less one: for each of its names, from the object inwards, ".facets/" and what the local host makes
// of the name. What is damaged ends the file, as it does for workerd: it never counted.
func readFacets(path string) (places []string, err error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(b) <= 8 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint64(b) != facetMagic {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("it is not a list of facets that workerd has written")}
	}
	for b = b[8:]; len(b) >= 4; {
		parent, length := int(binary.LittleEndian.Uint16(b)), int(binary.LittleEndian.Uint16(b[2:]))
		if length == 0 || parent > len(places) || 4+length > len(b) {
			break
		}
		sum := sha256.Sum256(b[4 : 4+length])
		place := ".facets/" + hex.EncodeToString(sum[:16])
		if parent > 0 {
			place = places[parent-1] + place
		}
		places, b = append(places, place), b[4+length:]
	}
	return places, nil
}
