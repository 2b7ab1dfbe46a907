package host

import (
	"net/http"
	"strconv"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/assets"
	"grove.place/lattice/local-runtime/internal/stream"
)

// Assets are static files that are served without the Worker, as Cloudflare's Workers static assets are.
// See https://developers.cloudflare.com/workers/static-assets/.
type Assets struct {
	Dir         string   // folder with the files
	Binding     string   // service binding that serves them to the Worker; "" for none
	WorkerFirst []string // paths that the Worker answers first, "/*" for all; a path with "!" before it is excepted
	HTML        string   // html_handling: "auto-trailing-slash" (default), "force-trailing-slash", "drop-trailing-slash" or "none"
	NotFound    string   // not_found_handling: "none" (default, the Worker answers), "404-page" or "single-page-application"
	// NavigationHasNoEffect leaves what there is no file for to the Worker, also where a browser navigates to it: the compatibility
	// flag assets_navigation_has_no_effect, and what dates before 2025-04-01 mean.
	NavigationHasNoEffect bool
}

// openAssets opens the folder.
func (h *Host) openAssets() error {
	a := h.cfg.Assets
	if a == nil {
		return nil
	}
	var err error
	h.assets, err = assets.Open(assets.Config{
		Dir: a.Dir, WorkerFirst: a.WorkerFirst, HTML: a.HTML, NotFound: a.NotFound, NavigationHasNoEffect: a.NavigationHasNoEffect,
	}, h.cfg.Logger)
	return err
}

// isAssets reports whether a service binding is that of the assets.
func (h *Host) isAssets(binding string) bool {
	return h.assets != nil && h.cfg.Assets.Binding == binding
}

// assetsRequest is a request as the folder takes it.
func assetsRequest(q *abi.Request) (*http.Request, error) {
	req, err := http.NewRequest(q.Method, q.URL, nil)
	if err != nil {
		return nil, abi.TypeErrorf("Invalid URL: %s", q.URL)
	}
	for _, f := range q.Headers {
		req.Header.Add(f.Name, f.Value)
	}
	return req, nil
}

// assetsFirst reports whether the folder answers a request that another Worker sends, rather than this one.
func (h *Host) assetsFirst(q *abi.Request) bool {
	req, err := assetsRequest(q)
	return err == nil && h.assets.Handles(req)
}

// fetchAssets answers a request of a Worker with the folder.
func (h *Host) fetchAssets(q *abi.Request, r reply) {
	req, err := assetsRequest(q)
	if err != nil {
		r.fail(asError(err))
		return
	}
	rec := &recorded{header: http.Header{}, status: http.StatusOK}
	h.assets.ServeHTTP(rec, req)
	body := noContent
	switch {
	case len(rec.body) > abi.InlineBody:
		body = content{source: stream.Bytes(rec.body), length: int64(len(rec.body))}
	case len(rec.body) > 0:
		body = content{inline: rec.body}
	}
	if rec.header["Content-Type"] == nil {
		delete(rec.header, "Content-Type")
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
	if r.body == nil {
		n, _ := strconv.Atoi(r.header.Get("Content-Length"))
		r.body = make([]byte, 0, n)
	}
	r.body = append(r.body, p...)
	return len(p), nil
}
