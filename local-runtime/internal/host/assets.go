package host

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"path"
	"strings"

	"grove.place/lattice/internal/abi"
)

// Assets are static files that are served without the Worker, as Cloudflare's Workers static assets are.
// See https://developers.cloudflare.com/workers/static-assets/.
type Assets struct {
	Dir         string   // folder with the files
	Binding     string   // service binding that serves them to the Worker; "" for none
	WorkerFirst []string // paths that the Worker answers first, "/*" for all; a path with "!" before it is excepted
	HTML        string   // html_handling: "auto-trailing-slash" (default), "force-trailing-slash", "drop-trailing-slash" or "none"
	NotFound    string   // not_found_handling: "none" (default, the Worker answers), "404-page" or "single-page-application"
}

// assets answers from a folder. It reads files anew for each request, since this is a development host.
type assets struct {
	Assets
	root fs.FS
}

func newAssets(a Assets) *assets { return &assets{Assets: a, root: os.DirFS(a.Dir)} }

// first reports whether the Worker is asked before the files.
func (a *assets) first(p string) bool {
	chosen := false
	for _, pattern := range a.WorkerFirst {
		rest, except := strings.CutPrefix(pattern, "!")
		if matchPath(rest, p) {
			if except {
				return false
			}
			chosen = true
		}
	}
	return chosen
}

// matchPath reports whether p is the pattern, in which each * stands for any text.
func matchPath(pattern, p string) bool {
	before, after, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == p
	}
	rest, ok := strings.CutPrefix(p, before)
	if !ok {
		return false
	}
	for i := 0; i <= len(rest); i++ {
		if matchPath(after, rest[i:]) {
			return true
		}
	}
	return false
}

// serve answers a request if there is a file for it, or a rule that says what else to answer. It reports whether it did.
func (a *assets) serve(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	p := r.URL.Path
	if p == "" || strings.Contains(p, "\\") || strings.Contains(p, "\x00") {
		return false
	}
	if file, redirect := a.find(p); redirect != "" {
		if r.URL.RawQuery != "" {
			redirect += "?" + r.URL.RawQuery
		}
		w.Header().Set("Location", redirect)
		w.WriteHeader(http.StatusTemporaryRedirect)
		return true
	} else if file != "" {
		return a.send(w, r, file, http.StatusOK)
	}
	switch a.NotFound {
	case "single-page-application":
		return a.send(w, r, "index.html", http.StatusOK)
	case "404-page":
		for dir := strings.Trim(p, "/"); ; dir = path.Dir(dir) {
			if dir == "" {
				dir = "."
			}
			if file := path.Join(dir, "404.html"); a.isFile(file) {
				return a.send(w, r, file, http.StatusNotFound)
			}
			if dir == "." {
				break
			}
		}
		w.WriteHeader(http.StatusNotFound)
		return true
	}
	return false
}

func (a *assets) isFile(name string) bool {
	if !fs.ValidPath(name) || name == "_headers" || name == "_redirects" || name == ".assetsignore" {
		return false
	}
	info, err := fs.Stat(a.root, name)
	return err == nil && info.Mode().IsRegular()
}

// find returns the file for a path, or where the path that is right for it is. Paths that leave the folder are none of its.
func (a *assets) find(p string) (file, redirect string) {
	name := strings.TrimPrefix(p, "/")
	if a.HTML == "none" {
		if a.isFile(name) {
			return name, ""
		}
		return "", ""
	}
	base, slash := strings.CutSuffix(name, "/")
	if name == "" {
		base, slash = "", true
	}
	page, index := base+".html", path.Join(base, "index.html")
	switch {
	case name != "" && !slash && a.isFile(name):
		return a.canonical(name)
	case a.isFile(index):
		if slash == (a.HTML != "drop-trailing-slash") || base == "" {
			return index, ""
		}
		return "", withSlash(base, a.HTML != "drop-trailing-slash")
	case base != "" && a.isFile(page):
		if slash == (a.HTML == "force-trailing-slash") {
			return page, ""
		}
		return "", withSlash(base, a.HTML == "force-trailing-slash")
	}
	return "", ""
}

// canonical sends the path of an HTML file to the one without the ending.
func (a *assets) canonical(name string) (file, redirect string) {
	base, html := strings.CutSuffix(name, ".html")
	if !html {
		return name, ""
	}
	if base == "index" {
		return "", "/"
	}
	if dir, ok := strings.CutSuffix(base, "/index"); ok {
		return "", withSlash(dir, a.HTML != "drop-trailing-slash")
	}
	return "", withSlash(base, a.HTML == "force-trailing-slash")
}

func withSlash(base string, slash bool) string {
	if slash {
		return "/" + base + "/"
	}
	return "/" + base
}

func (a *assets) send(w http.ResponseWriter, r *http.Request, name string, status int) bool {
	body, err := fs.ReadFile(a.root, name)
	if err != nil {
		return false
	}
	sum := sha256.Sum256(body)
	digest := hex.EncodeToString(sum[:16])
	header := w.Header()
	header.Set("ETag", `"`+digest+`"`)
	header.Set("Cache-Control", "public, max-age=0, must-revalidate")
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		header.Set("Content-Type", t)
	}
	if status == http.StatusOK && strings.Contains(r.Header.Get("If-None-Match"), digest) {
		w.WriteHeader(http.StatusNotModified)
		return true
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(body)
	}
	return true
}

// fetch answers a request of the Worker to the binding.
func (a *assets) fetch(q *abi.Request, r reply) {
	req, err := http.NewRequest(q.Method, q.URL, nil)
	if err != nil {
		r.fail(abi.TypeErrorf("Invalid URL: %s", q.URL))
		return
	}
	for _, h := range q.Headers {
		req.Header.Add(h.Name, h.Value)
	}
	rec := &recorded{header: http.Header{}, status: http.StatusNotFound}
	switch {
	case q.Method != http.MethodGet && q.Method != http.MethodHead:
		rec.status = http.StatusMethodNotAllowed
	default:
		a.serve(rec, req)
	}
	body := noContent
	if len(rec.body) > 0 {
		body = content{inline: rec.body}
	}
	r.response(&abi.Response{Status: rec.status, Headers: abi.HeadersOf(rec.header)}, body)
}

// recorded is a response that is kept.
type recorded struct {
	header http.Header
	status int
	body   []byte
}

func (r *recorded) Header() http.Header { return r.header }

func (r *recorded) WriteHeader(status int) { r.status = status }

func (r *recorded) Write(p []byte) (int, error) {
	r.body = append(r.body, p...)
	return len(p), nil
}

// openAssets checks the folder.
func (h *Host) openAssets() error {
	if h.cfg.Assets == nil {
		return nil
	}
	if info, err := os.Stat(h.cfg.Assets.Dir); err != nil || !info.IsDir() {
		return errors.Join(errors.New("assets: there is no folder "+h.cfg.Assets.Dir+": make it, or change assets.directory in wrangler.toml"), err)
	}
	h.assets = newAssets(*h.cfg.Assets)
	return nil
}
