package storage

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
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
		return s.each("INSERT INTO uploads (id, key, http, custom, class) VALUES (?, ?, ?, ?, ?)", nil, id, key, encoded(o.HTTP), encoded(o.Custom), o.StorageClass)
	})
}

// upload finds an upload that is under way.
func upload(s *statements, key, id string, row func(*stmt) error) error {
	found := false
	err := s.each("SELECT http, custom, class FROM uploads WHERE id = ? AND key = ?", func(r *stmt) error {
		found = true
		if row == nil {
			return nil
		}
		return row(r)
	}, id, key)
	if err == nil && !found {
		return errNoUpload
	}
	return err
}

// UploadPart stores a part, in place of an earlier one of that number, and returns its ETag.
func (b *Bucket) UploadPart(key, id string, number int, content io.Reader) (etag string, err error) {
	if number < 1 || number > maxPartsNum {
		return "", fmt.Errorf("part number must be between 1 and %d (inclusive)", maxPartsNum)
	}
	if err := b.x.do(func(s *statements) error { return upload(s, key, id, nil) }); err != nil {
		return "", err
	}
	blob, err := b.write(content, nil)
	if err != nil {
		return "", err
	}
	etag = b.id() + b.id()
	old := ""
	err = b.x.do(func(s *statements) error {
		if err := upload(s, key, id, nil); err != nil {
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

// CompleteUpload makes the chosen parts, in their order, the content of the object.
func (b *Bucket) CompleteUpload(key, id string, chosen []ChosenPart, now abi.Date) (*Stored, error) {
	o := &Stored{Key: key, Version: b.id(), Uploaded: now, Sums: abi.Object{}}
	var files []string
	var unused []string
	old := ""
	err := b.x.do(func(s *statements) error {
		err := upload(s, key, id, func(r *stmt) (err error) {
			if o.HTTPMetadata, err = decoded(r.Bytes(0)); err != nil {
				return err
			}
			o.Custom, err = decoded(r.Bytes(1))
			o.StorageClass = r.Text(2)
			return err
		})
		if err != nil {
			return err
		}
		sum, used := md5.New(), map[string]bool{}
		for i, part := range chosen {
			found := false
			err := s.each("SELECT md5, size, file FROM parts WHERE upload = ? AND number = ? AND etag = ?", func(r *stmt) error {
				found = true
				if r.Int64(1) < minPart && i < len(chosen)-1 {
					return errTooSmall
				}
				sum.Write(r.Bytes(0))
				o.Size += r.Int64(1)
				files, used[r.Text(2)] = append(files, r.Text(2)), true
				return nil
			}, id, part.Number, part.ETag)
			if err != nil {
				return err
			}
			if !found {
				return errPart
			}
		}
		o.ETag, o.file = fmt.Sprintf("%s-%d", hex.EncodeToString(sum.Sum(nil)), len(chosen)), strings.Join(files, " ")
		err = s.each("SELECT file FROM parts WHERE upload = ?", func(r *stmt) error {
			if !used[r.Text(0)] {
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

// AbortUpload drops an upload with its parts. One that is over is no error.
func (b *Bucket) AbortUpload(key, id string) error {
	var files []string
	err := b.x.do(func(s *statements) error {
		if err := upload(s, key, id, nil); err != nil {
			return err
		}
		err := s.each("SELECT file FROM parts WHERE upload = ?", func(r *stmt) error { files = append(files, r.Text(0)); return nil }, id)
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
	return s.each("DELETE FROM uploads WHERE id = ?", nil, id)
}
