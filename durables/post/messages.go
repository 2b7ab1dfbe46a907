package post

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"grove.place/lattice/durables"
)

// Message is what a socket gets. Which fields are set depends on Type: docs/grove/protocol.md has the list.
type Message struct {
	Type         string     `json:"type"`
	ID           string     `json:"id,omitempty"`  // of the client's message that this answers
	Seq          int64      `json:"seq,omitempty"` // of the state that this tells of
	UserID       string     `json:"userId,omitempty"`
	UserName     string     `json:"userName,omitempty"`
	Author       bool       `json:"author,omitempty"`   // the socket is the post's author's
	Comments     *bool      `json:"comments,omitempty"` // the site takes comments
	Count        *int64     `json:"count,omitempty"`
	ReactionType string     `json:"reactionType,omitempty"`
	Mine         *bool      `json:"mine,omitempty"`
	Reactions    *Reactions `json:"reactions,omitempty"`
	Comment      *Comment   `json:"comment,omitempty"`
	CommentID    string     `json:"commentId,omitempty"`
	Changed      []Comment  `json:"changed,omitempty"`
	Gone         []string   `json:"gone,omitempty"`
	Complete     *bool      `json:"complete,omitempty"`
	Code         string     `json:"code,omitempty"`
	Message      string     `json:"message,omitempty"`
}

// asked is what a client sends. Who it is is known from the socket; fields that claim something else are not read.
type asked struct {
	Type         string `json:"type"`
	ID           string `json:"id"` // of the client: the answer carries it, and the same one twice is done once
	ReactionType string `json:"reactionType"`
	On           *bool  `json:"on"`
	Content      string `json:"content"`
	ParentID     string `json:"parentId"`
	LastSeq      int64  `json:"lastSeq"`
}

const (
	maxFrame    = 16 << 10 // bytes
	bucketSize  = 20.0     // tokens
	bucketRate  = 1.0      // tokens a second
	maxRefused  = 30       // messages in a row for which there was no token
	typingEvery = 3 * time.Second
	typingAll   = 250 * time.Millisecond // between any two that the others are told of
	maxChanged  = 200                    // comments of a resync
)

// costs are the tokens that a message costs, by its type.
var costs = map[string]float64{"react": 1, "comment": 2, "typing": 0.5, "resync": 2}

// Codes of errors that are no problems of PostDO's methods.
const (
	codeMessage = "bad_message"
	codeSignIn  = "signed_out"
	codeFast    = "rate_limited"
	codeLater   = "unavailable"
)

// WebSocketMessage does what a client asks for, and says to it what became of it.
func (p *Post) WebSocketMessage(ctx context.Context, ws *durables.WebSocket, m durables.Message) error {
	if len(m.Data) > maxFrame {
		p.close(ctx, []*durables.WebSocket{ws}, closeTooLarge, "a message has at most 16 KB")
		return nil
	}
	v, err := p.viewer(ctx, ws)
	if err != nil {
		return err
	}
	var a asked
	bad := m.Binary || json.Unmarshal(m.Data, &a) != nil || len(a.ID) > maxRequestID
	cost, known := costs[a.Type]
	if bad || !known {
		cost = 1
	}
	paid := v.pay(cost, time.Now())
	if err := ws.SerializeAttachment(ctx, *v); err != nil {
		return err
	}
	switch {
	case !paid && v.Refused > maxRefused:
		p.close(ctx, []*durables.WebSocket{ws}, CloseTooFast, "too many messages")
		return nil
	case !paid:
		return refuse(ctx, ws, a.ID, codeFast, "That was a little fast. Wait a moment.")
	case bad || !known:
		return refuse(ctx, ws, "", codeMessage, "Send a JSON object with a type of react, comment, typing or resync, and an id of at most 64 bytes.")
	case v.UserID == "" && a.Type != "resync":
		return refuse(ctx, ws, a.ID, codeSignIn, "Sign in to take part.")
	}
	switch a.Type {
	case "react":
		err = p.askedToReact(ctx, ws, v.UserID, a)
	case "comment":
		err = p.askedToComment(ctx, ws, v.UserID, a)
	case "typing":
		err = p.typing(ctx, ws, v)
	case "resync":
		err = p.resync(ctx, ws, v.UserID, a)
	}
	if err == nil {
		return nil
	}
	var own *durables.Error
	if errors.As(err, &own) && own.Name == "TypeError" {
		return refuse(ctx, ws, a.ID, codeMessage, own.Message)
	}
	p.object.Log(ctx, slog.LevelError, "message not handled", "type", a.Type, "error", err)
	return refuse(ctx, ws, a.ID, codeLater, "That does not work just now. Nothing was changed; try again in a moment.")
}

// pay takes tokens from the bucket, and reports whether there were enough.
func (v *viewer) pay(cost float64, now time.Time) bool {
	ms := now.UnixMilli()
	v.Tokens = min(bucketSize, v.Tokens+max(0, float64(ms-v.At))/1000*bucketRate)
	v.At = ms
	if v.Tokens < cost {
		v.Refused++
		return false
	}
	v.Tokens -= cost
	v.Refused = 0
	return true
}

func refuse(ctx context.Context, ws *durables.WebSocket, id, code, message string) error {
	return ws.SendJSON(ctx, Message{Type: "error", ID: id, Code: code, Message: message})
}

func (p *Post) askedToReact(ctx context.Context, ws *durables.WebSocket, userID string, a asked) error {
	var done Reacted
	var err error
	if a.On != nil {
		done, err = p.setReaction(ctx, Reaction{userID, a.ReactionType, *a.On})
	} else {
		done, err = p.toggleReaction(ctx, Toggle{userID, a.ReactionType, a.ID})
	}
	switch {
	case err != nil:
		return err
	case done.Problem != "":
		return refuse(ctx, ws, a.ID, done.Problem, Explain(done.Problem))
	}
	return ws.SendJSON(ctx, Message{Type: "ack", ID: a.ID, ReactionType: a.ReactionType, Mine: &done.Added, Count: done.NewCount})
}

func (p *Post) askedToComment(ctx context.Context, ws *durables.WebSocket, userID string, a asked) error {
	done, err := p.addComment(ctx, NewComment{ID: a.ID, UserID: userID, Content: a.Content, ParentID: a.ParentID})
	switch {
	case err != nil:
		return err
	case done.Problem != "":
		return refuse(ctx, ws, a.ID, done.Problem, Explain(done.Problem))
	}
	return ws.SendJSON(ctx, Message{Type: "ack", ID: a.ID, Comment: done.Comment})
}

// typing tells the others that a user types, if that is news.
func (p *Post) typing(ctx context.Context, ws *durables.WebSocket, v *viewer) error {
	now := time.Now()
	if now.Sub(time.UnixMilli(v.Typed)) < typingEvery || now.Sub(p.typingAt) < typingAll {
		return nil
	}
	v.Typed, p.typingAt = now.UnixMilli(), now // the next message does not wait for this one
	if err := ws.SerializeAttachment(ctx, *v); err != nil {
		return err
	}
	s, err := p.ready(ctx)
	if err != nil || !s.open() || !s.Enabled {
		return err
	}
	blocked, err := p.isBlocked(ctx, v.UserID)
	if err != nil || blocked {
		return err
	}
	name, err := p.name(ctx, v.UserID)
	if err != nil {
		return err
	}
	p.broadcast(ctx, Message{Type: "typing", UserID: v.UserID, UserName: name})
	return nil
}

// resync tells a client that was away what has changed since what it saw last. When that is too much, or not known any more, the client is told to load
// the comments again.
func (p *Post) resync(ctx context.Context, ws *durables.WebSocket, userID string, a asked) error {
	s, err := p.ready(ctx)
	if err != nil || !s.open() {
		return err
	}
	seq, err := p.mark(ctx, markSeq)
	if err != nil {
		return err
	}
	m := Message{Type: "resync", ID: a.ID, Seq: seq}
	complete, err := p.since(ctx, &m, userID, a.LastSeq)
	if err != nil {
		return err
	}
	m.Complete = &complete
	if !complete {
		m.Changed, m.Gone = nil, nil
	}
	reactions, err := p.reactionsFor(ctx, s, userID)
	if err != nil {
		return err
	}
	m.Reactions = &reactions
	c, err := p.present(ctx)
	if err != nil {
		return err
	}
	m.Count = ptr(int64(c.count()))
	return ws.SendJSON(ctx, m)
}

// since sets what has changed of the comments since a seq, and reports whether that is all of it.
func (p *Post) since(ctx context.Context, m *Message, userID string, seq int64) (bool, error) {
	flushed, err := p.mark(ctx, markFlushed)
	if err != nil {
		return false, err
	}
	forgotten, err := p.mark(ctx, markDropped)
	if err != nil || seq > m.Seq || seq < forgotten || seq < 0 {
		return false, err
	}
	waiting := func() ([]entry, error) {
		return durables.All[entry](ctx, p.object.SQL(), `SELECT `+bufferColumns+` WHERE c.seq > ? ORDER BY c.seq LIMIT ?`, seq, maxChanged+1)
	}
	before, err := waiting()
	if err != nil {
		return false, err
	}
	var inD1, after []entry
	if seq < flushed { // otherwise D1 has nothing that the client does not know
		err := db.Prepare(`SELECT `+entryColumns+` AND c.seq > ? ORDER BY c.seq LIMIT ?`).Bind(p.postID, p.tenantID, seq, maxChanged+1).All(ctx, &inD1)
		if err != nil {
			return false, fmt.Errorf("post: read what has changed: %w", err)
		}
		if after, err = waiting(); err != nil {
			return false, err
		}
	}
	latest := map[string]entry{}
	for _, list := range [][]entry{inD1, before, after} {
		for _, e := range list {
			if known, ok := latest[e.ID]; !ok || known.Seq <= e.Seq {
				e.Answered = e.Answered || known.Answered
				latest[e.ID] = e
			}
		}
	}
	if m.Gone, err = durables.All[string](ctx, p.object.SQL(), `SELECT id FROM dropped WHERE seq > ? ORDER BY seq LIMIT ?`, seq, maxChanged+1); err != nil {
		return false, err
	}
	if len(latest)+len(m.Gone) > maxChanged {
		return false, nil
	}
	for _, id := range m.Gone {
		delete(latest, id)
	}
	return true, p.sort(ctx, m, userID, latest)
}

// sort tells what a user may see of changed comments from what they may not see any more.
func (p *Post) sort(ctx context.Context, m *Message, userID string, latest map[string]entry) error {
	list := make([]entry, 0, len(latest))
	for _, e := range latest {
		list = append(list, e)
	}
	shown, err := p.visibleTo(ctx, userID, sorted(list))
	if err != nil {
		return err
	}
	m.Changed = shown
	for _, c := range shown {
		delete(latest, c.ID)
	}
	for _, e := range sorted(list) {
		if _, hidden := latest[e.ID]; hidden {
			m.Gone = append(m.Gone, e.ID)
		}
	}
	return nil
}
