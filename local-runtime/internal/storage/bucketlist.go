package storage

import (
	"errors"
	"slices"
	"strings"
)

// Listing is a page of a bucket.
type Listing struct {
	Objects  []*Stored
	Prefixes []string
	Next     string // start after this for the next page; "" when this was the last
}

// ListOptions select what a page of a bucket has.
type ListOptions struct {
	Prefix, StartAfter, Delimiter string
	Limit                         int
	Detailed                      bool // with metadata, for which there are fewer objects in a page
}

// CheckLimit refuses what is no number of objects in a page.
func CheckLimit(n int) error {
	if n < 1 || n > maxListed {
		return errMaxKeys
	}
	return nil
}

// List returns up to a limit of objects and, with a delimiter, common prefixes, in the order of their bytes.
func (b *Bucket) List(o ListOptions) (l Listing, err error) {
	if err := CheckLimit(o.Limit); err != nil {
		return l, err
	}
	prefix, startAfter, delimiter, limit := o.Prefix, o.StartAfter, o.Delimiter, o.Limit
	if o.Detailed {
		limit = min(limit, maxDetailed)
	}
	err = b.x.do(func(s *statements) error {
		last, full := startAfter, errors.New("full")
		err := s.each("SELECT "+storedColumns+" FROM objects WHERE key > ? AND key >= ? AND key < ? ORDER BY key", func(r *stmt) error {
			o, err := scanStored(r)
			if err != nil {
				return err
			}
			common := ""
			if i := strings.Index(o.Key[len(prefix):], delimiter); delimiter != "" && i >= 0 {
				common = o.Key[:len(prefix)+i+len(delimiter)]
				if slices.Contains(l.Prefixes, common) {
					last = o.Key
					return nil
				}
			}
			if len(l.Objects)+len(l.Prefixes) == limit {
				l.Next = last
				return full
			}
			last = o.Key
			if common != "" {
				l.Prefixes = append(l.Prefixes, common)
			} else {
				l.Objects = append(l.Objects, o)
			}
			return nil
		}, startAfter, prefix, prefix+"\xff") // no UTF-8 has that byte
		if errors.Is(err, full) {
			return nil
		}
		return err
	})
	return l, err
}
