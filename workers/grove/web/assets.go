package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
)

//go:embed assets
var assetFiles embed.FS

var assetTypes = map[string]string{"css": "text/css; charset=utf-8", "mjs": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}

// Asset serves a stylesheet or script of the pages. Browsers may keep it for five minutes and then ask again.
func Asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	body, err := assetFiles.ReadFile("assets/" + name)
	_, extension, _ := strings.Cut(name, ".")
	if err != nil || assetTypes[extension] == "" {
		RenderProblem(w, r, http.StatusNotFound, "There is nothing here", "Look at the address once more, or go to the home page.")
		return
	}
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	w.Header().Set("Content-Type", assetTypes[extension])
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body)
}
