package post

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/analytics"
	"grove.place/lattice/durables/notification"
	"grove.place/lattice/workers/grove/ids"
)

// Types of reactions.
var Types = []string{"like", "love", "insightful", "bookmark"}

// private is the type that is nobody else's business: it is counted, and its user's name is told to nobody.
const private = "bookmark"

// Reaction has a user react, or no longer.
type Reaction struct {
	UserID string `json:"userId"`
	Type   string `json:"type"`
	On     bool   `json:"on"`
}

// Toggle has a user react if they do not, and the other way round. The same request twice is one.
type Toggle struct {
	UserID    string `json:"userId"`
	Type      string `json:"type"`
	RequestID string `json:"requestId,omitempty"` // of the client, up to 64 bytes
}

// Reacted is how it is then. Problem says why nothing was done, see Explain.
type Reacted struct {
	Added    bool   `json:"added"`              // the user reacts now
	NewCount *int64 `json:"newCount,omitempty"` // of the type; missing when it is not the user's to know
	Problem  string `json:"problem,omitempty"`
}

// Reactions are the reactions to the post as a user may know them.
type Reactions struct {
	Counts map[string]int64 `json:"counts,omitempty"` // missing when they are not the user's to know
	Mine   []string         `json:"mine"`
}

type reactionRow struct {
	UserID    string `json:"user_id"`
	Type      string `json:"reaction_type"`
	Present   bool   `json:"present"`
	CreatedAt int64  `json:"created_at"`
	Seq       int64  `json:"seq"`
}

func checkReaction(userID, kind string) error {
	if !ids.Valid(userID) || !slices.Contains(Types, kind) {
		return durables.TypeError("reaction: userId is an id, type is one of " + strings.Join(Types, ", "))
	}
	return nil
}

// setReaction has the user react or not. To ask for what is so already changes nothing.
func (p *Post) setReaction(ctx context.Context, r Reaction) (Reacted, error) {
	if err := checkReaction(r.UserID, r.Type); err != nil {
		return Reacted{}, err
	}
	s, err := p.ready(ctx)
	if err != nil {
		return Reacted{}, err
	}
	return p.react(ctx, s, r, nil)
}

// toggleReaction is setReaction for a button that only knows that it was pressed.
func (p *Post) toggleReaction(ctx context.Context, t Toggle) (Reacted, error) {
	if err := checkReaction(t.UserID, t.Type); err != nil {
		return Reacted{}, err
	}
	if len(t.RequestID) > maxRequestID {
		return Reacted{}, durables.TypeError(fmt.Sprintf("toggleReaction: requestId has at most %d bytes", maxRequestID))
	}
	s, err := p.ready(ctx)
	if err != nil || !s.open() {
		return Reacted{Problem: problemClosed}, err
	}
	text, found, err := p.answered(ctx, t.UserID, t.RequestID)
	if err != nil {
		return Reacted{}, err
	}
	if found {
		var before Reacted
		return before, json.Unmarshal([]byte(text), &before)
	}
	_, on, err := durables.First[int](ctx, p.object.SQL(), `SELECT 1 FROM reactions WHERE user_id = ? AND reaction_type = ? AND present`, t.UserID, t.Type)
	if err != nil {
		return Reacted{}, err
	}
	return p.react(ctx, s, Reaction{t.UserID, t.Type, !on}, &t)
}

// react does it. request is the toggle that asked for it, whose answer is kept with it.
func (p *Post) react(ctx context.Context, s settings, r Reaction, request *Toggle) (Reacted, error) {
	if !s.open() {
		return Reacted{Problem: problemClosed}, nil
	}
	blocked, err := p.isBlocked(ctx, r.UserID)
	if err != nil {
		return Reacted{}, err
	}
	if blocked && r.On {
		return Reacted{Problem: problemBlocked}, nil
	}
	now := time.Now()
	var out Reacted
	var seq int64
	err = p.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
		if seq, err = p.storeReaction(ctx, s, r, now); err != nil {
			return err
		}
		if out, err = p.reacted(ctx, s, r.UserID, r.Type); err != nil || request == nil {
			return err
		}
		return p.answer(ctx, r.UserID, request.RequestID, 0, out, now)
	})
	if err != nil {
		return out, err
	}
	if request != nil && request.RequestID != "" {
		if err := p.scheduleTidy(ctx, now); err != nil {
			return out, err
		}
	}
	if seq == 0 {
		return out, nil
	}
	for task, after := range map[string]time.Duration{taskCounts: countsEvery, taskNotify: notifyAfter, taskEvents: eventsEvery} {
		if err := p.tasks.Schedule(ctx, task, now.Add(after)); err != nil {
			return out, err
		}
	}
	p.showReaction(ctx, s, r, seq)
	return out, nil
}

// storeReaction writes the reaction down with what is to be told of it. It returns its seq, 0 when it was so already.
func (p *Post) storeReaction(ctx context.Context, s settings, r Reaction, now time.Time) (int64, error) {
	before, known, err := durables.First[bool](ctx, p.object.SQL(), `SELECT present FROM reactions WHERE user_id = ? AND reaction_type = ?`, r.UserID, r.Type)
	if err != nil || before == r.On {
		return 0, err
	}
	seq, err := p.next(ctx)
	if err != nil {
		return 0, err
	}
	err = p.object.Exec(ctx, `INSERT INTO reactions (user_id, reaction_type, present, created_at, seq) VALUES (?1, ?2, ?3, ?4, ?5)
		ON CONFLICT (user_id, reaction_type) DO UPDATE SET present = ?3, created_at = ?4, seq = ?5`, r.UserID, r.Type, r.On, now, seq)
	if err != nil {
		return 0, err
	}
	change := -1
	if r.On {
		change = 1
	}
	err = p.object.Exec(ctx, `INSERT INTO reaction_counts (reaction_type, count) VALUES (?1, max(0, ?2)) ON CONFLICT (reaction_type) DO UPDATE SET count = max(0, count + ?2)`, r.Type, change)
	if err != nil {
		return 0, err
	}
	if !known { // a reaction that comes and goes is given once
		if err := p.recordEvent(ctx, s, analytics.ReactionGiven, now); err != nil {
			return 0, err
		}
	}
	if r.Type == private {
		return seq, nil
	}
	return seq, p.tell(ctx, s.AuthorID, notification.Event{Type: notification.Reaction, ActorID: r.UserID, TargetType: "post", TargetID: p.postID, Reference: r.Type,
		At: now.UnixMilli(), Seq: seq}, r.On)
}

// reacted says how it is for a user and a type.
func (p *Post) reacted(ctx context.Context, s settings, userID, kind string) (out Reacted, err error) {
	_, out.Added, err = durables.First[int](ctx, p.object.SQL(), `SELECT 1 FROM reactions WHERE user_id = ? AND reaction_type = ? AND present`, userID, kind)
	if err != nil || !s.countsFor(userID) {
		return out, err
	}
	n, err := p.count(ctx, kind)
	out.NewCount = &n
	return out, err
}

func (p *Post) count(ctx context.Context, kind string) (int64, error) {
	n, _, err := durables.First[int64](ctx, p.object.SQL(), `SELECT count FROM reaction_counts WHERE reaction_type = ?`, kind)
	return n, err
}

// getReactionCounts returns the reactions as the user may know them; the id is "" for a reader who is not signed in.
func (p *Post) getReactionCounts(ctx context.Context, userID string) (Reactions, error) {
	s, err := p.ready(ctx)
	if err != nil || !s.open() {
		return Reactions{Mine: []string{}}, err
	}
	return p.reactionsFor(ctx, s, userID)
}

func (p *Post) reactionsFor(ctx context.Context, s settings, userID string) (out Reactions, err error) {
	out.Mine, err = durables.All[string](ctx, p.object.SQL(), `SELECT reaction_type FROM reactions WHERE user_id = ? AND present ORDER BY reaction_type`, userID)
	if err != nil || !s.countsFor(userID) {
		return out, err
	}
	out.Counts, err = p.counts(ctx)
	return out, err
}

// counts returns the count of every type.
func (p *Post) counts(ctx context.Context) (map[string]int64, error) {
	type row struct {
		Type  string `json:"reaction_type"`
		Count int64  `json:"count"`
	}
	rows, err := durables.All[row](ctx, p.object.SQL(), `SELECT reaction_type, count FROM reaction_counts`)
	counts := map[string]int64{}
	for _, kind := range Types {
		counts[kind] = 0
	}
	for _, r := range rows {
		counts[r.Type] = r.Count
	}
	return counts, err
}
