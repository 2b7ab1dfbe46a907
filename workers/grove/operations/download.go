package operations

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"grove.place/lattice/workers/r2"
)

// Download sends a finished export as a tar archive: the pieces, and of a site its images. Nothing is put together anywhere: each file goes from the bucket to
// the browser. Should it break off, the archive lacks its end, and tar says so.
func Download(w http.ResponseWriter, r *http.Request, id, tenantID string) {
	h := w.Header()
	h.Set("Content-Type", "application/x-tar")
	h.Set("Content-Disposition", `attachment; filename="grove-export-`+id+`.tar"`)
	h.Set("Cache-Control", "no-store")
	a := &archive{ctx: r.Context(), to: w, at: time.Now()}
	err := a.addAll(exportPrefix(id), "data/")
	if err == nil && tenantID != "" {
		err = a.addAll(tenantID+"/", "media/")
	}
	if err == nil {
		_, err = w.Write(make([]byte, 1024))
	}
	if err != nil {
		slog.ErrorContext(r.Context(), "export broke off", "export", id, "error", err)
	}
}

// archive writes a tar file in the format of POSIX.1-1988 (ustar).
type archive struct {
	ctx context.Context
	to  io.Writer
	at  time.Time
}

// addAll adds every object whose key begins with prefix.
func (a *archive) addAll(prefix, folder string) error {
	for cursor := ""; ; {
		page, err := bucket.List(a.ctx, r2.ListOptions{Prefix: prefix, Cursor: cursor, Limit: 500})
		if err != nil {
			return err
		}
		for _, o := range page.Objects {
			if err := a.add(o.Key, folder+strings.TrimPrefix(o.Key, prefix)); err != nil {
				return err
			}
		}
		if cursor = page.Cursor; !page.Truncated {
			return nil
		}
	}
}

func (a *archive) add(key, name string) error {
	object, err := bucket.Get(a.ctx, key, nil)
	if err != nil || object == nil || object.Body == nil { // deleted meanwhile
		return err
	}
	defer object.Body.Close()
	if _, err := a.to.Write(header(name, object.Size, a.at)); err != nil {
		return err
	}
	n, err := io.Copy(a.to, io.LimitReader(object.Body, object.Size))
	if err == nil && n < object.Size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	_, err = a.to.Write(make([]byte, (512-object.Size%512)%512))
	return err
}

// header is the block before a file. Names are ours and have less than 100 bytes.
func header(name string, size int64, at time.Time) []byte {
	b := make([]byte, 512)
	copy(b, name[:min(len(name), 99)])
	copy(b[100:], "0000644\x000000000\x000000000\x00")
	copy(b[124:], fmt.Sprintf("%011o\x00%011o\x00", size, at.Unix()))
	b[156] = '0'
	copy(b[257:], "ustar\x0000")
	copy(b[148:], "        ")
	sum := 0
	for _, c := range b {
		sum += int(c)
	}
	copy(b[148:], fmt.Sprintf("%06o\x00 ", sum))
	return b
}
