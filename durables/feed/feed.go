// Package feed is FeedDO, the object that has a user's feed ready: the latest posts of those whom the user follows. It is named "feed:{userId}".
//
// The one idea: D1 has the truth about who follows whom and what is published, and the object the latest MaxItems posts of it. Posts of authors with few
// followers are sent to it when they are published, posts of popular authors are fetched when the feed is read, and nothing is shown that D1 does not
// confirm at that moment, so that a message which is lost or late does no harm for long. Start with GetFeed, in read.go; what comes in is in items.go,
// who is followed in follow.go, the message that names a published post in publish.go.
package feed

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/schema"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/ids"
)

// Class is FeedDO.
var Class = durables.Class("FeedDO", New)

// The methods of FeedDO, with the names of the design document where it has them.
var (
	GetFeed            = durables.Method(Class, "getFeed", (*Feed).getFeed)
	AddToFeed          = durables.Method(Class, "addToFeed", (*Feed).addToFeed)
	RemoveFromFeed     = durables.Method(Class, "removeFromFeed", (*Feed).removeFromFeed)
	UpdateFollowing    = durables.Method(Class, "updateFollowing", (*Feed).updateFollowing)
	RebuildFeed        = durables.Method(Class, "rebuildFeed", (*Feed).rebuildFeed)
	UpdatePostMetadata = durables.Method(Class, "updatePostMetadata", (*Feed).updatePostMetadata)
	GetBacklog         = durables.Method(Class, "getBacklog", (*Feed).getBacklog)
	ExportUser         = durables.Method(Class, "export", (*Feed).export)
	EraseUser          = durables.Method(Class, "erase", (*Feed).erase)
	Destroy            = durables.Method(Class, "destroy", (*Feed).destroy)
)

const (
	// MaxItems is how many posts are kept; older pages come from D1.
	MaxItems = 500
	// MaxPushed is the number of followers from which an author's posts are fetched by readers instead of sent to them. An author who has once had so
	// many stays among those.
	MaxPushed = 1000
	// MaxFollowing is how many users one can follow.
	MaxFollowing = 5000

	pruneEvery = time.Hour

	taskPrune   = "prune"
	taskRebuild = "rebuild"
	taskSettle  = "settle following"
	taskNotify  = "notify"
)

var (
	namespace = Class.Namespace("FEEDS")
	db        = d1.Database("DB")
)

const prefix = "feed:"

// Of returns the stub of a user's feed.
func Of(userID string) *durables.Stub[Feed] { return namespace.GetByName(prefix + userID) }

// Feed is the object.
type Feed struct {
	state  *durables.State
	object *schema.Object
	tasks  *durables.Tasks
	userID string

	following sync.Mutex // held while who is followed changes, here and in D1
	fetching  bool       // posts of popular authors are on their way
}

var tables = schema.Tables{
	Class: "FeedDO", ValidName: func(name string) bool { _, ok := parseName(name); return ok }, Names: "feed:{userId}",
	Migrations: []string{`
		CREATE TABLE feed_items (
			post_id TEXT PRIMARY KEY,
			tenant_id TEXT NOT NULL,
			author_id TEXT NOT NULL,
			score REAL NOT NULL,
			previous_score REAL NOT NULL,     -- before the last time that the scores were computed
			created_at INTEGER NOT NULL,      -- when it was published
			cached_preview TEXT NOT NULL,     -- JSON
			hidden INTEGER NOT NULL DEFAULT 0, -- the user or the author has blocked the other
			added_at INTEGER NOT NULL
		) WITHOUT ROWID;
		CREATE INDEX idx_feed_score ON feed_items (score DESC);
		CREATE INDEX idx_feed_created ON feed_items (created_at DESC, post_id DESC);
		CREATE INDEX feed_items_author ON feed_items (author_id);
		CREATE TABLE following (user_id TEXT PRIMARY KEY, followed_at INTEGER NOT NULL) WITHOUT ROWID;
		CREATE TABLE changes (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, done INTEGER NOT NULL DEFAULT 0);
		CREATE TABLE notices (seq INTEGER PRIMARY KEY AUTOINCREMENT, user_id TEXT NOT NULL, follows INTEGER NOT NULL, at INTEGER NOT NULL);
		CREATE TABLE marks (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;`,
		`ALTER TABLE changes ADD COLUMN user_id TEXT NOT NULL DEFAULT ''`},
}

// Marks are times in milliseconds.
const (
	markBuilt   = "built"   // when the feed was built from D1; without it the feed holds nothing
	markFloor   = "floor"   // of what was published after it nothing is missing here; the rest is read from D1
	markFetched = "fetched" // when posts of popular authors were last fetched
	markScored  = "scored"  // when the scores were last computed
)

func parseName(name string) (userID string, ok bool) {
	userID, ok = strings.CutPrefix(name, prefix)
	return userID, ok && ids.Valid(userID)
}

// New constructs the object.
func New(ctx context.Context, state *durables.State) (*Feed, error) {
	object, err := schema.Open(ctx, state, tables)
	if err != nil {
		return nil, err
	}
	f := &Feed{state: state, object: object, tasks: durables.NewTasks(state.Storage())}
	f.userID, _ = parseName(object.Name())
	for name, run := range map[string]func(context.Context) error{taskPrune: f.prune, taskRebuild: f.rebuild, taskSettle: f.settle, taskNotify: f.notify} {
		f.tasks.Handle(name, func(ctx context.Context, _ durables.TaskInfo) error {
			if err := f.object.Prepare(ctx); err != nil {
				return err
			}
			return run(ctx)
		})
	}
	return f, nil
}

// Alarm runs what is due.
func (f *Feed) Alarm(ctx context.Context, info durables.AlarmInfo) error {
	return f.tasks.Alarm(ctx, info)
}

// mark returns a mark, 0 when it is not set.
func (f *Feed) mark(ctx context.Context, key string) (int64, error) {
	value, _, err := durables.First[int64](ctx, f.object.SQL(), `SELECT value FROM marks WHERE key = ?`, key)
	return value, err
}

func (f *Feed) setMark(ctx context.Context, key string, value int64) error {
	return f.object.Exec(ctx, `INSERT OR REPLACE INTO marks (key, value) VALUES (?, ?)`, key, value)
}

// raiseFloor notes that of what was published up to then something may be missing here.
func (f *Feed) raiseFloor(ctx context.Context, to int64) error {
	return f.object.Exec(ctx, `INSERT INTO marks (key, value) VALUES ('`+markFloor+`', ?1) ON CONFLICT (key) DO UPDATE SET value = max(value, ?1)`, to)
}

// built reports whether the feed has been built. A feed that nobody has read yet is not, and stores nothing.
func (f *Feed) built(ctx context.Context) (bool, error) {
	if there, err := f.object.Exists(ctx); err != nil || !there {
		return false, err
	}
	if err := f.object.Prepare(ctx); err != nil {
		return false, err
	}
	at, err := f.mark(ctx, markBuilt)
	return at > 0, err
}

// Backlog is what the object has still to tell others.
type Backlog struct {
	Notices   int64 `json:"notices"`   // follows that the followed were not told of
	Unsettled int64 `json:"unsettled"` // changes of following of which it is not known whether D1 has them
}

func (f *Feed) getBacklog(ctx context.Context, _ durables.None) (b Backlog, err error) {
	if there, err := f.object.Exists(ctx); err != nil || !there {
		return b, err
	}
	if err := f.object.Prepare(ctx); err != nil {
		return b, err
	}
	return durables.One[Backlog](ctx, f.object.SQL(), `SELECT (SELECT count(*) FROM notices) AS notices, (SELECT count(*) FROM changes WHERE NOT done) AS unsettled`)
}

// Export is what the object holds about a user.
type Export struct {
	Following []string `json:"following,omitempty"` // whom the object's own user follows
	Posts     []string `json:"posts,omitempty"`     // the posts in the feed, or those of another user in it
	Followed  bool     `json:"followed,omitempty"`  // the other user is followed
}

func (f *Feed) export(ctx context.Context, userID string) (out Export, err error) {
	if there, err := f.object.Exists(ctx); err != nil || !there {
		return out, err
	}
	if err := f.object.Prepare(ctx); err != nil {
		return out, err
	}
	if userID == f.userID {
		if out.Following, err = durables.All[string](ctx, f.object.SQL(), `SELECT user_id FROM following ORDER BY followed_at, user_id`); err != nil {
			return out, err
		}
		out.Posts, err = durables.All[string](ctx, f.object.SQL(), `SELECT post_id FROM feed_items ORDER BY created_at DESC, post_id DESC`)
		return out, err
	}
	if out.Posts, err = durables.All[string](ctx, f.object.SQL(), `SELECT post_id FROM feed_items WHERE author_id = ? ORDER BY created_at DESC, post_id DESC`, userID); err != nil {
		return out, err
	}
	_, out.Followed, err = durables.First[int](ctx, f.object.SQL(), `SELECT 1 FROM following WHERE user_id = ?`, userID)
	return out, err
}

// erase forgets a user: everything, with their rows in D1, where they are the object's own; their posts where they are an author. It may be repeated.
func (f *Feed) erase(ctx context.Context, userID string) (durables.None, error) {
	none := durables.None{}
	if !ids.Valid(userID) {
		return none, durables.TypeError("erase: userId is not an id")
	}
	if userID == f.userID {
		f.following.Lock()
		defer f.following.Unlock()
		if _, err := db.Prepare(`DELETE FROM follows WHERE follower_id = ?`).Bind(f.userID).Run(ctx); err != nil {
			return none, fmt.Errorf("feed: erase: %w", err)
		}
		return f.destroy(ctx, none)
	}
	if there, err := f.object.Exists(ctx); err != nil || !there {
		return none, err
	}
	if err := f.object.Prepare(ctx); err != nil {
		return none, err
	}
	return none, f.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
		for _, statement := range []string{`DELETE FROM notices WHERE user_id = ?`, `DELETE FROM changes WHERE user_id = ?`} {
			if err := f.object.Exec(ctx, statement, userID); err != nil {
				return err
			}
		}
		return f.forgetAuthor(ctx, userID)
	})
}

// destroy forgets everything, for a user who is gone.
func (f *Feed) destroy(ctx context.Context, _ durables.None) (durables.None, error) {
	return durables.None{}, f.object.Forget(ctx)
}
