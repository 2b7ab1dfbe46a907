package meadow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/notification"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/grove/sockets"
	"grove.place/lattice/workers/grove/web"
	"grove.place/lattice/workers/heartwood"
)

const yours = "Your notifications" // what cannot be reached

func getNotifications(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	n, err := limit(r, notification.MaxPage)
	if err != nil {
		return err
	}
	page, err := readNotifications(r, v, n)
	if err != nil {
		return err
	}
	told, err := telling(r.Context(), page.Notifications)
	if err != nil {
		return web.Unavailable(yours, err)
	}
	web.WriteJSON(w, http.StatusOK, struct {
		Notifications []toldNotification `json:"notifications"`
		UnreadCount   int64              `json:"unreadCount"`
		NextCursor    string             `json:"nextCursor,omitempty"`
	}{told, page.UnreadCount, page.NextCursor})
	return nil
}

// readNotifications reads the page that the request asks for.
func readNotifications(r *http.Request, v *heartwood.Visitor, n int) (notification.Page, error) {
	query := r.URL.Query()
	q := notification.Query{Limit: n, Cursor: query.Get("cursor")}
	switch query.Get("unread") {
	case "", "0":
	case "1":
		q.UnreadOnly = true
	default:
		return notification.Page{}, web.BadRequest("bad_unread", "unread is 1, or left out.")
	}
	page, err := call(r.Context(), yours, notification.Of(v.UserID), notification.GetNotifications, q)
	if err == nil && page.Problem != "" {
		err = errCursor
	}
	return page, err
}

func getUnread(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	n, err := call(r.Context(), yours, notification.Of(v.UserID), notification.GetUnreadCount, durables.None{})
	if err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, map[string]int64{"unread": n})
	return nil
}

// postRead marks notifications as read.
func postRead(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	var body struct {
		IDs json.RawMessage `json:"ids"`
	}
	if err := web.ReadJSON(r, &body); err != nil {
		return err
	}
	s := notification.Selection{All: bytes.Equal(body.IDs, []byte(`"all"`))}
	if !s.All && (json.Unmarshal(body.IDs, &s.IDs) != nil || s.IDs == nil) {
		return web.BadRequest("bad_ids", `ids is a list of ids, or "all".`)
	}
	n, err := markRead(r, v, s)
	if err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, map[string]int64{"unread": n})
	return nil
}

func markRead(r *http.Request, v *heartwood.Visitor, s notification.Selection) (int64, error) {
	if len(s.IDs) > notification.MaxGroups {
		return 0, web.BadRequest("bad_ids", fmt.Sprintf("Send at most %d ids.", notification.MaxGroups))
	}
	for _, id := range s.IDs {
		if !ids.Valid(id) {
			return 0, web.BadRequest("bad_ids", "An id is one that the list of notifications gave.")
		}
	}
	return call(r.Context(), yours, notification.Of(v.UserID), notification.MarkRead, s)
}

// openBell passes a WebSocket on to the visitor's notifications. Whose it is, is the session's to say.
func openBell(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	return sockets.Open(w, r, v, sockets.Place{Class: "NotificationDO", Name: "notifications:" + v.UserID, Fetch: notification.Of(v.UserID).Fetch, What: yours})
}
