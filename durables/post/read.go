package post

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers/grove/ids"
)

// CommentQuery asks for a page of comments, the latest first.
type CommentQuery struct {
	Limit  int    `json:"limit"` // 1 to MaxPage; 0 is 20
	Cursor string `json:"cursor,omitempty"`
	UserID string `json:"userId,omitempty"` // who reads; "" for a reader who is not signed in
}

// MaxPage is how many comments a page has at most.
const MaxPage = 100

// Comment is a comment as a reader sees it. Of a deleted one only the place is left.
type Comment struct {
	ID         string `json:"id"`
	ParentID   string `json:"parentId,omitempty"`
	Depth      int    `json:"depth"`
	AuthorID   string `json:"authorId,omitempty"`
	AuthorName string `json:"authorName,omitempty"`
	Content    string `json:"content"` // plain text
	Status     string `json:"status"`  // visible, pending (only its author sees it) or deleted
	CreatedAt  int64  `json:"createdAt"`
	EditedAt   int64  `json:"editedAt,omitempty"`
	Seq        int64  `json:"seq"`
}

// CommentPage is a page of comments. A page may have fewer than were asked for; without NextCursor it is the last.
type CommentPage struct {
	Comments   []Comment `json:"comments"`
	NextCursor string    `json:"nextCursor,omitempty"`
	// Seq is what the page knows: the lastSeq for a socket's resync.
	Seq int64 `json:"seq"`
	// Partial: only what D1 has not got yet is here, because D1 cannot be reached. Ask again later, with the same cursor.
	Partial bool   `json:"partial,omitempty"`
	Problem string `json:"problem,omitempty"`
}

func (c comment) shown(name string) Comment {
	s := Comment{ID: c.ID, Depth: c.Depth, AuthorID: c.UserID, AuthorName: name, Content: c.Content, Status: c.Status, CreatedAt: c.CreatedAt, Seq: c.Seq}
	if c.ParentID != nil {
		s.ParentID = *c.ParentID
	}
	if c.EditedAt != nil {
		s.EditedAt = *c.EditedAt
	}
	if c.Status == Deleted || c.Status == Hidden {
		s.AuthorID, s.AuthorName, s.Content, s.EditedAt = "", "", "", 0
	}
	return s
}

// place is what is left of a comment that is not shown.
func (c comment) place() Comment {
	c.Status = Deleted
	return c.shown("")
}

// entry is a comment with what a page needs to know of it.
type entry struct {
	comment
	Name     string `json:"name"`
	Answered bool   `json:"answered"` // by a comment that is shown
}

// newer orders entries as pages do.
func newer(a, b entry) int {
	return cmp.Or(cmp.Compare(b.CreatedAt, a.CreatedAt), cmp.Compare(b.ID, a.ID))
}

// position is where a page begins: after a comment.
type position struct {
	at int64
	id string
}

// parsePosition reads a cursor: the time and the id of the last comment of the page before. A first page begins before everything.
func parsePosition(text string) (position, bool) {
	if text == "" {
		return position{1<<53 - 1, ""}, true
	}
	at, id, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(at, 10, 64)
	return position{n, id}, err == nil && n > 0 && n < 1<<53 && ids.Valid(id)
}

func (l position) String() string { return fmt.Sprintf("%d.%s", l.at, l.id) }

// getRecentComments returns a page of the comments that the user may see.
func (p *Post) getRecentComments(ctx context.Context, q CommentQuery) (page CommentPage, err error) {
	page.Comments = []Comment{}
	from, ok := parsePosition(q.Cursor)
	if !ok {
		page.Problem = problemCursor
		return page, nil
	}
	if q.Limit == 0 {
		q.Limit = 20
	}
	q.Limit = min(max(q.Limit, 1), MaxPage)
	s, err := p.ready(ctx)
	if err != nil || !s.open() {
		page.Problem = problemClosed
		return page, err
	}
	if page.Seq, err = p.mark(ctx, markSeq); err != nil {
		return page, err
	}
	for range 5 { // a page of which the user may see nothing is none
		var list []entry
		var more bool
		if list, more, page.Partial, err = p.union(ctx, from, q.Limit); err != nil {
			return page, err
		}
		if page.Comments, err = p.visibleTo(ctx, q.UserID, list); err != nil {
			return page, err
		}
		switch {
		case page.Partial:
			page.NextCursor = q.Cursor
			return page, nil
		case !more:
			page.NextCursor = ""
			return page, nil
		}
		last := list[len(list)-1]
		from = position{last.CreatedAt, last.ID}
		page.NextCursor = from.String()
		if len(page.Comments) > 0 {
			return page, nil
		}
	}
	return page, nil
}

// union returns the comments after a place, of D1 and of the buffer, each in its latest state. The buffer is read before and after D1: what a flush
// moves meanwhile is in one of them.
func (p *Post) union(ctx context.Context, from position, limit int) (list []entry, more, partial bool, err error) {
	before, err := p.waiting(ctx, from, limit+1)
	if err != nil {
		return nil, false, false, err
	}
	inD1, err := p.fromD1(ctx, from, limit+1)
	if err != nil {
		p.object.Log(ctx, slog.LevelWarn, "comments shown without those in D1", "error", err)
		partial = true
	}
	after, err := p.waiting(ctx, from, limit+1)
	if err != nil {
		return nil, false, false, err
	}
	dropped, err := durables.All[string](ctx, p.object.SQL(), `SELECT id FROM dropped`)
	if err != nil {
		return nil, false, false, err
	}
	byID := map[string]entry{}
	for _, e := range slices.Concat(inD1, before, after) {
		if known, ok := byID[e.ID]; ok {
			if known.Seq > e.Seq {
				known, e = e, known
			}
			e.Answered = e.Answered || known.Answered
			e.Name = cmp.Or(e.Name, known.Name)
		}
		byID[e.ID] = e
	}
	for _, id := range dropped {
		delete(byID, id)
	}
	for _, e := range byID {
		list = append(list, e)
	}
	slices.SortFunc(list, newer)
	if len(list) > limit {
		return list[:limit], true, partial, nil
	}
	return list, false, partial, nil
}

// waiting returns comments of the buffer after a place.
func (p *Post) waiting(ctx context.Context, from position, limit int) ([]entry, error) {
	return durables.All[entry](ctx, p.object.SQL(), `SELECT `+bufferColumns+` WHERE (c.created_at, c.id) < (?, ?) ORDER BY c.created_at DESC, c.id DESC LIMIT ?`, from.at, from.id, limit)
}

const (
	bufferColumns = `c.id, c.user_id, c.content, c.parent_id, c.depth, c.status, c.seq, c.created_at, c.edited_at, c.deleted_at, c.moderated_by, c.moderated_at, coalesce(p.name, '') AS name,
		EXISTS (SELECT 1 FROM comments_buffer x WHERE x.parent_id = c.id AND x.status = 'visible') AS answered FROM comments_buffer c LEFT JOIN people p ON p.user_id = c.user_id`
	entryColumns = columnsInD1 + `, coalesce(u.name, '') AS name, EXISTS (SELECT 1 FROM comments x WHERE x.parent_id = c.id AND x.status = 'visible') AS answered
		FROM comments c LEFT JOIN users u ON u.id = c.author_id WHERE c.post_id = ? AND c.tenant_id = ?`
)

// firstPage is what D1 answered last for the first page. Only this object writes the post's comments, so it is good until it sends some.
type firstPage struct {
	rows []entry
	at   time.Time
}

const firstPageFor = 5 * time.Minute // people change their names

func (p *Post) fromD1(ctx context.Context, from position, limit int) ([]entry, error) {
	first := from.id == ""
	if first {
		limit = MaxPage + 1
		if p.first.rows != nil && time.Since(p.first.at) < firstPageFor {
			return p.first.rows, nil
		}
	}
	flushed, err := p.mark(ctx, markFlushed)
	if err != nil {
		return nil, err
	}
	rows := []entry{}
	err = db.Prepare(`SELECT `+entryColumns+` AND (c.created_at, c.id) < (?, ?) ORDER BY c.created_at DESC, c.id DESC LIMIT ?`).
		Bind(p.postID, p.tenantID, from.at, from.id, limit).All(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("post: read comments: %w", err)
	}
	if now, err := p.mark(ctx, markFlushed); first && err == nil && now == flushed {
		p.first = firstPage{rows, time.Now()}
	}
	return rows, nil
}

// visibleTo leaves out what the user may not see.
func (p *Post) visibleTo(ctx context.Context, userID string, list []entry) ([]Comment, error) {
	out := []Comment{}
	if len(list) == 0 {
		return out, nil
	}
	authors := map[string]bool{}
	for _, e := range list {
		authors[e.UserID] = false
	}
	text, err := json.Marshal(slices.Collect(maps.Keys(authors)))
	if err != nil {
		return nil, err
	}
	blocked, err := durables.All[string](ctx, p.object.SQL(), `SELECT user_id FROM blocked WHERE user_id IN (SELECT value FROM json_each(?))`, string(text))
	if err != nil {
		return nil, err
	}
	for _, id := range blocked {
		authors[id] = true
	}
	parents, err := durables.All[string](ctx, p.object.SQL(), `SELECT DISTINCT parent_id FROM comments_buffer WHERE parent_id IS NOT NULL AND status = 'visible'`)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		mine := userID != "" && e.UserID == userID
		switch {
		case e.Status == Visible && (mine || !authors[e.UserID]), e.Status == Pending && mine:
			out = append(out, e.shown(e.Name))
		case e.Answered || slices.Contains(parents, e.ID): // the answers need a place to be at
			out = append(out, e.place())
		}
	}
	return out, nil
}

// sorted orders entries as they came to be.
func sorted(list []entry) []entry {
	slices.SortFunc(list, func(a, b entry) int { return newer(b, a) })
	return list
}
