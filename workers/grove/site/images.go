package site

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"grove.place/lattice/workers/grove/access"
	"grove.place/lattice/workers/grove/admin"
	"grove.place/lattice/workers/grove/markup"
)

// imageList shows the site's images and how much room they take. Authors can delete their own, editors all.
func imageList(r *http.Request, v *access.Visit) (string, markup.Data, error) {
	page, err := admin.Images(r.Context(), v.TenantID, r.URL.Query().Get("cursor"), 30)
	list, next := []markup.Data{}, ""
	for _, m := range page.Images {
		list = append(list, markup.Data{"id": m.ID, "url": m.URL, "alt": described(m.Alt), "size": size(m.Size), "uploader": somebody(m.Uploader),
			"when": iso(m.CreatedAt), "day": date(m.CreatedAt), "mine": admin.MayUse(v, m.UploaderID)})
	}
	if page.Next != "" {
		next = "/admin/images?cursor=" + url.QueryEscape(page.Next)
	}
	quota := v.Config.Limits.Storage
	return "admin-images", markup.Data{"title": "Images", "module": "gallery.mjs", "images": list, "next": next, "used": strconv.FormatInt(min(page.Used, quota), 10),
		"quota": strconv.FormatInt(quota, 10), "usedText": size(page.Used), "quotaText": size(quota)}, err
}

func described(alt string) string {
	if alt == "" {
		return "An image without a description"
	}
	return alt
}

// size writes a number of bytes as people read it.
func size(bytes int64) string {
	switch {
	case bytes < 1<<10:
		return strconv.FormatInt(bytes, 10) + " bytes"
	case bytes < 1<<20:
		return strconv.FormatInt(bytes>>10, 10) + " KB"
	case bytes < 1<<30:
		return fmt.Sprintf("%.1f MB", float64(bytes)/(1<<20))
	}
	return fmt.Sprintf("%.1f GB", float64(bytes)/(1<<30))
}
