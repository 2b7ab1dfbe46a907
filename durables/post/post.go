// Package post is PostDO, the object of the conversation on one post: its reactions, its comments, and who is looking at it just now. It is named
// "post:{tenantId}:{postId}".
//
// The one idea: what somebody did is a row here before it is acknowledged and shown to the others, has a number that only grows (seq), and reaches D1 later
// by the outbox. What D1 has and what waits here are read as one, and of two states of a thing the one with the larger seq counts. Start with reactions.go
// and comments.go; reading is in read.go, the way to D1 in flush.go, what others are told in notify.go, sockets in live.go and messages.go. The messages of
// sockets are described in docs/grove/protocol.md.
package post

import (
	"context"
	"strings"
	"sync"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/outbox"
	"grove.place/lattice/durables/schema"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/ids"
)

// Class is PostDO.
var Class = durables.Class("PostDO", New)

// The methods of PostDO, with the names of the design document where it has them.
var (
	ToggleReaction    = durables.Method(Class, "toggleReaction", (*Post).toggleReaction)
	SetReaction       = durables.Method(Class, "setReaction", (*Post).setReaction)
	GetReactionCounts = durables.Method(Class, "getReactionCounts", (*Post).getReactionCounts)
	AddComment        = durables.Method(Class, "addComment", (*Post).addComment)
	EditComment       = durables.Method(Class, "editComment", (*Post).editComment)
	DeleteComment     = durables.Method(Class, "deleteComment", (*Post).deleteComment)
	ModerateComment   = durables.Method(Class, "moderateComment", (*Post).moderateComment)
	GetRecentComments = durables.Method(Class, "getRecentComments", (*Post).getRecentComments)
	GetPresence       = durables.Method(Class, "getPresence", (*Post).getPresence)
	Flush             = durables.Method(Class, "flush", (*Post).flush)
	Rebuild           = durables.Method(Class, "rebuild", (*Post).rebuild)
	RetryLetter       = durables.Method(Class, "retryLetter", (*Post).retryLetter)
	RefreshSettings   = durables.Method(Class, "refreshSettings", (*Post).refreshSettings)
	CloseSession      = durables.Method(Class, "closeSession", (*Post).closeSession)
	GetBacklog        = durables.Method(Class, "getBacklog", (*Post).getBacklog)
	ExportUser        = durables.Method(Class, "export", (*Post).export)
	EraseUser         = durables.Method(Class, "erase", (*Post).erase)
	Destroy           = durables.Method(Class, "destroy", (*Post).destroy)
)

const (
	commentsEvery = 30 * time.Second // comments to D1
	countsEvery   = 5 * time.Minute  // reactions and counts to D1
	eventsEvery   = time.Minute      // to the site's statistics
	notifyAfter   = 2 * time.Second  // to those whom it concerns; what is taken back sooner they never hear of

	taskComments = "flush comments"
	taskCounts   = "flush reactions"
	taskEvents   = "flush events"
	taskNotify   = "notify"
	taskTidy     = "tidy"
	taskDestroy  = "destroy"
)

var (
	namespace = Class.Namespace("POSTS")
	db        = d1.Database("DB")
)

const prefix = "post:"

// Name is the name of a post's object.
func Name(tenantID, postID string) string { return prefix + tenantID + ":" + postID }

// Of returns the stub of a post. Only posts that exist may be asked for: a call makes the object.
func Of(tenantID, postID string) *durables.Stub[Post] {
	return namespace.GetByName(Name(tenantID, postID))
}

// Post is the object.
type Post struct {
	state    *durables.State
	object   *schema.Object
	tasks    *durables.Tasks
	outbox   *outbox.Outbox
	tenantID string
	postID   string

	loading sync.Mutex // held while the settings, or all, are read from D1
	retryAt time.Time  // D1 did not answer: until then the old settings serve

	first   firstPage
	viewers map[*durables.WebSocket]*viewer // what is known of sockets; those that are not in it have it attached
	leaving map[*durables.WebSocket]bool    // closed, and still listed by the runtime

	crowd      *crowd    // who is there; nil: not counted yet
	announcing bool      // a change of the presence is going to be told
	announced  time.Time // when it was told last
	shown      int       // what was told; -1: nothing yet
	typingAt   time.Time // when somebody was last told that somebody types
}

var tables = schema.Tables{
	Class: "PostDO", ValidName: func(name string) bool { _, _, ok := parseName(name); return ok }, Names: "post:{tenantId}:{postId}",
	Migrations: []string{outbox.Table + `
		CREATE TABLE marks (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
		CREATE TABLE settings (only INTEGER PRIMARY KEY CHECK (only = 1), value TEXT NOT NULL, loaded_at INTEGER NOT NULL);
		CREATE TABLE blocked (user_id TEXT PRIMARY KEY) WITHOUT ROWID;
		CREATE TABLE reactions (
			user_id TEXT NOT NULL,
			reaction_type TEXT NOT NULL,
			present INTEGER NOT NULL,         -- 0: taken back
			created_at INTEGER NOT NULL,
			seq INTEGER NOT NULL,
			copied_seq INTEGER NOT NULL DEFAULT 0, -- what is on its way to D1
			PRIMARY KEY (user_id, reaction_type)
		) WITHOUT ROWID;
		CREATE INDEX reactions_changed ON reactions (seq) WHERE copied_seq < seq;
		CREATE TABLE reaction_counts (reaction_type TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
		CREATE TABLE comments_buffer (        -- states of comments that D1 has not acknowledged
			id TEXT PRIMARY KEY,
			user_id TEXT NOT NULL,
			content TEXT NOT NULL,
			parent_id TEXT,
			depth INTEGER NOT NULL,
			status TEXT NOT NULL,
			seq INTEGER NOT NULL,
			created_at INTEGER NOT NULL,
			edited_at INTEGER,
			deleted_at INTEGER,
			moderated_by TEXT,
			moderated_at INTEGER,
			outbox_seq INTEGER NOT NULL,      -- the row that carries this state
			sent INTEGER NOT NULL             -- D1 may have an earlier state
		) WITHOUT ROWID;
		CREATE INDEX comments_buffer_parent ON comments_buffer (parent_id);
		CREATE INDEX comments_buffer_seq ON comments_buffer (seq);
		CREATE TABLE dropped (id TEXT PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID; -- comments that D1 never saw
		CREATE TABLE requests (               -- what was asked for with an id, so that it is done once
			user_id TEXT NOT NULL,
			request_id TEXT NOT NULL,
			comment INTEGER NOT NULL,         -- 1: a comment, 0: a reaction
			result TEXT NOT NULL,
			at INTEGER NOT NULL,
			PRIMARY KEY (user_id, request_id)
		) WITHOUT ROWID;
		CREATE INDEX requests_at ON requests (at);
		CREATE TABLE people (user_id TEXT PRIMARY KEY, name TEXT NOT NULL, approved INTEGER NOT NULL DEFAULT 0, loaded_at INTEGER NOT NULL) WITHOUT ROWID;
		CREATE TABLE notices (                -- the last thing to tell of each act
			key TEXT PRIMARY KEY,
			user_id TEXT NOT NULL,
			actor_id TEXT NOT NULL,
			event TEXT NOT NULL,              -- JSON
			present INTEGER NOT NULL,         -- 0: taken back
			seq INTEGER NOT NULL,
			attempts INTEGER NOT NULL DEFAULT 0
		) WITHOUT ROWID;
		CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, batch TEXT, event TEXT NOT NULL, at INTEGER NOT NULL);`},
}

func parseName(name string) (tenantID, postID string, ok bool) {
	rest, ok := strings.CutPrefix(name, prefix)
	tenantID, postID, cut := strings.Cut(rest, ":")
	return tenantID, postID, ok && cut && ids.Valid(tenantID) && ids.Valid(postID)
}

// New constructs the object.
func New(ctx context.Context, state *durables.State) (*Post, error) {
	object, err := schema.Open(ctx, state, tables)
	if err != nil {
		return nil, err
	}
	p := &Post{state: state, object: object, tasks: durables.NewTasks(state.Storage()), outbox: outbox.New(state.Storage(), db, "PostDO "+object.Name()),
		viewers: map[*durables.WebSocket]*viewer{}, leaving: map[*durables.WebSocket]bool{}, shown: -1}
	p.tenantID, p.postID, _ = parseName(object.Name())
	p.outbox.Handle(kindComment, p.applyComment)
	p.outbox.Handle(kindReactions, p.applyReactions)
	p.outbox.Handle(kindCounts, p.applyCounts)
	p.outbox.OnSent(p.sent)
	for name, run := range map[string]func(context.Context) error{taskComments: p.outbox.Flush, taskCounts: p.sendAll, taskEvents: p.sendEvents, taskNotify: p.notify,
		taskTidy: p.tidy, taskDestroy: p.destroyDeleted} {
		p.tasks.Handle(name, func(ctx context.Context, _ durables.TaskInfo) error {
			if there, err := p.object.Exists(ctx); err != nil || !there {
				return err
			}
			if err := p.object.Prepare(ctx); err != nil {
				return err
			}
			return run(ctx)
		})
	}
	return p, nil
}

// Alarm runs what is due.
func (p *Post) Alarm(ctx context.Context, info durables.AlarmInfo) error {
	return p.tasks.Alarm(ctx, info)
}

// Backlog is what others do not know yet.
type Backlog struct {
	Rows      int64 `json:"rows"`      // of the outbox
	Oldest    int64 `json:"oldest"`    // ms; 0 without rows
	Comments  int64 `json:"comments"`  // states of comments that D1 has not acknowledged
	Reactions int64 `json:"reactions"` // that are not on their way to D1 yet
	Notices   int64 `json:"notices"`   // to users
	Events    int64 `json:"events"`    // to the site's statistics
}

func (p *Post) getBacklog(ctx context.Context, _ durables.None) (b Backlog, err error) {
	if there, err := p.object.Exists(ctx); err != nil || !there {
		return b, err
	}
	if err := p.object.Prepare(ctx); err != nil {
		return b, err
	}
	b, err = durables.One[Backlog](ctx, p.object.SQL(), `SELECT (SELECT count(*) FROM comments_buffer) AS comments, (SELECT count(*) FROM reactions WHERE copied_seq < seq) AS reactions,
		(SELECT count(*) FROM notices) AS notices, (SELECT count(*) FROM events) AS events`)
	if err != nil {
		return b, err
	}
	rows, err := p.outbox.Backlog(ctx)
	b.Rows, b.Oldest = rows.Rows, rows.Oldest
	return b, err
}

// next returns the next number of the object: later states have larger ones.
func (p *Post) next(ctx context.Context) (int64, error) {
	return durables.One[int64](ctx, p.object.SQL(), `INSERT INTO marks (key, value) VALUES ('seq', 1) ON CONFLICT (key) DO UPDATE SET value = value + 1 RETURNING value`)
}

// Marks are numbers that the object keeps.
const (
	markSeq     = "seq"     // the last number given
	markFlushed = "flushed" // of comments D1 has no state with a larger seq, but those in comments_buffer
	markDropped = "dropped" // of comments that D1 never saw those up to this seq are forgotten
	markVisible = "visible" // how many comments are shown to everybody
	markLoaded  = "loaded"  // what D1 had was read
	markClock   = "clock"   // ms: when the last comment was made
	markCounted = "counted" // the seq of the counts that are on their way to D1
)

func (p *Post) mark(ctx context.Context, key string) (int64, error) {
	value, _, err := durables.First[int64](ctx, p.object.SQL(), `SELECT value FROM marks WHERE key = ?`, key)
	return value, err
}

// raise sets a mark unless it is larger already.
func (p *Post) raise(ctx context.Context, key string, value int64) error {
	return p.object.Exec(ctx, `INSERT INTO marks (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = max(value, ?2)`, key, value)
}

func (p *Post) setMark(ctx context.Context, key string, value int64) error {
	return p.object.Exec(ctx, `INSERT OR REPLACE INTO marks (key, value) VALUES (?, ?)`, key, value)
}
