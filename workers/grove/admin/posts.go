package admin

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"grove.place/lattice/durables/analytics"
	postdo "grove.place/lattice/durables/post"
	"grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/grove/access"
	"grove.place/lattice/workers/grove/content"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/grove/posts"
	"grove.place/lattice/workers/grove/web"
)

func listPosts(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	n, err := limit(r)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	f := posts.Filter{Status: query.Get("status")}
	if f.Status != "" && f.Status != "draft" && f.Status != "published" {
		return web.BadRequest("bad_status", "status is draft or published.")
	}
	if cursor := query.Get("cursor"); cursor != "" && !ids.Valid(cursor) {
		return web.BadRequest("bad_cursor", "Use the cursor that the page before gave, or none.")
	}
	if !v.Can("editor") {
		f.Author = v.User.UserID
	}
	page, err := posts.List(r.Context(), v.TenantID, f, query.Get("cursor"), n)
	return answer(w, page, err)
}

func createPost(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	var body struct {
		posts.Text
		ID string `json:"id"` // of the writer's program, see posts.Create
	}
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	if body.ID != "" && !ids.Valid(body.ID) {
		return errID
	}
	p, made, err := posts.Create(r.Context(), v.TenantID, v.User.UserID, body.ID, body.Text)
	if err != nil {
		return postProblem(p, err)
	}
	web.WriteJSON(w, created(made), p)
	return nil
}

// created is the status for something that was made now, or by the same request before.
func created(now bool) int {
	if now {
		return http.StatusCreated
	}
	return http.StatusOK
}

var errID = web.BadRequest("bad_id", "id is a new UUIDv7 in lower-case letters, or left out.")

// errIDTaken answers a request that would make something under an id that something else has, be it this site's or not: which it is, is not told.
var errIDTaken = web.Conflict("id_taken", "Something else has that id. Make a new one and try again.", nil)

// preview renders a text as readers would get it, and keeps nothing.
func preview(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	var body struct {
		Body string `json:"body"`
	}
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	html, err := content.Render(body.Body)
	if err != nil {
		return web.BadRequest("bad_post", err.Error()+".")
	}
	web.WriteJSON(w, http.StatusOK, map[string]string{"html": string(html)})
	return nil
}

// post returns the post that the request names. write is false for looking at it, which every author may once it is published.
func post(r *http.Request, v *access.Visit, write bool) (*posts.Post, error) {
	id := r.PathValue("id")
	if !ids.Valid(id) {
		return nil, web.ErrNotFound
	}
	p, err := posts.Get(r.Context(), v.TenantID, id)
	switch {
	case err != nil:
		return nil, err
	case p == nil:
		return nil, web.ErrNotFound
	case !MayUse(v, p.AuthorID) && (write || p.Status != "published"):
		return nil, web.ErrForbidden
	}
	return p, nil
}

func getPost(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	p, err := post(r, v, false)
	return answer(w, p, err)
}

func putPost(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	var body struct {
		posts.Text
		Version int64 `json:"version"`
	}
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	p, err := post(r, v, true)
	if err == nil {
		p, err = posts.Update(r.Context(), v.TenantID, v.User.UserID, p.ID, body.Version, body.Text)
	}
	return answer(w, p, postProblem(p, err))
}

// change is what publishing and taking back are asked with.
type change struct {
	Version int64  `json:"version"`
	DraftID string `json:"draftId"` // of a draft that is in the post now, to be removed
}

func publishPost(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	var body change
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	before, err := post(r, v, true)
	if err != nil {
		return err
	}
	p, err := posts.Publish(r.Context(), v.TenantID, v.User.UserID, before.ID, body.Version)
	if err != nil {
		return postProblem(p, err)
	}
	if err := dropDraft(r.Context(), v, body.DraftID); err != nil {
		return err
	}
	tellPost(r.Context(), v, before, postdo.RefreshSettings)
	if before.PublishedAt == 0 {
		countPost(r.Context(), v, p)
	}
	web.WriteJSON(w, http.StatusOK, p)
	return nil
}

func unpublishPost(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	var body change
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	p, err := post(r, v, true)
	if err == nil {
		p, err = posts.Unpublish(r.Context(), v.TenantID, v.User.UserID, p.ID, body.Version)
	}
	if err == nil {
		tellPost(r.Context(), v, p, postdo.RefreshSettings)
	}
	return answer(w, p, postProblem(p, err))
}

func deletePost(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	p, err := post(r, v, true)
	if err != nil {
		return err
	}
	if err := posts.Delete(r.Context(), v.TenantID, v.User.UserID, p.ID); err != nil {
		return postProblem(nil, err)
	}
	tellPost(r.Context(), v, p, postdo.Destroy)
	drafts, err := call(r.Context(), v, tenant.ListDrafts, struct{}{})
	for _, d := range drafts {
		if err == nil && d.PostID == p.ID {
			_, err = call(r.Context(), v, tenant.DeleteDraft, d.DraftID)
		}
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// dropDraft removes a draft whose text is published now.
func dropDraft(ctx context.Context, v *access.Visit, id string) error {
	if !ids.Valid(id) {
		return nil
	}
	d, err := call(ctx, v, tenant.GetDraft, id)
	if err == nil && d != nil && MayUse(v, d.AuthorID) {
		_, err = call(ctx, v, tenant.DeleteDraft, id)
	}
	return err
}

// countPost tells the site's statistics of a new post. The post does not depend on it.
func countPost(ctx context.Context, v *access.Visit, p *posts.Post) {
	workers.WaitUntil(ctx, func(ctx context.Context) error {
		if _, err := call(ctx, v, tenant.RecordEvent, analytics.Event{Type: analytics.PostCreated, Path: "/posts/" + p.Slug}); err != nil {
			slog.WarnContext(ctx, "new post not counted", "post", p.ID, "error", err)
		}
		return nil
	})
}

func postProblem(current *posts.Post, err error) error {
	var input *posts.InputError
	switch {
	case errors.As(err, &input):
		return web.BadRequest("bad_post", input.Message+".")
	case errors.Is(err, posts.ErrMissing):
		return web.ErrNotFound
	case errors.Is(err, posts.ErrSlugTaken):
		return web.Conflict("slug_taken", "Another post has that address. Choose another.", nil)
	case errors.Is(err, posts.ErrIDTaken):
		return errIDTaken
	case errors.Is(err, posts.ErrConflict):
		return web.Conflict("conflict", "The post was changed elsewhere meanwhile. Choose which one to keep.", map[string]any{"current": current})
	}
	return err
}
