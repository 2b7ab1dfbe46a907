package operations

import (
	"context"
	"strings"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/feed"
	"grove.place/lattice/durables/notification"
	"grove.place/lattice/durables/outbox"
	"grove.place/lattice/durables/post"
	"grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/grove/web"
)

// class is what operators can ask objects of a class for. Functions that are nil it does not have.
type class struct {
	prefix string // of its names, before the id
	row    string // a statement that finds the row of D1 that an object belongs to: nobody can make objects by asking for them

	backlog func(ctx context.Context, id string) (any, error)
	rebuild func(ctx context.Context, id string) (any, error)
	retry   func(ctx context.Context, id string, l outbox.Letter) error
}

const (
	userRow = `SELECT 1 FROM users WHERE id = ?`
	siteRow = `SELECT 1 FROM tenants WHERE id = ?`
)

var classes = map[string]class{
	"TenantDO": {prefix: "tenant:", row: siteRow,
		backlog: func(ctx context.Context, id string) (any, error) {
			return tenant.GetBacklog.Call(ctx, tenant.Of(id), durables.None{})
		},
		rebuild: func(ctx context.Context, id string) (any, error) {
			return tenant.Rebuild.Call(ctx, tenant.Of(id), durables.None{})
		},
		retry: func(ctx context.Context, id string, l outbox.Letter) error {
			_, err := tenant.RetryLetter.Call(ctx, tenant.Of(id), l)
			return err
		}},
	"NotificationDO": {prefix: "notifications:", row: userRow,
		backlog: func(ctx context.Context, id string) (any, error) {
			return notification.GetBacklog.Call(ctx, notification.Of(id), durables.None{})
		},
		rebuild: func(ctx context.Context, id string) (any, error) {
			return notification.Rebuild.Call(ctx, notification.Of(id), durables.None{})
		},
		retry: func(ctx context.Context, id string, l outbox.Letter) error {
			_, err := notification.RetryLetter.Call(ctx, notification.Of(id), l)
			return err
		}},
	"PostDO": {prefix: "post:", row: `SELECT 1 FROM posts WHERE id = ? AND tenant_id = ?`,
		backlog: func(ctx context.Context, id string) (any, error) {
			return post.GetBacklog.Call(ctx, postOf(id), durables.None{})
		},
		rebuild: func(ctx context.Context, id string) (any, error) {
			return post.Rebuild.Call(ctx, postOf(id), durables.None{})
		},
		retry: func(ctx context.Context, id string, l outbox.Letter) error {
			_, err := post.RetryLetter.Call(ctx, postOf(id), l)
			return err
		}},
	"FeedDO": {prefix: "feed:", row: userRow,
		backlog: func(ctx context.Context, id string) (any, error) {
			return feed.GetBacklog.Call(ctx, feed.Of(id), durables.None{})
		},
		rebuild: func(ctx context.Context, id string) (any, error) {
			return feed.RebuildFeed.Call(ctx, feed.Of(id), durables.None{})
		}},
}

// postOf returns the stub of a post whose name ends with id, which object has checked.
func postOf(id string) *durables.Stub[post.Post] {
	site, postID, _ := strings.Cut(id, ":")
	return post.Of(site, postID)
}

// object finds an object that an operator names. It must belong to something that D1 knows.
func object(ctx context.Context, className, name string) (class, string, error) {
	c, known := classes[className]
	if !known {
		return c, "", web.BadRequest("unknown_class", "class is TenantDO, PostDO, FeedDO or NotificationDO.")
	}
	id, ok := strings.CutPrefix(name, c.prefix)
	row := []any{id}
	if site, postID, two := strings.Cut(id, ":"); two && className == "PostDO" {
		ok = ok && ids.Valid(site) && ids.Valid(postID)
		row = []any{postID, site}
	} else {
		ok = ok && ids.Valid(id) && className != "PostDO"
	}
	if !ok {
		return c, "", web.BadRequest("bad_name", "name begins with "+c.prefix+", and ends with an id; that of a post has its site's id and its own.")
	}
	there, err := exists(ctx, c.row, row...)
	switch {
	case err != nil:
		return c, "", web.Unavailable("The database", err)
	case !there:
		return c, "", web.ErrNotFound
	}
	return c, id, nil
}
