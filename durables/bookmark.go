package durables

import (
	"context"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/guest"
)

// GetCurrentBookmark names the present state of the storage, with everything written so far. Bookmarks are text; a later one is greater.
//
// See https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#getcurrentbookmark.
func (s *Storage) GetCurrentBookmark(ctx context.Context) (string, error) {
	text, err := bookmark(ctx, abi.BookmarkCurrent, 0)
	return text, wrap("get current bookmark", err)
}

// GetBookmarkForTime names the state that the storage was in at a time of the last 30 days. workerd, which wrangler dev runs on, has no
// history and answers with an error.
//
// See https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#getbookmarkfortime.
func (s *Storage) GetBookmarkForTime(ctx context.Context, at time.Time) (string, error) {
	text, err := bookmark(ctx, abi.BookmarkForTime, float64(at.UnixMilli()))
	return text, wrap("get bookmark for time", err)
}

func bookmark(ctx context.Context, how byte, ms float64) (string, error) {
	var w abi.Writer
	w.U8(how)
	w.F64(ms)
	r, err := guest.Invoke(ctx, abi.OpBookmark, w.Bytes())
	if err != nil {
		return "", err
	}
	return r.Str(), r.Err()
}

// OnNextSessionRestoreBookmark has the whole storage, SQL, key-value and alarm, put back to the state of a bookmark of the last 30 days before the
// object is constructed next; call State.Abort to have that at once. It returns the bookmark of the state just before, which undoes it. workerd,
// which wrangler dev runs on, has no history and answers with an error.
//
// See https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#onnextsessionrestorebookmark.
func (s *Storage) OnNextSessionRestoreBookmark(ctx context.Context, bookmark string) (undo string, err error) {
	var w abi.Writer
	w.Str(bookmark)
	r, err := guest.Invoke(ctx, abi.OpRestore, w.Bytes())
	if err != nil {
		return "", wrap("restore bookmark", err)
	}
	return r.Str(), r.Err()
}
