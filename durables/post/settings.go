package post

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"grove.place/lattice/durables"
)

// settings are what the object has to know of its post and its site. They are a copy of D1's, at most settingsAge old while D1 can be reached.
type settings struct {
	Status     string `json:"status"` // of the post: draft, published or deleted; "" when there is none, suspended when its site is
	AuthorID   string `json:"author_id"`
	OwnerID    string `json:"owner_user_id"`
	Slug       string `json:"slug"`
	Enabled    bool   `json:"enabled"`
	Moderation string `json:"moderation"`
	Counts     string `json:"counts_visible"`
}

const (
	settingsAge   = time.Minute
	settingsRetry = 5 * time.Second // D1 is asked no more often when it does not answer
	maxBlocked    = 10_000
	rebuildPage   = 1000
)

// open reports whether readers see the post.
func (s settings) open() bool { return s.Status == "published" }

// trusted reports whether what the user writes is never held back.
func (s settings) trusted(userID string) bool { return userID == s.AuthorID || userID == s.OwnerID }

// countsFor reports whether the user may know how many have reacted.
func (s settings) countsFor(userID string) bool {
	return s.Counts == "everyone" || userID != "" && userID == s.AuthorID
}

// stored returns the copy and when it was read.
func (p *Post) stored(ctx context.Context) (s settings, at time.Time, found bool, err error) {
	if there, err := p.object.Exists(ctx); err != nil || !there {
		return s, at, false, err
	}
	if err := p.object.Prepare(ctx); err != nil {
		return s, at, false, err
	}
	type row struct {
		Value    string    `json:"value"`
		LoadedAt time.Time `json:"loaded_at"`
	}
	r, found, err := durables.First[row](ctx, p.object.SQL(), `SELECT value, loaded_at FROM settings`)
	if err != nil || !found {
		return s, at, false, err
	}
	return s, r.LoadedAt, true, json.Unmarshal([]byte(r.Value), &s)
}

// ready makes sure that the object has what D1 has of the post, and returns its settings. Of a post that D1 does not have nothing is stored.
// When D1 cannot be reached an old copy serves; without any the error is D1's, and nothing can be done.
func (p *Post) ready(ctx context.Context) (settings, error) {
	s, at, found, err := p.stored(ctx)
	if err != nil || found && (time.Since(at) < settingsAge || time.Now().Before(p.retryAt)) {
		return s, err
	}
	p.loading.Lock()
	defer p.loading.Unlock()
	s, at, found, err = p.stored(ctx) // somebody else may have read them meanwhile
	if err != nil || found && (time.Since(at) < settingsAge || time.Now().Before(p.retryAt)) {
		return s, err
	}
	fresh, err := p.load(ctx)
	if err != nil && found {
		p.retryAt = time.Now().Add(settingsRetry)
		p.object.Log(ctx, slog.LevelWarn, "settings not refreshed: an old copy serves", "error", err)
		return s, nil
	}
	return fresh, err
}

// refreshSettings reads the settings again, after a change of them. It does nothing in an object that has none yet.
func (p *Post) refreshSettings(ctx context.Context, _ durables.None) (durables.None, error) {
	if _, _, found, err := p.stored(ctx); err != nil || !found {
		return durables.None{}, err
	}
	p.loading.Lock()
	defer p.loading.Unlock()
	_, err := p.load(ctx)
	return durables.None{}, err
}

const settingsQuery = `SELECT CASE t.status WHEN 'active' THEN p.status WHEN 'suspended' THEN 'suspended' ELSE 'deleted' END AS status, p.author_id, t.owner_user_id, p.slug,
	coalesce(c.enabled, 1) AS enabled, coalesce(c.moderation, 'none') AS moderation, coalesce(c.counts_visible, 'author') AS counts_visible
	FROM posts p JOIN tenants t ON t.id = p.tenant_id LEFT JOIN comment_settings c ON c.tenant_id = t.id WHERE p.id = ? AND p.tenant_id = ?`

// load reads the settings, and the first time everything else that D1 has of the post. The caller holds p.loading.
func (p *Post) load(ctx context.Context) (settings, error) {
	results, err := db.Batch(ctx,
		db.Prepare(settingsQuery).Bind(p.postID, p.tenantID),
		db.Prepare(`SELECT user_id FROM blocked_users WHERE tenant_id = ? LIMIT ?`).Bind(p.tenantID, maxBlocked))
	if err != nil {
		return settings{}, fmt.Errorf("post: read the settings: %w", err)
	}
	var list []settings
	var blocked []string
	if err := errors.Join(results[0].Scan(&list), results[1].Scan(&blocked)); err != nil {
		return settings{}, err
	}
	var s settings
	if len(list) > 0 {
		s = list[0]
	}
	there, err := p.object.Exists(ctx)
	if err != nil {
		return s, err
	}
	gone := s.Status == "" || s.Status == "deleted"
	if !there && (gone || !s.open()) {
		return s, nil
	}
	if err := p.object.Prepare(ctx); err != nil {
		return s, err
	}
	if loaded, err := p.mark(ctx, markLoaded); err != nil {
		return s, err
	} else if loaded == 0 && !gone {
		if err := p.restore(ctx); err != nil {
			return s, err
		}
	}
	if err := p.keepSettings(ctx, s, blocked); err != nil {
		return s, err
	}
	if !s.open() {
		p.closeAll(ctx, "this post is not published")
	}
	if gone { // the post was deleted while the object could not be told
		return s, p.tasks.Schedule(ctx, taskDestroy, time.Now().Add(commentsEvery))
	}
	return s, nil
}

func (p *Post) keepSettings(ctx context.Context, s settings, blocked []string) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	list, err := json.Marshal(blocked)
	if err != nil {
		return err
	}
	return p.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
		if err := p.object.Exec(ctx, `INSERT OR REPLACE INTO settings (only, value, loaded_at) VALUES (1, ?, ?)`, string(text), time.Now()); err != nil {
			return err
		}
		if err := p.object.Exec(ctx, `DELETE FROM blocked`); err != nil || len(blocked) == 0 {
			return err
		}
		return p.object.Exec(ctx, `INSERT INTO blocked (user_id) SELECT value FROM json_each(?)`, string(list))
	})
}

func (p *Post) isBlocked(ctx context.Context, userID string) (bool, error) {
	_, found, err := durables.First[int](ctx, p.object.SQL(), `SELECT 1 FROM blocked WHERE user_id = ?`, userID)
	return found, err
}

// rebuild reads again what D1 has of the post, after it was lost here or changed there. What waits here goes to D1 first and counts where it is newer.
func (p *Post) rebuild(ctx context.Context, _ durables.None) (durables.None, error) {
	none := durables.None{}
	if s, err := p.ready(ctx); err != nil || !s.open() {
		return none, err
	}
	if err := p.outbox.Restart(ctx); err != nil {
		return none, err
	}
	if err := p.sendAll(ctx); err != nil {
		return none, err
	}
	p.loading.Lock()
	defer p.loading.Unlock()
	if err := p.restore(ctx); err != nil {
		return none, err
	}
	p.object.Log(ctx, slog.LevelInfo, "rebuilt from D1")
	return none, nil
}

// restore reads reactions and counts from D1. It may be repeated.
func (p *Post) restore(ctx context.Context) error {
	type totals struct {
		Visible  int64 `json:"visible"`
		Comments int64 `json:"comments"` // the largest seq of any
		Largest  int64 `json:"largest"`  // of everything
	}
	var of totals
	_, err := db.Prepare(`SELECT (SELECT count(*) FROM comments WHERE post_id = ?1 AND tenant_id = ?2 AND status = 'visible') AS visible, c.s AS comments,
		max(c.s, coalesce((SELECT max(seq) FROM reactions WHERE post_id = ?1), 0), coalesce((SELECT as_of_seq FROM post_counters WHERE post_id = ?1), 0)) AS largest
		FROM (SELECT coalesce(max(seq), 0) AS s FROM comments WHERE post_id = ?1) c`).Bind(p.postID, p.tenantID).First(ctx, &of)
	if err != nil {
		return fmt.Errorf("post: read what D1 has: %w", err)
	}
	if err := p.raise(ctx, markSeq, of.Largest); err != nil { // before anything is counted on from here
		return err
	}
	for user, kind, more := "", "", true; more; {
		if user, kind, more, err = p.restoreReactions(ctx, user, kind); err != nil {
			return err
		}
	}
	p.first = firstPage{}
	return p.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
		waiting, err := durables.One[int](ctx, p.object.SQL(), `SELECT count(*) FROM comments_buffer`)
		if err != nil {
			return err
		}
		if waiting == 0 { // otherwise what was counted here is nearer to the truth
			if err := p.setMark(ctx, markVisible, of.Visible); err != nil {
				return err
			}
		}
		for _, statement := range []string{`DELETE FROM reaction_counts`,
			`INSERT INTO reaction_counts (reaction_type, count) SELECT reaction_type, count(*) FROM reactions WHERE present GROUP BY reaction_type`} {
			if err := p.object.Exec(ctx, statement); err != nil {
				return err
			}
		}
		if err := p.raise(ctx, markFlushed, of.Comments); err != nil {
			return err
		}
		return p.setMark(ctx, markLoaded, 1)
	})
}

// restoreReactions reads a page of reactions, after those of a user and a type, and returns where it ends.
func (p *Post) restoreReactions(ctx context.Context, afterUser, afterType string) (user, kind string, more bool, err error) {
	var rows []reactionRow
	err = db.Prepare(`SELECT user_id, type AS reaction_type, present, created_at, seq FROM reactions WHERE post_id = ? AND (user_id, type) > (?, ?) ORDER BY user_id, type LIMIT ?`).
		Bind(p.postID, afterUser, afterType, rebuildPage).All(ctx, &rows)
	if err != nil || len(rows) == 0 {
		return "", "", false, err
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return "", "", false, err
	}
	err = p.object.Exec(ctx, `INSERT INTO reactions (user_id, reaction_type, present, created_at, seq, copied_seq)
		SELECT value ->> 'user_id', value ->> 'reaction_type', value ->> 'present', value ->> 'created_at', value ->> 'seq', value ->> 'seq' FROM json_each(?) WHERE true
		ON CONFLICT (user_id, reaction_type) DO UPDATE SET present = excluded.present, created_at = excluded.created_at, seq = excluded.seq, copied_seq = excluded.seq
		WHERE excluded.seq > seq`, string(text))
	last := rows[len(rows)-1]
	return last.UserID, last.Type, len(rows) == rebuildPage, err
}
