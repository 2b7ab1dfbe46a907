// Package assets answers requests from a folder of static files, by the rules of Workers static assets: which path a page has
// (html_handling), what is answered where nothing is (not_found_handling), which requests the Worker gets first (run_worker_first), and what the
// files _headers, _redirects and .assetsignore say.
//
// The one idea: a request is decided (decide) before anything is read, so that the front door can ask whether the folder has an answer, and the
// Worker's binding can ask for the answer itself. Start with Site.
//
// See https://developers.cloudflare.com/workers/static-assets/.
package assets

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
)

// Config says where the files are, and how they are served.
type Config struct {
	Dir         string   // folder with the files
	WorkerFirst []string // paths that the Worker answers first, "/*" for all; a path with "!" before it is excepted
	HTML        string   // html_handling: "auto-trailing-slash" (default), "force-trailing-slash", "drop-trailing-slash" or "none"
	NotFound    string   // not_found_handling: "none" (default, the Worker answers), "404-page" or "single-page-application"
	// NavigationHasNoEffect leaves what there is no file for to the Worker, also where a browser navigates to it: the compatibility
	// flag assets_navigation_has_no_effect, and what dates before 2025-04-01 mean.
	NavigationHasNoEffect bool
}

// Site is a folder of files that is served. It reads them anew for each request: this is for development.
type Site struct {
	Config
	files files
	log   *slog.Logger

	mu    sync.Mutex
	rules rules
	etags map[string]etag
}

// The values of html_handling and not_found_handling.
var (
	htmlHandlings = []string{"", "auto-trailing-slash", "force-trailing-slash", "drop-trailing-slash", "none"}
	notFounds     = []string{"", "none", "404-page", "single-page-application"}
)

// Open checks the configuration and the folder, and reads its rules, about whose mistakes it tells the log.
func Open(c Config, log *slog.Logger) (*Site, error) {
	if info, err := os.Stat(c.Dir); err != nil || !info.IsDir() {
		return nil, errors.Join(fmt.Errorf("assets: there is no folder %s: make it, or change assets.directory in wrangler.toml", c.Dir), err)
	}
	if !slices.Contains(htmlHandlings, c.HTML) {
		return nil, fmt.Errorf("assets: html_handling is %q: use one of %s", c.HTML, strings.Join(htmlHandlings[1:], ", "))
	}
	if !slices.Contains(notFounds, c.NotFound) {
		return nil, fmt.Errorf("assets: not_found_handling is %q: use one of %s", c.NotFound, strings.Join(notFounds[1:], ", "))
	}
	if err := checkRoutes(c.WorkerFirst); err != nil {
		return nil, err
	}
	s := &Site{Config: c, files: files{root: os.DirFS(c.Dir)}, log: log, etags: map[string]etag{}}
	s.reload()
	return s, nil
}

// Handles reports whether the folder answers a request that comes from outside, rather than the Worker.
func (s *Site) Handles(r *http.Request) bool {
	path := pathOf(r)
	switch routed(s.WorkerFirst, path) {
	case toAssets:
		return true
	case toWorker:
		return false
	}
	notFound := s.NotFound
	if len(s.WorkerFirst) == 0 && (s.NavigationHasNoEffect || r.Header.Get("Sec-Fetch-Mode") != "navigate") {
		notFound = "none"
	}
	return s.decide(r, path, notFound).kind != nothing
}

// ServeHTTP answers a request, with 404 where there is no file and no rule.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := pathOf(r)
	d := s.decide(r, path, s.NotFound)
	switch d.kind {
	case redirected:
		w.Header().Set("Location", d.location)
	case served:
		s.send(w, r, path, d)
		return
	}
	s.currentRules().headers.apply(w.Header(), r.Host, path)
	w.WriteHeader(d.status)
}

// decision is what becomes of a request.
type decision struct {
	kind     kind
	status   int
	location string // of redirected
	file     string // of served
}

type kind int

const (
	nothing    kind = iota // there is neither file nor rule
	refused                // with status and no body
	redirected             // to location
	served                 // with file
)

// decide finds out what answers a request for a path, as URLs have it.
func (s *Site) decide(r *http.Request, path, notFound string) decision {
	missing := decision{nothing, http.StatusNotFound, "", ""}
	if rule, to := s.currentRules().redirects.match(r.Host, path); rule != nil {
		if rule.status != http.StatusOK {
			return decision{redirected, rule.status, location(to, r), ""}
		}
		path = resolve(to, r).path
		missing.kind = refused
	}
	decoded := decodePath(path)
	p := pages{&s.files, s.HTML, notFound}
	at := p.find(decoded, false)
	switch {
	case at.file == "" && at.redirect == "":
		return missing
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return decision{refused, http.StatusMethodNotAllowed, "", ""}
	case at.redirect != "":
		return decision{redirected, http.StatusTemporaryRedirect, encodePath(at.redirect) + search(r), ""}
	case encodePath(decoded) != path:
		return decision{redirected, http.StatusTemporaryRedirect, encodePath(decoded) + search(r), ""}
	}
	return decision{served, at.status, "", at.file}
}
