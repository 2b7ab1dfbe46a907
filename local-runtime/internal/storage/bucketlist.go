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

// List returns up to limit objects and, with a delimiter, common prefixes, in the order of their bytes.
func (b *Bucket) List(prefix, startAfter, delimiter string, limit int) (l Listing, err error) {
	if limit < 1 || limit > maxListed {
		limit = maxListed
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
				if strings.HasPrefix(startAfter, common) || slices.Contains(l.Prefixes, common) {
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
