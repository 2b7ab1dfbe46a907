package post

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/analytics"
	"grove.place/lattice/durables/notification"
	"grove.place/lattice/durables/tenant"
)

const (
	maxNotices  = 100 // in one run
	maxEvents   = 500 // in one call
	maxMentions = 10  // of one comment
)

// tell has a user hear of what somebody did, or no longer. Of what is said of one act before it was sent the last counts.
func (p *Post) tell(ctx context.Context, userID string, e notification.Event, present bool) error {
	if userID == "" || userID == e.ActorID {
		return nil
	}
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	key := strings.Join([]string{userID, e.Type, e.ActorID, e.TargetID, e.Reference}, " ")
	return p.object.Exec(ctx, `INSERT OR REPLACE INTO notices (key, user_id, actor_id, event, present, seq) VALUES (?, ?, ?, ?, ?, ?)`, key, userID, e.ActorID, string(text), present, e.Seq)
}

// tellOfComment has those whom a comment concerns hear of it, or no longer, each once: who wrote what it answers, who wrote the post, who is mentioned in
// its text.
func (p *Post) tellOfComment(ctx context.Context, s settings, c comment, text string, parent *comment, now time.Time) error {
	event := notification.Event{Type: notification.Mention, ActorID: c.UserID, TargetType: "post", TargetID: p.postID, Reference: c.ID, At: now.UnixMilli(), Seq: c.Seq}
	type message struct {
		userID string
		event  notification.Event
	}
	var messages []message
	if parent != nil {
		reply := event
		reply.Type, reply.TargetType, reply.TargetID = notification.Reply, "comment", parent.ID
		messages = append(messages, message{parent.UserID, reply})
	}
	comment := event
	comment.Type = notification.Comment
	messages = append(messages, message{s.AuthorID, comment})
	mentioned, err := p.mentioned(ctx, text)
	if err != nil {
		return err
	}
	for _, userID := range mentioned {
		messages = append(messages, message{userID, event})
	}
	told := map[string]bool{}
	for _, m := range messages {
		if told[m.userID] {
			continue
		}
		told[m.userID] = true
		if err := p.tell(ctx, m.userID, m.event, c.Status == Visible); err != nil {
			return err
		}
	}
	return nil
}

// mentioned returns those who take part in the conversation and are named in a text, as in @Ada.
func (p *Post) mentioned(ctx context.Context, text string) ([]string, error) {
	if !strings.Contains(text, "@") {
		return nil, nil
	}
	type person struct {
		UserID string `json:"user_id"`
		Name   string `json:"name"`
	}
	text = strings.ToLower(text)
	people, err := durables.All[person](ctx, p.object.SQL(), `SELECT user_id, lower(name) AS name FROM people WHERE name <> '' AND instr(?1, '@' || lower(name)) > 0 ORDER BY user_id LIMIT ?2`,
		text, maxMentions)
	var list []string
	for _, who := range people {
		if names(text, who.Name) {
			list = append(list, who.UserID)
		}
	}
	return list, err
}

// names reports whether a text has @name, and not only a longer name that begins with it.
func names(text, name string) bool {
	for {
		_, rest, found := strings.Cut(text, "@"+name)
		if !found {
			return false
		}
		if r, _ := utf8.DecodeRuneInString(rest); !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return true
		}
		text = rest
	}
}

// notify sends what is to be told. What fails is tried again later, after the others.
func (p *Post) notify(ctx context.Context) error {
	type notice struct {
		Key     string `json:"key"`
		UserID  string `json:"user_id"`
		Event   string `json:"event"`
		Present bool   `json:"present"`
		Seq     int64  `json:"seq"`
	}
	list, err := durables.All[notice](ctx, p.object.SQL(), `SELECT key, user_id, event, present, seq FROM notices ORDER BY attempts, seq LIMIT ?`, maxNotices)
	if err != nil {
		return err
	}
	var failed []error
	for _, n := range list {
		var event notification.Event
		if err := json.Unmarshal([]byte(n.Event), &event); err != nil {
			return fmt.Errorf("post: stored notice: %w", err)
		}
		method := notification.Retract
		if n.Present {
			method = notification.AddNotification
		}
		_, err := method.Call(ctx, notification.Of(n.UserID), event)
		var remote *durables.Error
		if errors.As(err, &remote) && remote.Remote && remote.Name == "TypeError" {
			p.object.Log(ctx, slog.LevelError, "notice refused and put aside", "error", err)
			err = nil
		}
		if err != nil {
			failed = append(failed, err)
			if err := p.object.Exec(ctx, `UPDATE notices SET attempts = attempts + 1 WHERE key = ? AND seq = ?`, n.Key, n.Seq); err != nil {
				return err
			}
			continue
		}
		if err := p.object.Exec(ctx, `DELETE FROM notices WHERE key = ? AND seq = ?`, n.Key, n.Seq); err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("post: %d of %d users were not told: %w", len(failed), len(list), failed[0])
	}
	if len(list) == maxNotices {
		return p.tasks.Schedule(ctx, taskNotify, time.Now())
	}
	return nil
}

// recordEvent keeps an event for the site's statistics.
func (p *Post) recordEvent(ctx context.Context, s settings, kind string, now time.Time) error {
	text, err := json.Marshal(analytics.Event{Type: kind, Path: "/posts/" + s.Slug})
	if err != nil {
		return err
	}
	return p.object.Exec(ctx, `INSERT INTO events (event, at) VALUES (?, ?)`, string(text), now)
}

// sendEvents sends events to the site's object. A batch keeps its rows and its name until it was acknowledged, so that it is counted once however often it is
// sent.
func (p *Post) sendEvents(ctx context.Context) error {
	for {
		// The time is in the name for an object that lost its storage and numbers anew.
		err := p.object.Exec(ctx, `UPDATE events SET batch = (SELECT max(id) || '.' || max(at) FROM (SELECT id, at FROM events ORDER BY id LIMIT ?1))
			WHERE id IN (SELECT id FROM events ORDER BY id LIMIT ?1) AND NOT EXISTS (SELECT 1 FROM events WHERE batch IS NOT NULL)`, maxEvents)
		if err != nil {
			return err
		}
		batch, found, err := durables.First[string](ctx, p.object.SQL(), `SELECT batch FROM events WHERE batch IS NOT NULL LIMIT 1`)
		if err != nil || !found {
			return err
		}
		texts, err := durables.All[string](ctx, p.object.SQL(), `SELECT event FROM events WHERE batch = ? ORDER BY id`, batch)
		if err != nil {
			return err
		}
		b := analytics.Batch{Source: p.object.Name(), ID: batch, Events: make([]analytics.Event, len(texts))}
		for i, text := range texts {
			if err := json.Unmarshal([]byte(text), &b.Events[i]); err != nil {
				return fmt.Errorf("post: stored event: %w", err)
			}
		}
		if _, err := tenant.RecordEvents.Call(ctx, tenant.Of(p.tenantID), b); err != nil {
			return fmt.Errorf("post: tell the site of events: %w", err)
		}
		if err := p.object.Exec(ctx, `DELETE FROM events WHERE batch = ?`, batch); err != nil {
			return err
		}
	}
}
