// Package conversation is what readers of a post do, under /api/posts/{id}/ and /api/comments/ of the site's host: comments, reactions, who is there, and the
// socket on which all of it is live. docs/grove/protocol.md describes it.
//
// The one idea: a post is looked up first, in this site and nowhere else, and only then its object is asked, with the user that the session says; an id of another
// site's post finds nothing. Start with the table of routes.
package conversation

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/post"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/access"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/grove/posts"
	"grove.place/lattice/workers/grove/sockets"
	"grove.place/lattice/workers/grove/web"
	"grove.place/lattice/workers/heartwood"
)

var db = d1.Database("DB")

const (
	maxBody          = 32 << 10 // a comment with every character escaped
	commentsAtOnce   = 30       // of one user on one site in
	commentsInterval = time.Minute
)

// on is a request about a post of the site that readers see.
type on struct {
	*access.Visit
	postID string
}

type route struct {
	// change: it changes something, and needs a session and the CSRF token.
	change bool
	// find finds the id of the post.
	find   func(r *http.Request, v *access.Visit) (string, error)
	handle func(w http.ResponseWriter, r *http.Request, p on) error
}

var routes = map[string]route{
	"GET /api/posts/{id}/comments":            {false, byPost, list},
	"POST /api/posts/{id}/comments":           {true, byPost, add},
	"PATCH /api/comments/{id}":                {true, PostOf, edit},
	"DELETE /api/comments/{id}":               {true, PostOf, remove},
	"GET /api/posts/{id}/reactions":           {false, byPost, reactions},
	"PUT /api/posts/{id}/reactions/{type}":    {true, byPost, react},
	"DELETE /api/posts/{id}/reactions/{type}": {true, byPost, react},
	"GET /api/posts/{id}/presence":            {false, byPost, presence},
	"GET /api/posts/{id}/ws":                  {false, byPost, socket},
}

// Routes adds the API to the mux of a site. Requests carry an access.Visit.
func Routes(mux *http.ServeMux) {
	for pattern, rt := range routes {
		mux.Handle(pattern, rt)
	}
}

// Patterns returns the patterns of all routes.
func Patterns() []string {
	var list []string
	for pattern := range routes {
		list = append(list, pattern)
	}
	return list
}

func (rt route) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Vary", "Cookie")
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := rt.serve(w, r, access.From(r)); err != nil {
		web.Fail(w, r, err)
	}
}

func (rt route) serve(w http.ResponseWriter, r *http.Request, v *access.Visit) (err error) {
	if rt.change {
		if v.User, err = heartwood.RequireIntent(w, r); err != nil {
			return err
		}
	} else {
		v.Identify(w, r)
	}
	if err := v.Admit(r, false); err != nil {
		return err
	}
	id, err := rt.find(r, v)
	if err != nil {
		return err
	}
	ref, err := posts.Readable(r.Context(), v.TenantID, id)
	switch {
	case err != nil:
		return web.Unavailable("This post", err)
	case ref == nil:
		return web.ErrNotFound
	}
	return rt.handle(w, r, on{v, id})
}

func byPost(r *http.Request, _ *access.Visit) (string, error) { return r.PathValue("id"), nil }

// PostOf returns the id of the post that a comment is on: what the request says it is (?post=), or what D1 knows of the comment. The object of the post
// decides whether it has the comment.
func PostOf(r *http.Request, v *access.Visit) (string, error) {
	if id := r.URL.Query().Get("post"); id != "" {
		return id, nil
	}
	id := r.PathValue("id")
	if !ids.Valid(id) {
		return "", web.ErrNotFound
	}
	var postID string
	_, err := db.Prepare(`SELECT post_id FROM comments WHERE id = ? AND tenant_id = ?`).Bind(id, v.TenantID).First(r.Context(), &postID)
	if err != nil {
		return "", web.Unavailable("This comment", err)
	}
	return postID, nil
}

// userID is who asks, "" for nobody.
func (p on) userID() string {
	if p.User == nil {
		return ""
	}
	return p.User.UserID
}

// call calls the post's object. What the object says of a value that came from the caller is told to the caller.
func call[P, R any](ctx context.Context, p on, m *durables.MethodOf[post.Post, P, R], param P) (R, error) {
	result, err := m.Call(ctx, post.Of(p.TenantID, p.postID), param)
	return result, web.Told("The conversation", err)
}

// statuses are the answers to problems of PostDO.
var statuses = map[string]int{
	"closed": http.StatusNotFound, "not_found": http.StatusNotFound, "comments_off": http.StatusForbidden, "blocked": http.StatusForbidden, "not_yours": http.StatusForbidden,
	"bad_comment": http.StatusBadRequest, "bad_cursor": http.StatusBadRequest, "too_fast": http.StatusTooManyRequests,
}

// Problem returns the error for a problem of PostDO, nil for "".
func Problem(code string) error {
	if code == "" {
		return nil
	}
	status, ok := statuses[code]
	if !ok {
		status = http.StatusConflict
	}
	p := &web.Problem{Status: status, Code: code, Title: "That was not done", Message: post.Explain(code)}
	if code == "too_fast" {
		p.Retry = time.Minute
	}
	return p
}

func list(w http.ResponseWriter, r *http.Request, p on) error {
	query := r.URL.Query()
	limit := 20
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > post.MaxPage {
			return web.BadRequest("bad_limit", "limit is a number from 1 to 100.")
		}
		limit = n
	}
	page, err := call(r.Context(), p, post.GetRecentComments, post.CommentQuery{Limit: limit, Cursor: query.Get("cursor"), UserID: p.userID()})
	if err == nil {
		err = Problem(page.Problem)
	}
	if err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, page)
	return nil
}

func add(w http.ResponseWriter, r *http.Request, p on) error {
	var body struct {
		ID       string `json:"id"`
		Content  string `json:"content"`
		ParentID string `json:"parentId"`
	}
	if err := web.ReadJSON(r, &body); err != nil {
		return err
	}
	if err := p.Limit(r.Context(), "comments", commentsAtOnce, commentsInterval); err != nil {
		return err
	}
	a, err := call(r.Context(), p, post.AddComment, post.NewComment{ID: body.ID, UserID: p.userID(), Content: body.Content, ParentID: body.ParentID})
	return answer(w, http.StatusCreated, a, err)
}

func edit(w http.ResponseWriter, r *http.Request, p on) error {
	var body struct {
		Content string `json:"content"`
	}
	if err := web.ReadJSON(r, &body); err != nil {
		return err
	}
	a, err := call(r.Context(), p, post.EditComment, post.Edit{ID: r.PathValue("id"), UserID: p.userID(), Content: body.Content})
	return answer(w, http.StatusOK, a, err)
}

func remove(w http.ResponseWriter, r *http.Request, p on) error {
	a, err := call(r.Context(), p, post.DeleteComment, post.Removal{ID: r.PathValue("id"), UserID: p.userID()})
	if err == nil {
		err = Problem(a.Problem)
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func answer(w http.ResponseWriter, status int, a post.Answer, err error) error {
	if err == nil {
		err = Problem(a.Problem)
	}
	if err != nil {
		return err
	}
	web.WriteJSON(w, status, a)
	return nil
}

func reactions(w http.ResponseWriter, r *http.Request, p on) error {
	all, err := call(r.Context(), p, post.GetReactionCounts, p.userID())
	if err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, all)
	return nil
}

func react(w http.ResponseWriter, r *http.Request, p on) error {
	kind := r.PathValue("type")
	if !slices.Contains(post.Types, kind) {
		return web.BadRequest("bad_type", "React with like, love, insightful or bookmark.")
	}
	done, err := call(r.Context(), p, post.SetReaction, post.Reaction{UserID: p.userID(), Type: kind, On: r.Method == http.MethodPut})
	if err == nil {
		err = Problem(done.Problem)
	}
	if err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, done)
	return nil
}

func presence(w http.ResponseWriter, r *http.Request, p on) error {
	who, err := call(r.Context(), p, post.GetPresence, p.userID())
	if err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, who)
	return nil
}

func socket(w http.ResponseWriter, r *http.Request, p on) error {
	return sockets.Open(w, r, p.User, sockets.Place{Class: "PostDO", Name: post.Name(p.TenantID, p.postID), Fetch: post.Of(p.TenantID, p.postID).Fetch, What: "The conversation"})
}
