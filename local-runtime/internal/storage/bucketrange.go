package storage

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"grove.place/lattice/internal/abi"
)

// Range is the part of an object that a read asks for. A nil pointer is all of it.
type Range struct {
	offset, length, suffix *int64
	header                 string // of HTTP, in place of the others
}

// RangeOf reads a range in its JavaScript form: an object, or headers as a list of pairs.
func RangeOf(v abi.Value) (*Range, error) {
	switch v := v.(type) {
	case abi.Object:
		return rangeOfFields(v)
	case abi.Array:
		if header := headersOf(v).Get("Range"); header != "" {
			return &Range{header: header}, nil
		}
	}
	return nil, nil
}

func rangeOfFields(o abi.Object) (*Range, error) {
	r := &Range{}
	for _, f := range []struct {
		name, what, in string
		to             **int64
	}{{"offset", "Starting offset", "range", &r.offset}, {"length", "Length", "range", &r.length}, {"suffix", "Suffix", "suffix", &r.suffix}} {
		var n float64
		switch v := o.Get(f.name).(type) {
		case int64:
			n = float64(v)
		case float64:
			n = v
		default:
			continue
		}
		if f.name == "suffix" && r.offset != nil {
			return nil, abi.TypeErrorf("Suffix is incompatible with offset.")
		}
		if f.name == "suffix" && r.length != nil {
			return nil, abi.TypeErrorf("Suffix is incompatible with length.")
		}
		if n < 0 {
			return nil, rangeError("Invalid %s. %s (%v) must be greater than or equal to 0.", f.in, f.what, n)
		}
		if n != math.Trunc(n) {
			return nil, rangeError("Invalid %s. %s (%v) must be an integer, not floating point.", f.in, f.what, n)
		}
		whole := int64(n)
		*f.to = &whole
	}
	return r, nil
}

func rangeError(format string, args ...any) error {
	return &abi.Error{Name: "RangeError", Message: fmt.Sprintf(format, args...)}
}

// Of returns the part of an object of that size, and whether nothing but all of it was asked for.
func (r *Range) Of(size int64) (offset, length int64, whole bool, err error) {
	switch {
	case r == nil:
		return 0, size, true, nil
	case r.header != "":
		if start, end, ok := partOf(r.header, size); ok {
			return start, end - start + 1, false, nil
		}
		return 0, size, true, nil
	case r.suffix != nil:
		length = min(*r.suffix, size)
		offset = size - length
	default:
		if r.offset != nil {
			offset = *r.offset
		}
		if length = size - offset; r.length != nil {
			length = min(length, *r.length)
		}
	}
	if length <= 0 {
		return 0, 0, false, errRange
	}
	return offset, length, false, nil
}

var (
	rangeUnit = regexp.MustCompile(`(?i)^ *bytes *=`)
	rangeSpec = regexp.MustCompile(`^ *(\d*) *- *(\d*) *$`)
)

// partOf is the only range of a Range header that can be served, with its last byte. Otherwise the object is served whole, as HTTP has it.
func partOf(header string, size int64) (start, end int64, ok bool) {
	unit := rangeUnit.FindString(header)
	if unit == "" {
		return 0, 0, false
	}
	for spec := range strings.SplitSeq(header[len(unit):], ",") {
		m := rangeSpec.FindStringSubmatch(spec)
		if m == nil || m[1] == "" && m[2] == "" {
			return 0, 0, false
		}
		first, last := digits(m[1]), min(digits(m[2]), size-1)
		switch {
		case m[1] == "" && digits(m[2]) == 0:
			continue
		case m[1] == "":
			first, last = max(0, size-digits(m[2])), size-1
		case m[2] == "":
			last = size - 1
		}
		if ok || first > last {
			return 0, 0, false
		}
		start, end, ok = first, last, true
	}
	return start, end, ok
}

// digits reads a number; a number that is too large is the largest.
func digits(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil && text != "" {
		return math.MaxInt64
	}
	return n
}
