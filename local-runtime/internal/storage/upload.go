package storage

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"io"
	"slices"
	"strings"

	"grove.place/lattice/internal/abi"
)

// CreateUpload begins a multipart upload and returns its id.
func (b *Bucket) CreateUpload(key string, o PutOptions) (id string, err error) {
	if len(key) > maxKey {
		return "", errKeyName
	}
	if textLength(o.Custom) > maxCustom {
		return "", errMetadata
	}
	id = b.id() + b.id()
	return id, b.x.do(func(s *statements) error {
		return s.each("INSERT INTO uploads (id, key, http, custom, class) VALUES (?, ?, ?, ?, ?)", nil, id, key, encoded(o.HTTP), encoded(o.Custom), o.class())
	})
}

// upload finds an upload that is under way. There is one that is over when ended is set.
func upload(s *statements, key, id string, row func(*stmt) error) (ended bool, err error) {
	found := false
	err = s.each("SELECT http, custom, class FROM uploads WHERE id = ? AND key = ?", func(r *stmt) error {
		found = true
		if row == nil {
			return nil
		}
		return row(r)
	}, id, key)
	if err != nil || found {
		return false, err
	}
	err = s.each("SELECT 1 FROM ended WHERE id = ?", func(*stmt) error { ended = true; return nil }, id)
	if err == nil {
		err = errNoUpload
	}
	return ended, err
}

// known turns the failure to find an upload into what R2 says of one that there never was.
func known(ended bool, err error) error {
	if err == errNoUpload && !ended {
		return errInternal
	}
	return err
}

// CheckPartNumber refuses what is no number of a part.
func CheckPartNumber(n int) error {
	if n < 1 || n > maxPartsNum {
		return abi.TypeErrorf("Part number must be between 1 and %d (inclusive). Actual value was: %d", maxPartsNum, n)
	}
	return nil
}

// UploadPart stores a part, in place of an earlier one of that number, and returns its ETag.
func (b *Bucket) UploadPart(key, id string, number int, content io.Reader) (etag string, err error) {
	if err := CheckPartNumber(number); err != nil {
		return "", err
	}
	if len(key) > maxKey {
		return "", errKeyName
	}
	err = b.x.do(func(s *statements) error {
		_, err := upload(s, key, id, nil)
		return err
	})
	if err != nil {
		return "", err
	}
	blob, err := b.write(content, nil)
	if err != nil {
		return "", err
	}
	etag = b.id() + b.id()
	old := ""
	err = b.x.do(func(s *statements) error {
		if _, err := upload(s, key, id, nil); err != nil {
			return err
		}
		err := s.each("SELECT file FROM parts WHERE upload = ? AND number = ?", func(r *stmt) error { old = r.Text(0); return nil }, id, number)
		if err != nil {
			return err
		}
		return s.each("INSERT OR REPLACE INTO parts (upload, number, etag, md5, size, file) VALUES (?, ?, ?, ?, ?, ?)", nil,
			id, number, etag, blob.md5, int(blob.size), blob.file)
	})
	if err != nil {
		b.remove(blob.file)
		return "", err
	}
	b.remove(old)
	return etag, nil
}

// ChosenPart is a part that an upload is completed with.
type ChosenPart struct {
	Number int
	ETag   string
}

// part is a part that was uploaded.
type part struct {
	number int
	md5    []byte
	size   int64
	file   string
}

// CompleteUpload makes the chosen parts, in the order of their numbers, the content of the object.
func (b *Bucket) CompleteUpload(key, id string, chosen []ChosenPart, now abi.Date) (*Stored, error) {
	if len(key) > maxKey {
		return nil, errKeyName
	}
	o := &Stored{Key: key, Version: b.id(), Uploaded: now, Sums: abi.Object{}}
	var unused []string
	old := ""
	err := b.x.do(func(s *statements) error {
		err := known(upload(s, key, id, func(r *stmt) (err error) {
			if o.HTTPMetadata, err = decoded(r.Bytes(0)); err != nil {
				return err
			}
			o.Custom, err = decoded(r.Bytes(1))
			o.StorageClass = r.Text(2)
			return err
		}))
		if err != nil {
			return err
		}
		parts, err := chosenParts(s, id, chosen)
		if err != nil {
			return err
		}
		o.made(parts)
		err = s.each("SELECT file FROM parts WHERE upload = ?", func(r *stmt) error {
			if !slices.ContainsFunc(parts, func(p part) bool { return p.file == r.Text(0) }) {
				unused = append(unused, r.Text(0))
			}
			return nil
		}, id)
		if err != nil {
			return err
		}
		if err := forget(s, id); err != nil {
			return err
		}
		old, err = replace(s, o, func(*Stored) bool { return true })
		return err
	})
	if err != nil {
		return nil, err
	}
	b.remove(old + " " + strings.Join(unused, " "))
	return o, nil
}

// chosenParts finds parts, checks their sizes and puts them in order.
func chosenParts(s *statements, id string, chosen []ChosenPart) ([]part, error) {
	all, tags := map[int]part{}, map[int]string{}
	err := s.each("SELECT number, etag, md5, size, file FROM parts WHERE upload = ?", func(r *stmt) error {
		n := int(r.Int64(0))
		all[n], tags[n] = part{n, bytes.Clone(r.Bytes(2)), r.Int64(3), r.Text(4)}, r.Text(1)
		return nil
	}, id)
	if err != nil {
		return nil, err
	}
	seen := map[int]bool{}
	for _, c := range chosen {
		if seen[c.Number] {
			return nil, errInternal
		}
		seen[c.Number] = true
	}
	var parts []part
	for _, c := range chosen {
		if tags[c.Number] != c.ETag || c.ETag == "" {
			return nil, errPart
		}
		parts = append(parts, all[c.Number])
	}
	if slices.ContainsFunc(parts[:max(0, len(parts)-1)], func(p part) bool { return p.size < minPart }) {
		return nil, errTooSmall
	}
	slices.SortFunc(parts, func(a, b part) int { return a.number - b.number })
	for i, p := range parts {
		last := i == len(parts)-1
		if !last && (p.size < minPart || p.size != parts[0].size) || last && i > 0 && p.size > parts[0].size {
			return nil, errUpload
		}
	}
	return parts, nil
}

// made gives an object the content of parts.
func (o *Stored) made(parts []part) {
	sum := md5.New()
	var files []string
	for _, p := range parts {
		sum.Write(p.md5)
		o.Size += p.size
		files = append(files, p.file)
	}
	o.ETag, o.file = fmt.Sprintf("%x-%d", sum.Sum(nil), len(parts)), strings.Join(files, " ")
}

// AbortUpload drops an upload with its parts. One that is over is no error.
func (b *Bucket) AbortUpload(key, id string) error {
	var files []string
	err := b.x.do(func(s *statements) error {
		ended, err := upload(s, key, id, nil)
		if ended {
			return nil
		}
		if err := known(ended, err); err != nil {
			return err
		}
		err = s.each("SELECT file FROM parts WHERE upload = ?", func(r *stmt) error { files = append(files, r.Text(0)); return nil }, id)
		if err != nil {
			return err
		}
		return forget(s, id)
	})
	if err == nil {
		b.remove(strings.Join(files, " "))
	}
	return err
}

func forget(s *statements, id string) error {
	if err := s.each("DELETE FROM parts WHERE upload = ?", nil, id); err != nil {
		return err
	}
	if err := s.each("INSERT INTO ended (id) VALUES (?)", nil, id); err != nil {
		return err
	}
	return s.each("DELETE FROM uploads WHERE id = ?", nil, id)
}
