package notification

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers/grove/ids"
)

// Query asks for a page of notifications, the latest first.
type Query struct {
	Limit      int    `json:"limit"` // 1 to MaxPage; 0 is 20
	Cursor     string `json:"cursor,omitempty"`
	UnreadOnly bool   `json:"unreadOnly,omitempty"`
}

// MaxPage is how many notifications a page has at most.
const MaxPage = 100

// Notification is a group as its user sees it.
type Notification struct {
	ID         string   `json:"id"`
	Type       string   `json:"type"`
	TargetType string   `json:"targetType"`
	TargetID   string   `json:"targetId"`
	Actors     []string `json:"actors"`     // at most 3, the latest first
	ActorCount int64    `json:"actorCount"` // all of them
	FirstAt    int64    `json:"firstAt"`    // ms
	LastAt     int64    `json:"lastAt"`     // ms
	ReadAt     *int64   `json:"readAt"`     // ms; null: unread
}

// Page is a page of notifications. Problem is "cursor" when the cursor was none of this object's.
type Page struct {
	Notifications []Notification `json:"notifications"`
	UnreadCount   int64          `json:"unreadCount"`
	NextCursor    string         `json:"nextCursor,omitempty"`
	Problem       string         `json:"problem,omitempty"`
}

type groupRow struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	GroupKey   string `json:"group_key"`
	TargetType string `json:"target_type"`
	TargetID   string `json:"target_id"`
	FirstAt    int64  `json:"first_at"`
	LastAt     int64  `json:"last_at"`
	ActorCount int64  `json:"actor_count"`
	ReadAt     *int64 `json:"read_at"`
	Revision   int64  `json:"revision"`
}

const groupColumns = `id, type, group_key, target_type, target_id, first_at, last_at, actor_count, read_at, revision`

// shownActors is how many of a group's actors are named, copiedActors how many D1 has.
const (
	shownActors  = 3
	copiedActors = 20
)

func (n *Notifications) actors(ctx context.Context, group string, limit int) ([]string, error) {
	return durables.All[string](ctx, n.object.SQL(), `SELECT actor_id FROM events WHERE group_id = ? AND present GROUP BY actor_id ORDER BY max(at) DESC, max(seq) DESC, actor_id LIMIT ?`, group, limit)
}

func (n *Notifications) getNotifications(ctx context.Context, q Query) (Page, error) {
	page := Page{Notifications: []Notification{}}
	lastAt, lastID, ok := parseCursor(q.Cursor)
	switch {
	case !ok:
		page.Problem = "cursor"
		return page, nil
	case q.Limit == 0:
		q.Limit = 20
	}
	q.Limit = min(max(q.Limit, 1), MaxPage)
	if there, err := n.shows(ctx); err != nil || !there {
		return page, err
	}
	if err := n.object.Prepare(ctx); err != nil {
		return page, err
	}
	rows, err := durables.All[groupRow](ctx, n.object.SQL(), `SELECT `+groupColumns+` FROM notifications WHERE (last_at, id) < (?, ?) AND actor_count > 0 AND last_at >= ?
		AND (NOT ? OR read_at IS NULL) ORDER BY last_at DESC, id DESC LIMIT ?`, lastAt, lastID, time.Now().Add(-Keep), q.UnreadOnly, q.Limit+1)
	if err != nil {
		return page, err
	}
	if len(rows) > q.Limit {
		rows = rows[:q.Limit]
		last := rows[q.Limit-1]
		page.NextCursor = fmt.Sprintf("%d.%s", last.LastAt, last.ID)
	}
	for _, r := range rows {
		actors, err := n.actors(ctx, r.ID, shownActors)
		if err != nil {
			return page, err
		}
		page.Notifications = append(page.Notifications, Notification{r.ID, r.Type, r.TargetType, r.TargetID, actors, r.ActorCount, r.FirstAt, r.LastAt, r.ReadAt})
	}
	page.UnreadCount, err = n.unread(ctx)
	return page, err
}

// parseCursor reads a cursor: the time and the id of the last group of the page before. A first page begins after everything.
func parseCursor(text string) (lastAt int64, id string, ok bool) {
	if text == "" {
		return 1<<53 - 1, "", true
	}
	at, id, _ := strings.Cut(text, ".")
	lastAt, err := strconv.ParseInt(at, 10, 64)
	return lastAt, id, err == nil && lastAt > 0 && lastAt < 1<<53 && ids.Valid(id)
}

func (n *Notifications) unread(ctx context.Context) (int64, error) {
	return durables.One[int64](ctx, n.object.SQL(), `SELECT count(*) FROM notifications WHERE read_at IS NULL AND actor_count > 0`)
}

// getUnreadCount counts unread groups.
func (n *Notifications) getUnreadCount(ctx context.Context, _ durables.None) (int64, error) {
	if there, err := n.shows(ctx); err != nil || !there {
		return 0, err
	}
	if err := n.object.Prepare(ctx); err != nil {
		return 0, err
	}
	return n.unread(ctx)
}

// Selection says which groups: those with the ids, or all.
type Selection struct {
	IDs []string `json:"ids,omitempty"`
	All bool     `json:"all,omitempty"`
}

// markRead marks groups as read, and returns how many are unread then. Ids of groups that are not there are no error.
func (n *Notifications) markRead(ctx context.Context, s Selection) (int64, error) {
	if len(s.IDs) > MaxGroups {
		return 0, durables.TypeError(fmt.Sprintf("markRead: %d ids: at most %d, or all", len(s.IDs), MaxGroups))
	}
	if there, err := n.shows(ctx); err != nil || !there {
		return 0, err
	}
	if err := n.object.Prepare(ctx); err != nil {
		return 0, err
	}
	now := time.Now()
	err := n.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
		const read = `UPDATE notifications SET read_at = ?, revision = revision + 1 WHERE read_at IS NULL`
		if s.All {
			return n.object.Exec(ctx, read, now)
		}
		for _, id := range s.IDs {
			if err := n.object.Exec(ctx, read+` AND id = ?`, now, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if err := n.changed(ctx, now); err != nil {
		return 0, err
	}
	return n.unread(ctx)
}
