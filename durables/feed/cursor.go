package feed

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"grove.place/lattice/workers"
	"grove.place/lattice/workers/heartwood/keyring"
)

// cursor is the place after the last item of a page. It is signed for the feed of one user: what it says is used as it is.
type cursor struct {
	Sort      string  `json:"s"`
	Score     float64 `json:"w,omitempty"` // of the last item; by relevance
	CreatedAt int64   `json:"c"`           // of the last item
	ID        string  `json:"i"`           // of the last item
	AsOf      int64   `json:"t"`           // when the first page was read
	Floor     int64   `json:"f"`           // the floor of then: below it pages come from D1
	Below     bool    `json:"b,omitempty"` // they do
}

const cursorLabel = "grove feed cursor"

var errCursor = errors.New("feed: the cursor is none of this feed")

func ring(ctx context.Context) (keyring.Ring, error) {
	r, err := keyring.Parse(workers.Getenv(ctx, "SESSION_KEYS"))
	if err != nil {
		return r, fmt.Errorf("feed: SESSION_KEYS: %w", err)
	}
	return r, nil
}

func (f *Feed) sign(ctx context.Context, c cursor) (string, error) {
	keys, err := ring(ctx)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	body := base64.RawURLEncoding.EncodeToString(text)
	sum, err := keys.Sum(keys.Current(), cursorLabel, f.userID+"\n"+body)
	return keys.Current() + "." + body + "." + sum, err
}

// open reads a cursor. The error is errCursor when it was not made for this feed and order, or was changed.
func (f *Feed) open(ctx context.Context, text, sort string) (c cursor, err error) {
	keys, err := ring(ctx)
	if err != nil {
		return c, err
	}
	parts := strings.Split(text, ".")
	if len(text) > 1000 || len(parts) != 3 || keys.Check(parts[0], cursorLabel, f.userID+"\n"+parts[1], parts[2]) != nil {
		return c, errCursor
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(body, &c) != nil || c.Sort != sort {
		return c, errCursor
	}
	return c, nil
}
