package inspector

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"strconv"

	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/r2"
)

// bucketView is the page of an R2 bucket: a folder of it, or one object.
type bucketView struct {
	bound
	Prefix  string
	Folders []string
	Files   []r2.Object
	Next    string
	Started bool

	One     bool
	Key     string
	File    *r2.Object
	Preview Value
}

// maxPreview is how much of an object is read to show its beginning.
const maxPreview = 4 * maxShown

func (i *Inspector) bucket(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	v := bucketView{bound: boundOf(q.Get), Prefix: q.Get("prefix"), Started: q.Get("cursor") != "", One: q.Has("key"), Key: q.Get("key")}
	if err := i.with(r, v.Worker, func(h *local.Host) error {
		if err := v.check(h, "r2"); err != nil {
			return err
		}
		if v.One {
			return v.look(h)
		}
		list, err := r2.Bucket(v.Binding).List(h.Context(), r2.ListOptions{Prefix: v.Prefix, Delimiter: "/", Limit: pageKeys, Cursor: q.Get("cursor")})
		v.Folders, v.Files = list.DelimitedPrefixes, list.Objects
		if list.Truncated {
			v.Next = list.Cursor
		}
		return err
	}); err != nil {
		i.fail(w, r, err)
		return
	}
	title, live := "R2 "+v.Binding, "requests state"
	if v.One {
		title, live = title+" "+Visible(v.Key), ""
	}
	i.render(w, r, "bucket", title, live, v)
}

func (v *bucketView) look(h *local.Host) (err error) {
	bucket := r2.Bucket(v.Binding)
	if v.File, err = bucket.Head(h.Context(), v.Key); err != nil || v.File == nil || v.File.Size == 0 {
		return err
	}
	part, err := bucket.Get(h.Context(), v.Key, &r2.GetOptions{Range: &r2.Range{Length: min(v.File.Size, maxPreview)}})
	if err != nil || part == nil || part.Body == nil {
		return err
	}
	defer part.Body.Close()
	beginning, err := io.ReadAll(part.Body)
	if err != nil {
		return err
	}
	v.Preview = contentOf(trimRune(beginning))
	v.Preview.Size = ""
	return nil
}

// trimRune drops the beginning of a character at the end of what was cut off.
func trimRune(b []byte) []byte {
	for n := 1; n <= 3 && n <= len(b) && len(b) == maxPreview; n++ {
		if b[len(b)-n] >= 0xc0 {
			return b[:len(b)-n]
		}
	}
	return b
}

// download answers with an object as a file to keep. It is never shown: it may be a page, with scripts that would run as this one's.
func (i *Inspector) download(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	b, key := boundOf(q.Get), q.Get("key")
	if err := i.with(r, b.Worker, func(h *local.Host) error {
		if err := b.check(h, "r2"); err != nil {
			return err
		}
		file, err := r2.Bucket(b.Binding).Get(h.Context(), key, nil)
		if err != nil {
			return err
		}
		if file == nil || file.Body == nil {
			return fmt.Errorf("there is no object %q", key)
		}
		defer file.Body.Close()
		header := w.Header()
		header.Set("Content-Type", "application/octet-stream")
		header.Set("Content-Security-Policy", "sandbox; default-src 'none'")
		header.Set("Content-Length", strconv.FormatInt(file.Size, 10))
		name := path.Base(key)
		if name == "/" || name == "." {
			name = "object"
		}
		header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
		if header.Get("Content-Disposition") == "" {
			header.Set("Content-Disposition", "attachment")
		}
		_, _ = io.Copy(w, file.Body) // a client that has gone
		return nil
	}); err != nil {
		i.fail(w, r, err)
	}
}

func deleteFile(h *local.Host, f form) (string, error) {
	b := boundOf(f.get)
	if err := b.check(h, "r2"); err != nil {
		return "", err
	}
	return fmt.Sprintf("Deleted %s.", Visible(f.get("key"))), r2.Bucket(b.Binding).Delete(h.Context(), f.get("key"))
}
