package admin

import (
	"net/http"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers/grove/access"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/grove/web"
)

// MayUse reports whether the visitor may see and change what somebody wrote: their own, or everybody's for editors.
func MayUse(v *access.Visit, authorID string) bool {
	return authorID == v.User.UserID || v.Can("editor")
}

func listDrafts(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	all, err := call(r.Context(), v, tenant.ListDrafts, durables.None{})
	mine := []tenant.Draft{}
	for _, d := range all {
		if MayUse(v, d.AuthorID) {
			mine = append(mine, d)
		}
	}
	return answer(w, map[string]any{"drafts": mine}, err)
}

// draft returns the draft that the request names, nil if there is none. Somebody else's is a problem.
func draft(r *http.Request, v *access.Visit) (*tenant.Draft, error) {
	id := r.PathValue("id")
	if !ids.Valid(id) {
		return nil, web.ErrNotFound
	}
	d, err := call(r.Context(), v, tenant.GetDraft, id)
	if err == nil && d != nil && !MayUse(v, d.AuthorID) {
		return nil, web.ErrForbidden
	}
	return d, err
}

func getDraft(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	d, err := draft(r, v)
	if err == nil && d == nil {
		err = web.ErrNotFound
	}
	return answer(w, d, err)
}

// putDraft saves a draft. When it was saved elsewhere meanwhile the answer is 409 with both copies, and whoever asks has to choose.
func putDraft(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	var body struct {
		PostID       string               `json:"postId"`
		Slug         string               `json:"slug"`
		Content      string               `json:"content"`
		Metadata     tenant.DraftMetadata `json:"metadata"`
		BaseRevision int64                `json:"baseRevision"`
		DeviceID     string               `json:"deviceId"`
	}
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	before, err := draft(r, v)
	if err != nil {
		return err
	}
	if body.Metadata.Tags == nil {
		body.Metadata.Tags = []string{}
	}
	save := tenant.DraftSave{DraftID: r.PathValue("id"), PostID: body.PostID, Slug: body.Slug, Content: body.Content, Metadata: body.Metadata,
		BaseRevision: body.BaseRevision, DeviceID: body.DeviceID, AuthorID: v.User.UserID}
	if before != nil {
		save.AuthorID = before.AuthorID // an editor's hand in it does not take a draft away from its author
	}
	done, err := call(r.Context(), v, tenant.SaveDraft, save)
	switch {
	case err != nil:
		return err
	case done.Problem == "quota":
		return &web.Problem{Status: http.StatusForbidden, Code: "quota", Title: "There are many drafts already", Message: "Publish or delete a draft first."}
	case done.Problem != "":
		return web.ErrTooLarge
	case done.Conflict:
		extra := map[string]any{"current": done.Current, "yours": body, "deleted": done.Deleted}
		return web.Conflict("conflict", "This draft was saved elsewhere meanwhile. Choose which one to keep.", extra)
	}
	web.WriteJSON(w, http.StatusOK, done.Current)
	return nil
}

func deleteDraft(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	d, err := draft(r, v)
	if err != nil {
		return err
	}
	if d == nil {
		return web.ErrNotFound
	}
	if _, err := call(r.Context(), v, tenant.DeleteDraft, d.DraftID); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
