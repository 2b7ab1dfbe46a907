package assets

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"grove.place/lattice/internal/assetfiles"
)

// files are the assets of a folder.
type files struct {
	root    fs.FS
	ignored atomic.Pointer[assetfiles.Ignored]
}

// has reports whether a path, which begins with a slash, is that of an asset.
func (f *files) has(path string) bool {
	name, ok := strings.CutPrefix(path, "/")
	if !ok || !fs.ValidPath(name) || name == assetfiles.Headers || name == assetfiles.Redirects || name == assetfiles.Ignore || f.ignored.Load().Has(name) {
		return false
	}
	info, err := fs.Stat(f.root, name)
	return err == nil && info.Mode().IsRegular()
}

// etag is the entity tag of a version of a file.
type etag struct {
	of  stamp
	tag string
}

// tag returns the entity tag of what is in an open file, and leaves the file at its beginning.
func (s *Site) tag(name string, f fs.File) (string, error) {
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	is := stamp{info.Size(), info.ModTime()}
	s.mu.Lock()
	known := s.etags[name]
	s.mu.Unlock()
	if known.of == is {
		return known.tag, nil
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	if _, err := f.(io.Seeker).Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	known = etag{is, `"` + hex.EncodeToString(sum.Sum(nil)[:16]) + `"`}
	s.mu.Lock()
	s.etags[name] = known
	s.mu.Unlock()
	return known.tag, nil
}

// send answers with a file.
func (s *Site) send(w http.ResponseWriter, r *http.Request, path string, d decision) {
	name := strings.TrimPrefix(d.file, "/")
	f, err := s.files.root.Open(name)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	defer f.Close()
	tag, err := s.tag(name, f)
	if err != nil {
		s.log.Error("an asset cannot be read", "file", name, "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("ETag", tag)
	h["Content-Type"] = nil // net/http would guess one
	if t := assetfiles.ContentType(name); t != "" {
		h.Set("Content-Type", t)
	}
	if r.Header.Get("Authorization") == "" && r.Header.Get("Range") == "" {
		h.Set("Cache-Control", "public, max-age=0, must-revalidate")
	}
	h.Set("CF-Cache-Status", "HIT")
	s.currentRules().headers.apply(h, r.Host, path)
	if seen := r.Header.Get("If-None-Match"); seen == tag || seen == "W/"+tag {
		w.WriteHeader(http.StatusNotModified) // without Content-Type, which net/http leaves out of a 304
		return
	}
	if info, err := f.Stat(); err == nil {
		h.Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	}
	w.WriteHeader(d.status)
	if r.Method != http.MethodHead {
		_, _ = io.Copy(w, f) // a client that leaves is no mistake
	}
}
