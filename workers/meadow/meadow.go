// Package meadow is the social part of Grove, on the apex host: feeds, who follows and blocks whom, notifications, and the sites that somebody works on or starts.
//
// The one idea: whose feed, list or notification it is, is the session's to say and never the request's. Each signed-in visitor talks to their own FeedDO and
// NotificationDO; what others did reaches these through the queue that FanOut consumes, and through the objects that tell of it. Start with the tables of routes,
// then fanout.go.
package meadow

import (
	"context"
	"net/http"
	"strconv"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/grove/web"
	"grove.place/lattice/workers/heartwood"
)

var db = d1.Database("DB")

const maxBody = 64 << 10 // of JSON and forms: a thousand ids

// handler answers a request. v is nil only on a public page that nobody looks at who is signed in.
type handler func(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error

// private are the routes for those who are signed in. What changes something must come from a page of this host, with its CSRF token.
var private = map[string]handler{
	"GET /api/feed": getFeed,

	"GET /api/following":             listFollowing,
	"PUT /api/following/{userId}":    putFollowing,
	"DELETE /api/following/{userId}": deleteFollowing,

	"GET /api/blocks":             listBlocks,
	"GET /api/blocks/{userId}":    getBlock,
	"PUT /api/blocks/{userId}":    putBlock,
	"DELETE /api/blocks/{userId}": deleteBlock,

	"GET /api/notifications":        getNotifications,
	"GET /api/notifications/unread": getUnread,
	"POST /api/notifications/read":  postRead,
	"GET /api/notifications/ws":     openBell,

	"GET /api/sites":  listSites,
	"POST /api/sites": postSite,

	// Pages, and the forms on them.
	"GET /sites/new":                 startPage,
	"POST /sites/new":                startForm,
	"GET /following":                 followingPage,
	"GET /notifications":             notificationsPage,
	"POST /notifications/read":       readForm,
	"POST /people/{userId}/{action}": personForm,
}

// public are the pages that anybody may see.
var public = map[string]handler{
	"GET /{$}":             home,
	"GET /people/{userId}": personPage,
}

// Routes adds Meadow to the mux of the apex host.
func Routes(mux *http.ServeMux) {
	for pattern, h := range private {
		mux.Handle(pattern, door{h, true})
	}
	for pattern, h := range public {
		mux.Handle(pattern, door{h, false})
	}
}

// Patterns returns the patterns of the routes for those who are signed in.
func Patterns() []string {
	var list []string
	for pattern := range private {
		list = append(list, pattern)
	}
	return list
}

// door lets those in who may come.
type door struct {
	handle  handler
	private bool
}

func (d door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Vary", "Cookie")
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	v, err := d.visitor(w, r)
	if err == nil {
		err = d.handle(w, r, v)
	}
	if err != nil {
		web.Fail(w, r, err)
	}
}

func (d door) visitor(w http.ResponseWriter, r *http.Request) (*heartwood.Visitor, error) {
	switch {
	case !d.private:
		return anybody(w, r), nil
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		return heartwood.Require(w, r)
	default:
		return heartwood.RequireIntent(w, r)
	}
}

// call calls an object of the visitor's. A value that it refuses was the visitor's.
func call[T, P, R any](ctx context.Context, what string, stub *durables.Stub[T], m *durables.MethodOf[T, P, R], p P) (R, error) {
	result, err := m.Call(ctx, stub, p)
	return result, web.Told(what, err)
}

// userID is the person whom the path names.
func userID(r *http.Request) (string, error) {
	if id := r.PathValue("userId"); ids.Valid(id) {
		return id, nil
	}
	return "", errNobody
}

var errNobody = &web.Problem{Status: http.StatusNotFound, Code: "no_such_person", Title: "There is nobody here", Message: "Nobody has that address, or they have left."}

// limit is the number of entries that a request asks for.
func limit(r *http.Request, most int) (int, error) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return 20, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, web.BadRequest("bad_limit", "limit is a number from 1 to "+strconv.Itoa(most)+".")
	}
	return n, nil
}

var errCursor = web.BadRequest("bad_cursor", "Use the nextCursor that the page before gave, with the same sort, or none.")

// idCursor is a cursor that is an id: the last of the page before.
func idCursor(r *http.Request) (string, error) {
	cursor := r.URL.Query().Get("cursor")
	if cursor != "" && !ids.Valid(cursor) {
		return "", errCursor
	}
	return cursor, nil
}

func siteURL(ctx context.Context, subdomain, path string) string {
	return web.SiteOrigin(ctx, subdomain) + path
}
