package feed

import (
	"context"
	"encoding/json"
	"fmt"

	"grove.place/lattice/workers/queues"
)

// Queue is where posts are announced that were published, changed, or are published no longer. Package meadow consumes it.
var Queue = queues.Producer("FANOUT")

// Announcement is a message of Queue: something about the post has changed, and its followers' feeds are to follow. What is true of the post
// is read from D1 when the message is consumed, so that messages may come twice and in any order.
type Announcement struct {
	PostID   string `json:"postId"`
	TenantID string `json:"tenantId"`
	AuthorID string `json:"authorId"`

	// Cursor is the last follower that was dealt with; "" for the first message.
	Cursor string `json:"cursor,omitempty"`
	// Followers are those that could not be reached before, Attempt how often that was so.
	Followers []string `json:"followers,omitempty"`
	Attempt   int      `json:"attempt,omitempty"`
}

// waiting is a row of the table announcements. Triggers of D1 write it in the transaction that changes a post, so that neither a queue that is down nor
// an isolate that dies after the commit loses the announcement; and no code that changes posts can forget it.
type waiting struct {
	PostID   string `json:"post_id"`
	TenantID string `json:"tenant_id"`
	AuthorID string `json:"author_id"`
	Version  int64  `json:"version"`
}

const waitingColumns = `SELECT post_id, tenant_id, author_id, version FROM announcements `

// Announce sends the announcement of a post that was changed just now, if it needs one. When it fails nothing is lost: Sweep sends it later.
func Announce(ctx context.Context, postID string) error {
	var rows []waiting
	if err := db.Prepare(waitingColumns+`WHERE post_id = ?`).Bind(postID).All(ctx, &rows); err != nil {
		return fmt.Errorf("feed: read the announcement: %w", err)
	}
	return announce(ctx, rows)
}

// maxSwept is how many batches one Sweep sends, so that it ends before the next one begins.
const maxSwept = 20

// Sweep sends the announcements that wait. A cron trigger calls it.
func Sweep(ctx context.Context) error {
	for range maxSwept {
		var rows []waiting
		if err := db.Prepare(waitingColumns+`ORDER BY at LIMIT ?`).Bind(queues.MaxBatch).All(ctx, &rows); err != nil {
			return fmt.Errorf("feed: read the announcements: %w", err)
		}
		if err := announce(ctx, rows); err != nil || len(rows) < queues.MaxBatch {
			return err
		}
	}
	return nil
}

// announce sends rows and deletes those that have not changed meanwhile. Should it die in between they are sent twice.
func announce(ctx context.Context, rows []waiting) error {
	if len(rows) == 0 {
		return nil
	}
	messages := make([]queues.Message, len(rows))
	for i, r := range rows {
		messages[i].Body = Announcement{PostID: r.PostID, TenantID: r.TenantID, AuthorID: r.AuthorID}
	}
	if err := Queue.SendBatch(ctx, messages...); err != nil {
		return fmt.Errorf("feed: announce: %w", err)
	}
	sent, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	_, err = db.Prepare(`DELETE FROM announcements WHERE (post_id, version) IN (SELECT value ->> 'post_id', value ->> 'version' FROM json_each(?))`).Bind(string(sent)).Run(ctx)
	if err != nil {
		return fmt.Errorf("feed: forget what was announced: %w", err)
	}
	return nil
}
