// Package sockets opens the WebSockets that pages of Grove have in objects, and has them closed when the session that they belong to ends.
//
// The one idea: whose a socket is was found out by the Worker when it opened, and the object learns it from headers that only the Worker sets. The user's SessionDO
// knows where its sessions have sockets and tells those objects when one ends. Start with Open; a class of objects with sockets is entered in classes.
package sockets

import (
	"context"
	"errors"
	"net/http"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/notification"
	"grove.place/lattice/durables/post"
	"grove.place/lattice/durables/session"
	"grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers/grove/web"
	"grove.place/lattice/workers/heartwood"
	"grove.place/lattice/workers/websocket"
)

// Headers in which objects are told whose a socket is. The classes have the same in their packages.
const (
	HeaderUser    = "Grove-User"
	HeaderSession = "Grove-Session"
)

var (
	tenants       = tenant.Class.Namespace("TENANTS")
	posts         = post.Class.Namespace("POSTS")
	notifications = notification.Class.Namespace("NOTIFICATIONS")
)

// classes are the classes whose objects have sockets.
var classes = map[string]session.Closer{
	"TenantDO":       closer(tenants, tenant.CloseSession),
	"PostDO":         closer(posts, post.CloseSession),
	"NotificationDO": closer(notifications, notification.CloseSession),
}

func init() {
	for class, close := range classes {
		session.OnEnd(class, close)
	}
}

func closer[T any](n *durables.Namespace[T], close *durables.MethodOf[T, string, int]) session.Closer {
	return func(ctx context.Context, object, session string) error {
		_, err := close.Call(ctx, n.GetByName(object), session)
		return err
	}
}

// Place is an object that accepts a socket.
type Place struct {
	Class string // one of classes
	Name  string // of the object
	// Fetch sends the request to it.
	Fetch func(ctx context.Context, r *http.Request) (*http.Response, error)
	// What it is to the user, for errors: "The live dashboard".
	What string
}

// Open answers a request for a WebSocket with one to an object. The request must come from a page of its own host. user is whose the socket is, nil for nobody's; the
// session is checked once more after the object has the socket, so that it ends with the session whenever that ends. The error is a problem to answer with.
func Open(w http.ResponseWriter, r *http.Request, user *heartwood.Visitor, at Place) error {
	if !heartwood.SameOrigin(r) {
		return web.ErrForbidden
	}
	if !websocket.Requested(r) {
		w.Header().Set("Upgrade", "websocket")
		return &web.Problem{Status: http.StatusUpgradeRequired, Code: "upgrade_required", Title: "This is no page", Message: "Open it as a WebSocket."}
	}
	up, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "https://object/socket", nil)
	if err != nil {
		return err
	}
	up.Header = http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}}
	if user != nil {
		up.Header.Set(HeaderUser, user.UserID)
		up.Header.Set(HeaderSession, user.Session())
	}
	for _, name := range []string{"Sec-Websocket-Key", "Sec-Websocket-Version"} {
		if value := r.Header.Get(name); value != "" {
			up.Header.Set(name, value)
		}
	}
	resp, err := at.Fetch(r.Context(), up)
	if err != nil {
		return web.Unavailable(at.What, err)
	}
	conn, ok := websocket.FromResponse(resp)
	if !ok {
		return refused(at, resp)
	}
	if err := register(r.Context(), user, at); err != nil {
		drop(r.Context(), conn)
		return err
	}
	return websocket.Respond(w, conn)
}

// register has the user's object know of the socket.
func register(ctx context.Context, user *heartwood.Visitor, at Place) error {
	if user == nil {
		return nil
	}
	alive, err := session.RegisterSocket.Call(ctx, session.Of(user.UserID), session.Socket{Session: user.Session(), Class: at.Class, Object: at.Name})
	switch {
	case err != nil:
		return web.Unavailable("Your account", err)
	case !alive:
		return heartwood.ErrSignedOut
	}
	return nil
}

// drop closes a socket that the client never gets.
func drop(ctx context.Context, conn *websocket.Conn) {
	if conn.Accept(ctx) == nil {
		_ = conn.Close(ctx, 1011, "try again")
	}
}

// refused says why an object did not take the socket.
func refused(at Place, resp *http.Response) error {
	resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusNotFound:
		return web.ErrNotFound
	case http.StatusForbidden:
		return web.ErrForbidden
	case http.StatusTooManyRequests:
		return &web.Problem{Status: http.StatusTooManyRequests, Code: "too_many_sockets", Title: "Too many are open", Message: "Close some of the pages that you have open here.", Retry: time.Minute}
	}
	return web.Unavailable(at.What, errors.New("the object answered "+resp.Status))
}
