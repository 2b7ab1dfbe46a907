package admin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"grove.place/lattice/workers/grove/access"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/grove/web"
	"grove.place/lattice/workers/r2"
)

// maxMedia is the size in bytes of the largest image.
const maxMedia = 10 << 20

var bucket = r2.Bucket("MEDIA")

// images are the kinds of files that a site takes, by what their first bytes say: pixels only, nothing that can carry a script.
var images = map[string]string{"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp"}

// Medium is an image of a site.
type Medium struct {
	ID         string `json:"id"`
	URL        string `json:"url"`
	Size       int64  `json:"size"` // bytes
	Mime       string `json:"mime"`
	Alt        string `json:"alt"`
	UploaderID string `json:"uploaderId"`
	Uploader   string `json:"uploader,omitempty"` // their name in lists, "" when they have none
	CreatedAt  int64  `json:"createdAt"`          // ms
}

// ImagePage is a part of a site's images, the latest first. Next is the cursor of the following part, "" at the end.
type ImagePage struct {
	Images []Medium `json:"media"`
	Next   string   `json:"nextCursor"`
	Used   int64    `json:"used"` // bytes that all images of the site take
}

// objectKey is where the bucket has a site's file. A site's address leads to keys of that site alone.
func objectKey(tenantID, name string) string { return tenantID + "/" + name }

func listMedia(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	page, err := Images(r.Context(), v.TenantID, r.URL.Query().Get("cursor"), 100)
	return answer(w, page, err)
}

// Images lists up to n of a site's images, from the cursor on.
func Images(ctx context.Context, tenantID, cursor string, n int) (ImagePage, error) {
	page := ImagePage{Images: []Medium{}}
	before, id := position(cursor)
	results, err := db.Batch(ctx,
		db.Prepare(`SELECT m.id, '/media/' || substr(m.r2_key, length(m.tenant_id) + 2) AS url, m.size, m.mime, m.alt, m.uploaded_by AS uploaderId, coalesce(u.name, '') AS uploader,
			m.created_at AS createdAt FROM media m LEFT JOIN users u ON u.id = m.uploaded_by WHERE m.tenant_id = ? AND (m.created_at, m.id) < (?, ?)
			ORDER BY m.created_at DESC, m.id DESC LIMIT ?`).Bind(tenantID, before, id, n+1),
		db.Prepare(`SELECT storage_used FROM tenants WHERE id = ?`).Bind(tenantID))
	if err != nil {
		return page, web.Unavailable("The list of images", err)
	}
	var used []int64
	if err := errors.Join(results[0].Scan(&page.Images), results[1].Scan(&used)); err != nil {
		return page, err
	}
	if len(used) > 0 {
		page.Used = used[0]
	}
	if len(page.Images) > n {
		page.Images = page.Images[:n]
		page.Next = cursorAfter(page.Images[n-1].CreatedAt, page.Images[n-1].ID)
	}
	return page, nil
}

// uploadMedia stores the image that is the request's body. ?alt= describes it. The room that it takes is claimed before it is stored, so that uploads at the same
// time cannot take more together than the site has.
func uploadMedia(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	ctx := r.Context()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	mime := http.DetectContentType(body)
	extension := images[mime]
	alt := r.URL.Query().Get("alt")
	switch {
	case extension == "":
		return &web.Problem{Status: http.StatusUnsupportedMediaType, Code: "no_image", Title: "This is no image that we show", Message: "Send a PNG, JPEG, GIF or WebP image."}
	case len(alt) > 500:
		return web.BadRequest("bad_alt", "Describe the image in at most 500 bytes.")
	}
	now := time.Now()
	m := Medium{ID: ids.New(now), Size: int64(len(body)), Mime: mime, Alt: strings.ToValidUTF8(alt, ""), UploaderID: v.User.UserID, CreatedAt: now.UnixMilli()}
	name := m.ID + extension
	m.URL = "/media/" + name
	claimed, err := claim(ctx, v, m.Size)
	if err != nil {
		return err
	}
	if !claimed {
		return &web.Problem{Status: http.StatusForbidden, Code: "quota", Title: "Your site is full", Message: "Delete images first, or change the plan."}
	}
	sum := sha256.Sum256(body)
	_, err = bucket.Put(ctx, objectKey(v.TenantID, name), bytes.NewReader(body), &r2.PutOptions{SHA256: sum[:],
		HTTPMetadata: r2.HTTPMetadata{ContentType: mime, CacheControl: "public, max-age=31536000, immutable"}})
	if err == nil {
		_, err = db.Prepare(`INSERT INTO media (id, tenant_id, uploaded_by, r2_key, size, mime, sha256, alt, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`).
			Bind(m.ID, v.TenantID, v.User.UserID, objectKey(v.TenantID, name), m.Size, mime, hex.EncodeToString(sum[:]), m.Alt, now).Run(ctx)
	}
	if err != nil {
		release(ctx, v, m.Size)
		return web.Unavailable("The image store", err)
	}
	web.WriteJSON(w, http.StatusCreated, m)
	return nil
}

// claim takes room for an image if the site has it.
func claim(ctx context.Context, v *access.Visit, size int64) (bool, error) {
	done, err := db.Prepare(`UPDATE tenants SET storage_used = storage_used + ?2 WHERE id = ?1 AND storage_used + ?2 <= ?3`).Bind(v.TenantID, size, v.Config.Limits.Storage).Run(ctx)
	return err == nil && done.Meta.Changes > 0, err
}

func release(ctx context.Context, v *access.Visit, size int64) {
	if _, err := db.Prepare(`UPDATE tenants SET storage_used = max(0, storage_used - ?2) WHERE id = ?1`).Bind(v.TenantID, size).Run(ctx); err != nil {
		slog.ErrorContext(ctx, "room of an image not given back", "tenant", v.TenantID, "bytes", size, "error", err)
	}
}

func deleteMedia(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	ctx := r.Context()
	var m struct {
		Key      string `json:"r2_key"`
		Size     int64  `json:"size"`
		Uploader string `json:"uploaded_by"`
	}
	found, err := db.Prepare(`SELECT r2_key, size, uploaded_by FROM media WHERE tenant_id = ? AND id = ?`).Bind(v.TenantID, r.PathValue("id")).First(ctx, &m)
	switch {
	case err != nil:
		return err
	case !found:
		return web.ErrNotFound
	case !MayUse(v, m.Uploader):
		return web.ErrForbidden
	}
	// The file first: a row without a file can be deleted again, a file without a row is lost room.
	if err := bucket.Delete(ctx, m.Key); err != nil {
		return web.Unavailable("The image store", err)
	}
	done, err := db.Prepare(`DELETE FROM media WHERE tenant_id = ? AND id = ?`).Bind(v.TenantID, r.PathValue("id")).Run(ctx)
	if err != nil {
		return err
	}
	if done.Meta.Changes > 0 {
		release(ctx, v, m.Size)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// Media serves a site's image, GET /media/{name}. Whatever a browser takes it for, nothing in it runs.
func Media(w http.ResponseWriter, r *http.Request) {
	v := access.From(r)
	id, _, dotted := strings.Cut(r.PathValue("name"), ".")
	if !dotted || !ids.Valid(id) {
		web.Fail(w, r, web.ErrNotFound)
		return
	}
	object, err := bucket.Get(r.Context(), objectKey(v.TenantID, r.PathValue("name")), nil)
	if err != nil {
		web.Fail(w, r, web.Unavailable("The image", err))
		return
	}
	if object == nil {
		web.Fail(w, r, web.ErrNotFound)
		return
	}
	if object.Body != nil {
		defer object.Body.Close()
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	object.HTTPMetadata.WriteTo(h)
	h.Set("ETag", object.HTTPETag)
	if r.Header.Get("If-None-Match") == object.HTTPETag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if _, err := io.Copy(w, object.Body); err != nil {
		slog.WarnContext(r.Context(), "image not sent to its end", "error", err)
	}
}
