package post

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/analytics"
	"grove.place/lattice/workers/grove/content"
	"grove.place/lattice/workers/grove/ids"
)

const (
	// MaxComment is how many bytes a comment has at most.
	MaxComment = 4000
	// MaxDepth is how deep a comment can be: that of one which answers none is 0.
	MaxDepth = 3
	// EditFor is how long a comment can be changed by its author.
	EditFor = 15 * time.Minute
	// MaxPerMinute is how many comments a user can write to a post within a minute.
	MaxPerMinute = 20

	maxRequestID = 64 // bytes
)

// States of a comment.
const (
	Visible = "visible"
	Pending = "pending" // it waits for a moderator, and only its author sees it
	Hidden  = "hidden"  // by a moderator
	Deleted = "deleted" // by its author; it is shown, without its text, while somebody has answered it
)

// NewComment is a comment to add.
type NewComment struct {
	ID       string `json:"id,omitempty"` // of the client, up to 64 bytes: the same of the same user twice is one comment
	UserID   string `json:"userId"`
	Content  string `json:"content"`            // plain text
	ParentID string `json:"parentId,omitempty"` // what it answers
}

// Edit changes the text of a comment.
type Edit struct {
	ID      string `json:"id"`
	UserID  string `json:"userId"`
	Content string `json:"content"`
}

// Removal deletes a comment of its author.
type Removal struct {
	ID     string `json:"id"`
	UserID string `json:"userId"`
}

// Moderation changes who sees a comment. Who may do that was checked by the Worker.
type Moderation struct {
	ID          string `json:"id"`
	ModeratorID string `json:"moderatorId"`
	Action      string `json:"action"` // approve (what is pending), hide or restore (what is hidden)
}

// Answer is the outcome of a change: the comment as it is now. Problem says why nothing was done, see Explain.
type Answer struct {
	Comment *Comment `json:"comment,omitempty"`
	Problem string   `json:"problem,omitempty"`
}

// comment is a state of a comment, as it is stored here and in D1.
type comment struct {
	ID          string  `json:"id"`
	UserID      string  `json:"user_id"`
	Content     string  `json:"content"`
	ParentID    *string `json:"parent_id"`
	Depth       int     `json:"depth"`
	Status      string  `json:"status"`
	Seq         int64   `json:"seq"`
	CreatedAt   int64   `json:"created_at"`
	EditedAt    *int64  `json:"edited_at"`
	DeletedAt   *int64  `json:"deleted_at"`
	ModeratedBy *string `json:"moderated_by"`
	ModeratedAt *int64  `json:"moderated_at"`
}

// addComment takes a comment in. It is a row before this returns, and reaches D1 later.
func (p *Post) addComment(ctx context.Context, n NewComment) (Answer, error) {
	if !ids.Valid(n.UserID) || len(n.ID) > maxRequestID || n.ParentID != "" && !ids.Valid(n.ParentID) {
		return Answer{}, durables.TypeError(fmt.Sprintf("addComment: userId and parentId are ids, id has at most %d bytes", maxRequestID))
	}
	text, err := content.Plain("comment", n.Content, MaxComment)
	if err != nil {
		return Answer{Problem: problemEmpty}, nil
	}
	s, err := p.ready(ctx)
	if err != nil || !s.open() {
		return Answer{Problem: problemClosed}, err
	}
	if done, again, err := p.repeated(ctx, n); err != nil || again {
		return done, err
	}
	// What has to be read from D1 is read before anything is decided.
	name, err := p.name(ctx, n.UserID)
	if err != nil {
		return Answer{}, err
	}
	status, err := p.statusFor(ctx, s, n.UserID)
	if err != nil {
		return Answer{}, err
	}
	parent, err := p.find(ctx, n.ParentID)
	if err != nil {
		return Answer{}, err
	}
	if done, again, err := p.repeated(ctx, n); err != nil || again { // the same one may have come meanwhile
		return done, err
	}
	if problem, err := p.refuses(ctx, s, n, parent); err != nil || problem != "" {
		return Answer{Problem: problem}, err
	}
	return p.insert(ctx, s, n, text, name, status, parent)
}

// refuses says why a comment cannot be added.
func (p *Post) refuses(ctx context.Context, s settings, n NewComment, parent *comment) (string, error) {
	blocked, err := p.isBlocked(ctx, n.UserID)
	if err != nil {
		return "", err
	}
	recent, err := durables.One[int](ctx, p.object.SQL(), `SELECT count(*) FROM requests WHERE user_id = ? AND comment AND at > ?`, n.UserID, time.Now().Add(-time.Minute))
	switch {
	case err != nil:
		return "", err
	case !s.Enabled:
		return problemDisabled, nil
	case blocked:
		return problemBlocked, nil
	case n.ParentID != "" && (parent == nil || parent.Status != Visible):
		return problemParent, nil
	case parent != nil && parent.Depth >= MaxDepth:
		return problemDeep, nil
	case recent >= MaxPerMinute:
		return problemFast, nil
	}
	return "", nil
}

func (p *Post) insert(ctx context.Context, s settings, n NewComment, text, name, status string, parent *comment) (Answer, error) {
	now := time.Now()
	last, err := p.mark(ctx, markClock)
	if err != nil {
		return Answer{}, err
	}
	at := max(now.UnixMilli(), last+1) // comments are in the order in which they came, whatever the clock does
	c := comment{ID: ids.New(time.UnixMilli(at)), UserID: n.UserID, Content: text, Status: status, CreatedAt: at}
	if parent != nil {
		c.ParentID, c.Depth = &parent.ID, parent.Depth+1
	}
	request := n.ID
	if request == "" {
		request = c.ID
	}
	err = p.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
		if c, err = p.keep(ctx, c, ""); err != nil {
			return err
		}
		if err := p.setMark(ctx, markClock, at); err != nil {
			return err
		}
		if err := p.answer(ctx, n.UserID, request, 1, c.ID, now); err != nil {
			return err
		}
		if err := p.recordEvent(ctx, s, analytics.CommentAdded, now); err != nil {
			return err
		}
		return p.tellOfComment(ctx, s, c, c.Content, parent, now)
	})
	if err != nil {
		return Answer{}, err
	}
	p.showComment(ctx, c, name, "")
	shown := c.shown(name)
	return Answer{Comment: &shown}, p.kept(ctx, now)
}

// kept follows every change of a comment: what waits is on its way.
func (p *Post) kept(ctx context.Context, now time.Time) error {
	for task, after := range map[string]time.Duration{taskComments: commentsEvery, taskCounts: countsEvery, taskNotify: notifyAfter, taskEvents: eventsEvery} {
		if err := p.tasks.Schedule(ctx, task, now.Add(after)); err != nil {
			return err
		}
	}
	return p.scheduleTidy(ctx, now)
}

// repeated returns what was answered to the same comment of the same user before, and whether there is such a one.
func (p *Post) repeated(ctx context.Context, n NewComment) (Answer, bool, error) {
	text, found, err := p.answered(ctx, n.UserID, n.ID)
	if err != nil || !found {
		return Answer{}, false, err
	}
	var id string
	if err := json.Unmarshal([]byte(text), &id); err != nil { // the id was one of a reaction
		return Answer{Problem: problemState}, true, nil
	}
	c, err := p.find(ctx, id)
	switch {
	case err != nil:
		return Answer{}, true, err
	case c == nil: // deleted since
		return Answer{Problem: problemMissing}, true, nil
	}
	name, err := p.name(ctx, n.UserID)
	shown := c.shown(name)
	return Answer{Comment: &shown}, true, err
}

// statusFor says whether a comment of the user is shown at once.
func (p *Post) statusFor(ctx context.Context, s settings, userID string) (string, error) {
	if s.Moderation == "none" || s.trusted(userID) {
		return Visible, nil
	}
	if s.Moderation == "all" {
		return Pending, nil
	}
	approved, err := p.approved(ctx, userID)
	if err != nil || !approved {
		return Pending, err
	}
	return Visible, nil
}

func (p *Post) editComment(ctx context.Context, e Edit) (Answer, error) {
	text, err := content.Plain("comment", e.Content, MaxComment)
	if err != nil {
		return Answer{Problem: problemEmpty}, nil
	}
	s, err := p.ready(ctx)
	if err != nil || !s.open() {
		return Answer{Problem: problemClosed}, err
	}
	blocked, err := p.isBlocked(ctx, e.UserID)
	if err != nil || blocked {
		return Answer{Problem: problemBlocked}, err
	}
	status, err := p.statusFor(ctx, s, e.UserID)
	if err != nil {
		return Answer{}, err
	}
	return p.change(ctx, s, e.ID, func(c *comment, now time.Time) string {
		switch {
		case c.UserID != e.UserID:
			return problemForeign
		case c.Status != Visible && c.Status != Pending:
			return problemMissing
		case c.Content == text:
			return unchanged
		case now.Sub(time.UnixMilli(c.CreatedAt)) >= EditFor:
			return problemLate
		}
		at := now.UnixMilli()
		c.Content, c.EditedAt = text, &at
		if s.Moderation == "all" { // what nobody has read is not shown
			c.Status = status
		}
		return ""
	})
}

// deleteComment deletes a comment of its author. Answers to it stay. One that D1 never saw and nobody answered is gone altogether.
func (p *Post) deleteComment(ctx context.Context, r Removal) (Answer, error) {
	s, err := p.ready(ctx)
	if err != nil || !s.open() {
		return Answer{Problem: problemClosed}, err
	}
	return p.change(ctx, s, r.ID, func(c *comment, now time.Time) string {
		switch {
		case c.UserID != r.UserID:
			return problemForeign
		case c.Status == Deleted:
			return unchanged
		}
		at := now.UnixMilli()
		c.Status, c.Content, c.DeletedAt = Deleted, "", &at
		return ""
	})
}

var moderations = map[string]struct {
	from []string
	to   string
}{
	"approve": {[]string{Pending}, Visible},
	"hide":    {[]string{Visible, Pending}, Hidden},
	"restore": {[]string{Hidden}, Visible},
}

func (p *Post) moderateComment(ctx context.Context, m Moderation) (Answer, error) {
	action, ok := moderations[m.Action]
	if !ok || !ids.Valid(m.ModeratorID) {
		return Answer{}, durables.TypeError("moderateComment: action is approve, hide or restore; moderatorId is an id")
	}
	s, err := p.ready(ctx)
	if err != nil {
		return Answer{}, err
	}
	if there, err := p.object.Exists(ctx); err != nil || !there || s.Status == "" || s.Status == "deleted" {
		return Answer{Problem: problemClosed}, err
	}
	return p.change(ctx, s, m.ID, func(c *comment, now time.Time) string {
		if c.Status == action.to {
			return unchanged
		}
		for _, from := range action.from {
			if c.Status == from {
				at := now.UnixMilli()
				c.Status, c.ModeratedBy, c.ModeratedAt = action.to, &m.ModeratorID, &at
				return ""
			}
		}
		return problemState
	})
}

// unchanged is what a change says that has nothing to do.
const unchanged = "unchanged"

// change changes a comment. how is given the state of now, and returns a problem, "" or unchanged.
func (p *Post) change(ctx context.Context, s settings, id string, how func(c *comment, now time.Time) string) (Answer, error) {
	if !ids.Valid(id) {
		return Answer{Problem: problemMissing}, nil
	}
	found, parent, name, err := p.latest(ctx, id)
	if err != nil {
		return Answer{}, err
	}
	if found == nil {
		return Answer{Problem: problemMissing}, nil
	}
	before, now := found.Status, time.Now()
	c := *found
	switch problem := how(&c, now); problem {
	case "":
	case unchanged:
		shown := c.shown(name)
		return Answer{Comment: &shown}, nil
	default:
		return Answer{Problem: problem}, nil
	}
	err = p.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
		if c, err = p.keep(ctx, c, before); err != nil {
			return err
		}
		text := c.Content
		if c.Status == Deleted {
			text = found.Content
		}
		return p.tellOfComment(ctx, s, c, text, parent, now)
	})
	if err != nil {
		return Answer{}, err
	}
	p.showComment(ctx, c, name, before)
	shown := c.shown(name)
	return Answer{Comment: &shown}, p.kept(ctx, now)
}

// latest returns a comment as it is now, with what it answers and what its author is called. Nothing waits after that was found out.
func (p *Post) latest(ctx context.Context, id string) (c, parent *comment, name string, err error) {
	for {
		flushed, err := p.mark(ctx, markFlushed)
		if err != nil {
			return nil, nil, "", err
		}
		if c, err = p.find(ctx, id); err != nil || c == nil {
			return nil, nil, "", err
		}
		if name, err = p.name(ctx, c.UserID); err != nil {
			return nil, nil, "", err
		}
		if c.ParentID != nil {
			if parent, err = p.find(ctx, *c.ParentID); err != nil {
				return nil, nil, "", err
			}
		}
		// Others may have changed the comment while D1 was asked: the state is here, unless it has been sent already.
		if newer, there, err := p.buffered(ctx, id); err != nil || there {
			return &newer, parent, name, err
		}
		if now, err := p.mark(ctx, markFlushed); err != nil || now == flushed {
			return c, parent, name, err
		}
	}
}
