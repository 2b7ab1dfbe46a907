package wasmfile

import (
	"errors"
	"slices"
)

// gap is how many zeros between two data segments are written out rather than skipped. Go's linker skips from 8 on, so that a large program comes
// in 100,000 segments, each with an address and a length. Those hardly compress; zeros take nothing. Larger values were measured to change no
// more, and would fill memory that is empty.
const gap = 256

// MergeSegments writes out the zeros between data segments that are close to one another, so that memory starts the same and the module compresses
// better. A module without data comes back as it is.
func MergeSegments(module []byte) ([]byte, error) {
	sections, err := Parse(module)
	if err != nil {
		return nil, err
	}
	for i, s := range sections {
		switch s.ID {
		case DataCount:
			return nil, errors.New("the Wasm module counts its data segments, which Go does not")
		case Data:
			segments, err := Segments(s.Body)
			if err != nil {
				return nil, err
			}
			slices.SortStableFunc(segments, func(a, b Segment) int { return a.Start - b.Start })
			for i := 1; i < len(segments); i++ {
				if segments[i].Start < segments[i-1].End() { // the later one would have the last word
					return nil, errors.New("the Wasm module has data segments that overlap")
				}
			}
			sections[i].Body = FormatSegments(merge(segments))
		}
	}
	return Format(sections), nil
}

func merge(segments []Segment) []Segment {
	var merged []Segment
	for _, s := range segments {
		if last := len(merged) - 1; last >= 0 && s.Start-merged[last].End() <= gap {
			m := &merged[last]
			m.Data = append(append(m.Data, make([]byte, s.Start-m.End())...), s.Data...)
			continue
		}
		merged = append(merged, Segment{s.Start, slices.Clone(s.Data)})
	}
	return merged
}
