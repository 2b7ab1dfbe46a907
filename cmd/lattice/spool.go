package main

import (
	"bytes"
	"errors"
	"io"
	"os"
)

const (
	mostObject = 300 << 20 // bytes, as wrangler has it
	mostHeld   = 1 << 20   // bytes in memory
)

var errObjectSize = errors.New("Cloudflare's REST API takes objects of up to 300 MiB: use a program with the S3 API, which takes them in parts")

// spool keeps the content of an object until it is sent, perhaps more than once: in memory, or in a file when it is long. It must be closed.
type spool struct {
	memory bytes.Buffer
	file   *os.File // what there is when memory does not do; nil: it does
	size   int64
}

func (s *spool) Write(p []byte) (int, error) {
	if s.size+int64(len(p)) > mostObject {
		return 0, errObjectSize
	}
	s.size += int64(len(p))
	if s.file == nil && s.size <= mostHeld {
		return s.memory.Write(p)
	}
	if s.file == nil {
		f, err := os.CreateTemp("", "lattice-r2-*")
		if err != nil {
			return 0, err
		}
		s.file = f
		if _, err := f.Write(s.memory.Bytes()); err != nil {
			return 0, err
		}
		s.memory = bytes.Buffer{}
	}
	return s.file.Write(p)
}

func (s *spool) content() *io.SectionReader {
	if s.file != nil {
		return io.NewSectionReader(s.file, 0, s.size)
	}
	return io.NewSectionReader(bytes.NewReader(s.memory.Bytes()), 0, s.size)
}

// Close lets go of what was kept.
func (s *spool) Close() error {
	if s.file == nil {
		return nil
	}
	return errors.Join(s.file.Close(), os.Remove(s.file.Name()))
}
