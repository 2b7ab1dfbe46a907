package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/notification"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/ids"
)

// Actions of a Change.
const (
	Follow   = "follow"
	Unfollow = "unfollow"
)

// Change has the user follow somebody, or no longer.
type Change struct {
	UserID string `json:"userId"`
	Action string `json:"action"`
}

// Changed is the outcome. Problem is "" when it is so, otherwise "self", "missing" (no such user, or one that cannot be followed), "quota", or "fast".
type Changed struct {
	Problem string `json:"problem,omitempty"`
}

const (
	backfill     = 20               // posts of somebody who is followed
	maxChanges   = 200              // as many in that time, then nobody more is followed: each rings somebody's bell
	manyChanges  = 10               // more than so many changes in
	changeWindow = 10 * time.Minute // this time are one rebuild
	rebuildAfter = time.Minute      // then
	settleAfter  = time.Minute      // a change of which it is not known whether D1 has it is looked up
)

// updateFollowing changes whom the user follows: in D1 first, whose truth it is, then here.
func (f *Feed) updateFollowing(ctx context.Context, c Change) (Changed, error) {
	switch {
	case !ids.Valid(c.UserID) || c.Action != Follow && c.Action != Unfollow:
		return Changed{}, durables.TypeError("updateFollowing: userId is an id, action is follow or unfollow")
	case c.UserID == f.userID:
		return Changed{Problem: "self"}, nil
	}
	if err := f.object.Prepare(ctx); err != nil {
		return Changed{}, err
	}
	f.following.Lock()
	defer f.following.Unlock()
	now := time.Now()
	if err := f.object.Exec(ctx, `DELETE FROM changes WHERE at < ? AND done`, now.Add(-changeWindow)); err != nil {
		return Changed{}, err
	}
	recent, err := durables.One[int](ctx, f.object.SQL(), `SELECT count(*) FROM changes WHERE at >= ?`, now.Add(-changeWindow))
	if err != nil || recent >= maxChanges && c.Action == Follow { // to unfollow, and with it to block, is always possible
		return Changed{Problem: "fast"}, err
	}
	// Should the answer of D1 be lost, or the object die before it comes, what D1 has is looked up later.
	change, err := durables.One[int64](ctx, f.object.SQL(), `INSERT INTO changes (at, user_id) VALUES (?, ?) RETURNING id`, now, c.UserID)
	if err != nil {
		return Changed{}, err
	}
	if err := f.tasks.Schedule(ctx, taskSettle, now.Add(settleAfter)); err != nil {
		return Changed{}, err
	}
	done, err := f.write(ctx, c, now)
	if err != nil {
		return Changed{}, err
	}
	if err := f.changed(ctx, c, change, done, now); err != nil {
		return Changed{}, err
	}
	return Changed{Problem: done.Problem}, f.catchUp(ctx, c, done, now)
}

// written is what D1 says of a change.
type written struct {
	Before  bool   `json:"before"` // followed before it
	After   bool   `json:"after"`  // followed after it
	Full    bool   `json:"full"`   // the user follows as many as one can
	Problem string `json:"-"`
}

func (f *Feed) write(ctx context.Context, c Change, now time.Time) (w written, err error) {
	before := db.Prepare(`SELECT EXISTS (SELECT 1 FROM follows WHERE follower_id = ? AND followee_id = ?) AS before`).Bind(f.userID, c.UserID)
	after := db.Prepare(`SELECT EXISTS (SELECT 1 FROM follows WHERE follower_id = ?1 AND followee_id = ?2) AS after,
		(SELECT count(*) FROM follows WHERE follower_id = ?1) >= ?3 AS full`).Bind(f.userID, c.UserID, MaxFollowing)
	change := db.Prepare(`DELETE FROM follows WHERE follower_id = ? AND followee_id = ?`).Bind(f.userID, c.UserID)
	if c.Action == Follow {
		change = db.Prepare(`INSERT INTO follows (follower_id, followee_id, created_at) SELECT ?1, ?2, ?3
			WHERE EXISTS (SELECT 1 FROM users WHERE id = ?2 AND status = 'active') AND (SELECT count(*) FROM follows WHERE follower_id = ?1) < ?4
			AND NOT EXISTS (SELECT 1 FROM user_blocks WHERE kind = 'block' AND (user_id = ?2 AND blocked_id = ?1 OR user_id = ?1 AND blocked_id = ?2))
			ON CONFLICT DO NOTHING`).Bind(f.userID, c.UserID, now, MaxFollowing)
	}
	results, err := db.Batch(ctx, before, change, after)
	if err != nil {
		return w, fmt.Errorf("feed: write the following: %w", err)
	}
	for _, r := range []d1.Result{results[0], results[2]} {
		var rows []written
		if err := r.Scan(&rows); err != nil {
			return w, err
		}
		w.Before, w.After, w.Full = w.Before || rows[0].Before, rows[0].After, rows[0].Full
	}
	if c.Action == Follow && !w.After {
		w.Problem = "missing"
		if w.Full {
			w.Problem = "quota"
		}
	}
	return w, nil
}

// changed brings the object up to what D1 has, and notes whom to tell of it. What the object knew counts as well as what D1 says of the change: this may be
// the second time that it was asked for, after D1's first answer was lost.
func (f *Feed) changed(ctx context.Context, c Change, change int64, w written, now time.Time) error {
	_, known, err := durables.First[int](ctx, f.object.SQL(), `SELECT 1 FROM following WHERE user_id = ?`, c.UserID)
	if err != nil {
		return err
	}
	news := w.Before != w.After || known != w.After
	err = f.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
		if err := f.object.Exec(ctx, `UPDATE changes SET done = 1 WHERE id = ?`, change); err != nil {
			return err
		}
		if news {
			if err := f.object.Exec(ctx, `INSERT INTO notices (user_id, follows, at) VALUES (?, ?, ?)`, c.UserID, w.After, now); err != nil {
				return err
			}
		}
		if w.After {
			return f.object.Exec(ctx, `INSERT OR IGNORE INTO following (user_id, followed_at) VALUES (?, ?)`, c.UserID, now)
		}
		return f.forgetAuthor(ctx, c.UserID)
	})
	if err != nil || !news {
		return err
	}
	return f.tasks.Schedule(ctx, taskNotify, now)
}

// forgetAuthor takes somebody out of the feed who is not followed.
func (f *Feed) forgetAuthor(ctx context.Context, userID string) error {
	if err := f.object.Exec(ctx, `DELETE FROM following WHERE user_id = ?`, userID); err != nil {
		return err
	}
	return f.object.Exec(ctx, `DELETE FROM feed_items WHERE author_id = ?`, userID)
}

// catchUp takes in the latest posts of somebody who is followed now. After many changes all is read anew instead, once.
func (f *Feed) catchUp(ctx context.Context, c Change, w written, now time.Time) error {
	built, err := f.mark(ctx, markBuilt)
	if err != nil || built == 0 {
		return err // there is no feed yet: it is built when it is read
	}
	recent, err := durables.One[int](ctx, f.object.SQL(), `SELECT count(*) FROM changes WHERE at > ?`, now.Add(-changeWindow))
	if err != nil {
		return err
	}
	if recent > manyChanges {
		return f.rebuildSoon(ctx, now)
	}
	if !w.After || w.Before {
		return nil
	}
	var rows []PostRow
	err = db.Prepare(`SELECT `+PostColumns+` FROM `+PostTables+` WHERE p.author_id = ? AND p.status = 'published' ORDER BY p.published_at DESC, p.id DESC LIMIT ?`).
		Bind(c.UserID, backfill).All(ctx, &rows)
	if err != nil {
		f.object.Log(ctx, slog.LevelWarn, "posts of a followed user not read", "error", err)
		return f.rebuildSoon(ctx, now)
	}
	if err := f.insert(ctx, posts(rows)); err != nil || len(rows) < backfill {
		return err
	}
	return f.raiseFloor(ctx, rows[len(rows)-1].PublishedAt)
}

func (f *Feed) rebuildSoon(ctx context.Context, now time.Time) error {
	if _, scheduled, err := f.tasks.Scheduled(ctx, taskRebuild); err != nil || scheduled {
		return err
	}
	return f.tasks.Schedule(ctx, taskRebuild, now.Add(rebuildAfter))
}

// settle reads all anew when there are changes of which it is not known whether D1 has them.
func (f *Feed) settle(ctx context.Context) error {
	open, err := durables.One[int](ctx, f.object.SQL(), `SELECT count(*) FROM changes WHERE NOT done`)
	if err != nil || open == 0 {
		return err
	}
	return f.rebuild(ctx)
}

// rebuildFeed reads all anew from D1.
func (f *Feed) rebuildFeed(ctx context.Context, _ durables.None) (durables.None, error) {
	if err := f.object.Prepare(ctx); err != nil {
		return durables.None{}, err
	}
	return durables.None{}, f.rebuild(ctx)
}

// unsettled is somebody of whom it is not known here whether D1 has them as followed.
type unsettled struct {
	UserID string `json:"user_id"`
	Known  bool   `json:"known"` // followed, as far as the object knew
}

func (f *Feed) rebuild(ctx context.Context) error {
	f.following.Lock()
	defer f.following.Unlock()
	started := time.Now()
	results, err := db.Batch(ctx,
		db.Prepare(`SELECT followee_id, created_at FROM follows WHERE follower_id = ? LIMIT ?`).Bind(f.userID, 2*MaxFollowing),
		db.Prepare(olderPosts).Bind(f.userID, forever, "", MaxItems),
	)
	if err != nil {
		return fmt.Errorf("feed: rebuild: %w", err)
	}
	type followee struct {
		ID string `json:"followee_id"`
		At int64  `json:"created_at"`
	}
	var followees []followee
	var rows []PostRow
	if err := errors.Join(results[0].Scan(&followees), results[1].Scan(&rows)); err != nil {
		return err
	}
	floor := int64(0)
	if len(rows) == MaxItems {
		floor = rows[len(rows)-1].PublishedAt
	}
	unsettled, err := durables.All[unsettled](ctx, f.object.SQL(), `SELECT user_id, EXISTS (SELECT 1 FROM following f WHERE f.user_id = c.user_id) AS known
		FROM changes c WHERE NOT done GROUP BY user_id`)
	if err != nil {
		return err
	}
	// What was added while D1 was read stays.
	err = f.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
		for _, statement := range []string{`DELETE FROM following`, `UPDATE changes SET done = 1`} {
			if err := f.object.Exec(ctx, statement); err != nil {
				return err
			}
		}
		for _, u := range followees {
			if err := f.object.Exec(ctx, `INSERT INTO following (user_id, followed_at) VALUES (?, ?)`, u.ID, u.At); err != nil {
				return err
			}
		}
		for _, u := range unsettled {
			if err := f.object.Exec(ctx, `INSERT INTO notices (user_id, follows, at) SELECT ?1, NOT ?2, ?3
				WHERE EXISTS (SELECT 1 FROM following WHERE user_id = ?1) <> ?2`, u.UserID, u.Known, started); err != nil {
				return err
			}
		}
		err := f.object.Exec(ctx, `DELETE FROM feed_items WHERE author_id NOT IN (SELECT user_id FROM following) OR created_at < ?`, floor)
		if err != nil {
			return err
		}
		for key, value := range map[string]int64{markFloor: floor, markBuilt: started.UnixMilli(), markFetched: started.UnixMilli()} {
			if err := f.setMark(ctx, key, value); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(unsettled) > 0 {
		if err := f.tasks.Schedule(ctx, taskNotify, started); err != nil {
			return err
		}
	}
	f.object.Log(ctx, slog.LevelInfo, "feed rebuilt", "following", len(followees), "posts", len(rows))
	return f.insert(ctx, posts(rows))
}

// notify tells users that they are followed, or no longer.
func (f *Feed) notify(ctx context.Context) error {
	type notice struct {
		Seq     int64  `json:"seq"`
		UserID  string `json:"user_id"`
		Follows bool   `json:"follows"`
		At      int64  `json:"at"`
	}
	list, err := durables.All[notice](ctx, f.object.SQL(), `SELECT seq, user_id, follows, at FROM notices ORDER BY seq LIMIT 100`)
	if err != nil {
		return err
	}
	var failed []error
	for _, n := range list {
		event := notification.Event{Type: notification.Follow, ActorID: f.userID, TargetType: "profile", TargetID: n.UserID, At: n.At, Seq: n.Seq}
		method := notification.Retract
		if n.Follows {
			method = notification.AddNotification
		}
		if _, err := method.Call(ctx, notification.Of(n.UserID), event); err != nil {
			failed = append(failed, err)
			continue
		}
		if err := f.object.Exec(ctx, `DELETE FROM notices WHERE seq = ?`, n.Seq); err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("feed: %d of %d users were not told: %w", len(failed), len(list), failed[0])
	}
	if len(list) == 100 {
		return f.tasks.Schedule(ctx, taskNotify, time.Now())
	}
	return nil
}

// forever is after every post.
const forever = 1<<53 - 1

// olderPosts selects the posts of followed users that stand after a place in the recent order. Of each author no more are looked at than are asked for.
var olderPosts = strings.Join([]string{`SELECT`, PostColumns, `FROM follows f JOIN`, PostTables,
	`WHERE f.follower_id = ?1 AND p.author_id = f.followee_id AND p.id IN (SELECT q.id FROM posts q WHERE q.author_id = f.followee_id AND q.status = 'published'
		AND (q.published_at, q.id) < (?2, ?3) ORDER BY q.published_at DESC, q.id DESC LIMIT ?4)
	ORDER BY p.published_at DESC, p.id DESC LIMIT ?4`}, " ")
