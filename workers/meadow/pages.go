package meadow

import (
	"context"
	"embed"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/feed"
	"grove.place/lattice/durables/notification"
	"grove.place/lattice/workers/grove/markup"
	"grove.place/lattice/workers/grove/web"
	"grove.place/lattice/workers/heartwood"
)

//go:embed pages/*.html
var pageFiles embed.FS

func init() {
	web.AddPages(pageFiles, "pages", "home", "person", "following", "notifications", "start")
}

// anybody is who looks at a public page. When that cannot be said they are nobody.
func anybody(w http.ResponseWriter, r *http.Request) *heartwood.Visitor {
	v, err := heartwood.Authenticate(w, r)
	if err != nil {
		slog.WarnContext(r.Context(), "page shown as for nobody", "error", err)
		return nil
	}
	return v
}

// show answers with a page in the frame of its visitor. How many notifications are unread is in it, unless that cannot be said.
func show(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor, status int, page string, data markup.Data) error {
	if v != nil {
		if err := v.Show(r.Context(), data); err != nil {
			return err
		}
		unread, err := notification.GetUnreadCount.Call(r.Context(), notification.Of(v.UserID), durables.None{})
		switch {
		case err != nil:
			slog.WarnContext(r.Context(), "unread notifications not counted", "error", err)
		case unread > 0:
			data["unread"] = strconv.FormatInt(unread, 10)
		}
	}
	web.Render(w, r, status, page, data)
	return nil
}

// home is the feed of those who are signed in, and says to others what Grove is.
func home(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	if v == nil {
		return show(w, r, nil, http.StatusOK, "home", markup.Data{"title": "Grove"})
	}
	data := markup.Data{"title": "Grove", "posts": []markup.Data{}, "next": "", "stale": false, "failed": false, "people": []markup.Data{},
		"relevance": r.URL.Query().Get("sort") == feed.Relevance, "first": r.URL.Query().Get("cursor") == "", "empty": false, "suggest": false}
	addSites(r.Context(), data, yourSites(r.Context(), v), r.URL.Query().Get("started"))
	page, err := readFeed(r, v, 20)
	if err != nil {
		return failedHome(w, r, v, data, err)
	}
	posts := []markup.Data{}
	for _, p := range page.Items {
		posts = append(posts, postData(r.Context(), p))
	}
	data["posts"], data["stale"] = posts, page.Stale
	if page.NextCursor != "" {
		next := url.Values{"cursor": {page.NextCursor}}
		if data["relevance"] == true {
			next.Set("sort", feed.Relevance)
		}
		data["next"] = "/?" + next.Encode()
	}
	if len(posts) == 0 && page.NextCursor == "" {
		data["empty"] = true
		people := writers(r.Context(), v)
		data["people"], data["suggest"] = people, len(people) > 0
	}
	return show(w, r, v, http.StatusOK, "home", data)
}

// failedHome shows the home page without a feed: the way to everything else must not depend on it.
func failedHome(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor, data markup.Data, err error) error {
	if _, bad := err.(*web.Problem); bad { // the visitor's own: an old cursor, an unknown order
		return err
	}
	slog.ErrorContext(r.Context(), "feed not shown", "error", err)
	data["failed"] = true
	w.Header().Set("Retry-After", "5")
	return show(w, r, v, http.StatusServiceUnavailable, "home", data)
}

func postData(ctx context.Context, p feed.Item) markup.Data {
	data := markup.Data{
		"link": postURL(ctx, p.Post), "heading": p.Preview.Title, "excerpt": p.Preview.Excerpt, "date": date(p.CreatedAt), "dateAt": iso(p.CreatedAt),
		"author": p.Preview.AuthorName, "authorLink": "/people/" + p.AuthorID, "siteName": p.Preview.SiteName, "siteLink": siteURL(ctx, p.Preview.Subdomain, "/"),
		"comments": "", "reactions": "",
	}
	if p.Comments != nil && *p.Comments > 0 {
		data["comments"] = count(*p.Comments, "comment")
	}
	if p.Reactions != nil {
		total := int64(0)
		for _, n := range *p.Reactions {
			total += n
		}
		if total > 0 {
			data["reactions"] = count(total, "reaction")
		}
	}
	return data
}

func count(n int64, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.FormatInt(n, 10) + " " + what
}

// writers are people to follow, for somebody who follows nobody yet: who has written lately.
func writers(ctx context.Context, v *heartwood.Visitor) []markup.Data {
	var found []person
	err := db.Prepare(`SELECT u.id, u.name, max(p.at) AS since FROM (SELECT author_id, tenant_id, published_at AS at FROM posts WHERE status = 'published' ORDER BY id DESC LIMIT 200) p
		JOIN users u ON u.id = p.author_id AND u.status = 'active' JOIN tenants t ON t.id = p.tenant_id AND t.status = 'active'
		WHERE u.id <> ?1 AND u.id NOT IN (SELECT followee_id FROM follows WHERE follower_id = ?1)
		AND NOT EXISTS (SELECT 1 FROM user_blocks b WHERE b.user_id = ?1 AND b.blocked_id = u.id OR b.user_id = u.id AND b.blocked_id = ?1)
		GROUP BY u.id ORDER BY since DESC LIMIT 10`).Bind(v.UserID).All(ctx, &found)
	if err != nil {
		slog.WarnContext(ctx, "writers not found", "error", err)
	}
	return peopleData(found)
}

func peopleData(list []person) []markup.Data {
	shown := []markup.Data{}
	for _, p := range list {
		shown = append(shown, markup.Data{"id": p.ID, "person": p.Name, "link": "/people/" + p.ID, "muted": p.Kind == mute, "since": date(p.Since)})
	}
	return shown
}

// followingPage lists whom the visitor follows and blocks.
func followingPage(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	of, title := followed, "Whom you follow"
	blocks := r.URL.Query().Get("list") == "blocks"
	if blocks {
		of, title = blocked, "Whom you block or mute"
	}
	people, cursor, err := of(r, v)
	if err != nil {
		return err
	}
	next := ""
	if cursor != "" {
		next = "/following?cursor=" + cursor
		if blocks {
			next += "&list=blocks"
		}
	}
	return show(w, r, v, http.StatusOK, "following", markup.Data{"title": title, "blocks": blocks, "people": peopleData(people), "next": next})
}

// notificationsPage lists what others did.
func notificationsPage(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	page, err := readNotifications(r, v, 30)
	if err != nil {
		return err
	}
	told, err := telling(r.Context(), page.Notifications)
	if err != nil {
		return web.Unavailable(yours, err)
	}
	entries, next := []markup.Data{}, ""
	for _, n := range told {
		entries = append(entries, markup.Data{"id": n.ID, "text": n.Text, "link": n.URL, "new": n.ReadAt == nil, "date": date(n.LastAt), "dateAt": iso(n.LastAt)})
	}
	onlyUnread := r.URL.Query().Get("unread") == "1"
	if page.NextCursor != "" {
		next = "/notifications?cursor=" + url.QueryEscape(page.NextCursor)
		if onlyUnread {
			next += "&unread=1"
		}
	}
	return show(w, r, v, http.StatusOK, "notifications", markup.Data{"title": "Notifications", "entries": entries, "next": next, "some": page.UnreadCount > 0, "onlyUnread": onlyUnread})
}

// readForm marks one notification, or all, as read.
func readForm(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	s := notification.Selection{All: r.PostFormValue("ids") == "all"}
	if !s.All {
		s.IDs = []string{r.PostFormValue("ids")}
	}
	if _, err := markRead(r, v, s); err != nil {
		return err
	}
	http.Redirect(w, r, "/notifications", http.StatusSeeOther)
	return nil
}

func date(ms int64) string { return time.UnixMilli(ms).UTC().Format("2 January 2006") }

func iso(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339) }
