package storage

import (
	"fmt"
	"slices"
	"strings"

	"grove.place/lattice/internal/abi"
)

// textLength is the size of custom metadata as R2 counts it: bytes of Latin-1, or of UTF-16 where that does not do.
func textLength(v abi.Value) (n int) {
	o, _ := v.(abi.Object)
	for _, f := range o {
		for _, text := range []string{f.Name, fmt.Sprint(f.Value)} {
			runes := []rune(text)
			size := len(runes)
			if slices.ContainsFunc(runes, func(r rune) bool { return r > 0xff }) {
				size *= 2
			}
			n += size
		}
	}
	return n
}

// Holds reports whether conditions hold of an object, which is nil when there is none.
func Holds(onlyIf abi.Value, o *Stored) bool {
	conditions, ok := onlyIf.(abi.Object)
	if !ok {
		return true
	}
	match, noMatch := conditions.Get("etagMatches"), conditions.Get("etagDoesNotMatch")
	before, hasBefore := conditions.Get("uploadedBefore").(abi.Date)
	after, hasAfter := conditions.Get("uploadedAfter").(abi.Date)
	has := func(v abi.Value) bool { _, absent := v.(abi.Undefined); return !absent && v != nil }
	if o == nil {
		return !has(match) && !hasAfter
	}
	matches, differs := !has(match) || includes(match, o.ETag), !has(noMatch) || !includes(noMatch, o.ETag)
	return matches && differs &&
		(!hasAfter || after < o.Uploaded || has(noMatch)) &&
		(!hasBefore || o.Uploaded < before || has(match))
}

// includes reports whether a condition on ETags names one: it is a tag, a list of tags, or "*".
func includes(v abi.Value, etag string) bool {
	switch v := v.(type) {
	case string:
		return v == "*" || strings.Trim(v, `"`) == etag
	case abi.Array:
		return slices.ContainsFunc(v, func(e abi.Value) bool { return includes(e, etag) })
	}
	return false
}

// Part returns the part of an object of that size which a range asks for, and whether it is all of it.
func (o *Stored) Part(rng abi.Value) (offset, length int64, whole bool, err error) {
	r, ok := rng.(abi.Object)
	if !ok {
		return 0, o.Size, true, nil
	}
	number := func(name string) (int64, bool) {
		switch v := r.Get(name).(type) {
		case int64:
			return v, true
		case float64:
			return int64(v), true
		}
		return 0, false
	}
	offset, _ = number("offset")
	length, limited := number("length")
	if suffix, ok := number("suffix"); ok {
		if suffix <= 0 {
			return 0, 0, false, errRange
		}
		suffix = min(suffix, o.Size)
		offset, length, limited = o.Size-suffix, suffix, true
	}
	if !limited {
		length = o.Size - offset
	}
	if offset < 0 || offset > o.Size || length <= 0 {
		return 0, 0, false, errRange
	}
	return offset, min(length, o.Size-offset), false, nil
}
