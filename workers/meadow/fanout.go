package meadow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"grove.place/lattice/durables/feed"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/queues"
)

const (
	// chunk is how many followers one message deals with. A batch of five messages (wrangler.toml) makes about 520 calls, of the 1,000 that an event of
	// the free plan may make.
	chunk = 100
	// together is how many objects are called at a time.
	together = 6
	// maxAttempts is how often the objects that cannot be reached get a message of their own. Then the message itself is retried, and ends among the dead.
	maxAttempts = 8
)

var errPoison = errors.New("meadow: an announcement needs the ids of a post, its site and its author")

// FanOut consumes the queue of announcements. A message that is delivered again changes nothing. One that cannot be dealt with is retried, at growing
// intervals, and is then for the dead-letter queue; the other messages of its batch do not wait for it.
func FanOut(ctx context.Context, batch *queues.Batch) error {
	for _, m := range batch.Messages {
		var a feed.Announcement
		err := m.Decode(&a)
		if err == nil {
			err = deliver(ctx, a)
		}
		if err != nil {
			slog.WarnContext(ctx, "announcement not delivered", "message_id", m.ID, "post", a.PostID, "attempts", m.Attempts, "error", err)
			m.Retry(backoff(m.Attempts))
			continue
		}
		m.Ack()
	}
	return nil
}

// backoff is 10 s, then twice as long each time, up to an hour.
func backoff(attempts int) time.Duration {
	return min(10*time.Second<<min(max(attempts-1, 0), 10), time.Hour)
}

// deliver brings some followers' feeds up to what D1 says of a post, and sends messages for the others.
func deliver(ctx context.Context, a feed.Announcement) error {
	if !ids.Valid(a.PostID) || !ids.Valid(a.TenantID) || !ids.Valid(a.AuthorID) || a.Cursor != "" && !ids.Valid(a.Cursor) {
		return errPoison
	}
	followers, more := a.Followers, false
	if len(followers) == 0 {
		var err error
		if followers, more, err = nextFollowers(ctx, a); err != nil || len(followers) == 0 {
			return err
		}
	}
	post, err := published(ctx, a.PostID)
	if err != nil {
		return err
	}
	failed, err := tell(ctx, followers, a.PostID, post)
	var messages []queues.Message
	if more {
		messages = append(messages, queues.Message{Body: feed.Announcement{PostID: a.PostID, TenantID: a.TenantID, AuthorID: a.AuthorID, Cursor: followers[len(followers)-1]}})
	}
	if len(failed) > 0 {
		if a.Attempt >= maxAttempts {
			return fmt.Errorf("meadow: %d feeds cannot be reached: %w", len(failed), err)
		}
		slog.WarnContext(ctx, "feeds to be told later", "post", a.PostID, "feeds", len(failed), "attempt", a.Attempt+1, "error", err)
		again := feed.Announcement{PostID: a.PostID, TenantID: a.TenantID, AuthorID: a.AuthorID, Followers: failed, Attempt: a.Attempt + 1}
		messages = append(messages, queues.Message{Body: again, Delay: backoff(again.Attempt)})
	}
	// Both or none: should this fail, the message comes again and tells feeds what they know.
	if len(messages) == 0 {
		return nil
	}
	return feed.Queue.SendBatch(ctx, messages...)
}

// nextFollowers are the followers after the cursor. To an author who is popular there are none: their posts are fetched by those who read them, and a
// feed shows only what D1 confirms.
func nextFollowers(ctx context.Context, a feed.Announcement) (list []string, more bool, err error) {
	if a.Cursor == "" {
		var peak int
		if _, err := db.Prepare(`SELECT peak FROM follow_counts WHERE user_id = ?`).Bind(a.AuthorID).First(ctx, &peak); err != nil {
			return nil, false, fmt.Errorf("meadow: count the followers: %w", err)
		}
		if peak >= feed.MaxPushed {
			return nil, false, nil
		}
	}
	err = db.Prepare(`SELECT follower_id FROM follows WHERE followee_id = ? AND follower_id > ? ORDER BY follower_id LIMIT ?`).Bind(a.AuthorID, a.Cursor, chunk+1).All(ctx, &list)
	if err != nil {
		return nil, false, fmt.Errorf("meadow: read the followers: %w", err)
	}
	more = len(list) > chunk
	return list[:min(len(list), chunk)], more, nil
}

// published is the post as feeds show it, nil when it is not published.
func published(ctx context.Context, id string) (*feed.Post, error) {
	var row feed.PostRow
	found, err := db.Prepare(`SELECT `+feed.PostColumns+` FROM `+feed.PostTables+` WHERE p.id = ? AND p.status = 'published'`).Bind(id).First(ctx, &row)
	if err != nil {
		return nil, fmt.Errorf("meadow: read the post: %w", err)
	}
	if !found {
		return nil, nil
	}
	post := row.Post()
	return &post, nil
}

// tell has feeds take a post in, or out when it is nil, and returns those that failed with the first error.
func tell(ctx context.Context, followers []string, postID string, post *feed.Post) (failed []string, err error) {
	var mu sync.Mutex
	var running sync.WaitGroup
	slots := make(chan struct{}, together)
	for _, id := range followers {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			var problem error
			if post != nil {
				_, problem = feed.AddToFeed.Call(ctx, feed.Of(id), feed.Added{Posts: []feed.Post{*post}})
			} else {
				_, problem = feed.RemoveFromFeed.Call(ctx, feed.Of(id), []string{postID})
			}
			if problem != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = append(failed, id)
				if err == nil {
					err = problem
				}
			}
		})
	}
	running.Wait()
	return failed, err
}
