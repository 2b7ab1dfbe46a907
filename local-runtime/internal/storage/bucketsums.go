package storage

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
	"io"

	"grove.place/lattice/internal/abi"
)

// checksums are those that R2 knows, in the order in which objects have them.
var checksums = []struct {
	field, name string
	make        func() hash.Hash
}{{"md5", "MD5", md5.New}, {"sha1", "SHA-1", sha1.New}, {"sha256", "SHA-256", sha256.New}, {"sha384", "SHA-384", sha512.New384}, {"sha512", "SHA-512", sha512.New}}

// sums are the checksums of what was written to them: the MD5, and those that are wanted.
type sums struct {
	want   map[string][]byte
	hashes map[string]hash.Hash
}

func newSums(want map[string][]byte) *sums {
	s := &sums{want, map[string]hash.Hash{}}
	for _, c := range checksums {
		if _, wanted := want[c.field]; wanted || c.field == "md5" {
			s.hashes[c.field] = c.make()
		}
	}
	return s
}

func (s *sums) Write(p []byte) (int, error) {
	for _, h := range s.hashes {
		h.Write(p)
	}
	return len(p), nil
}

// check returns the checksums as an object has them, or an error when one is not what was wanted.
func (s *sums) check() (all abi.Object, err error) {
	for _, c := range checksums {
		h := s.hashes[c.field]
		if h == nil {
			continue
		}
		sum := h.Sum(nil)
		if given, ok := s.want[c.field]; ok && !bytes.Equal(given, sum) {
			return nil, &r2Error{10037, fmt.Sprintf("The %s checksum you specified did not match what we received.\nYou provided a %[1]s checksum with value: %[2]x\nActual %[1]s was: %[3]x", c.name, given, sum)}
		}
		all = append(all, abi.Field{Name: c.field, Value: abi.ArrayBuffer(sum)})
	}
	return all, nil
}

// Summed copies content, and returns how long it is with its checksums, which must be those that are wanted.
func Summed(to io.Writer, content io.Reader, want map[string][]byte) (size int64, all abi.Object, err error) {
	s := newSums(want)
	if size, err = io.Copy(io.MultiWriter(to, s), content); err != nil {
		return size, nil, err
	}
	all, err = s.check()
	return size, all, err
}
