package feed

import (
	"context"
	"fmt"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/queues"
)

// Queue is where posts are announced that were published, or are so no longer. Package meadow consumes it.
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

// Publish announces a post that has been published, or changed since. Call it after D1 has it.
func Publish(ctx context.Context, post Announcement) error { return announce(ctx, post) }

// Unpublish announces a post that is published no longer, or was deleted. Call it after D1 knows.
func Unpublish(ctx context.Context, post Announcement) error { return announce(ctx, post) }

func announce(ctx context.Context, a Announcement) error {
	if !ids.Valid(a.PostID) || !ids.Valid(a.TenantID) || !ids.Valid(a.AuthorID) {
		return durables.TypeError("feed: an announcement needs postId, tenantId and authorId")
	}
	if err := Queue.Send(ctx, Announcement{PostID: a.PostID, TenantID: a.TenantID, AuthorID: a.AuthorID}); err != nil {
		return fmt.Errorf("feed: announce: %w", err)
	}
	return nil
}
