package heartwood

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"grove.place/lattice/workers/grove/markup"
	"grove.place/lattice/workers/grove/web"
)

//go:embed pages/*.html
var pageFiles embed.FS

func init() { web.AddPages(pageFiles, "pages", "login", "sessions", "confirm") }

var notices = map[string]string{
	"revoked": "That session was ended. It is signed out now.",
	"others":  "You are signed out everywhere else.",
}

// Show puts whose page it is into the data of a page, for the frame of the apex host.
func (v *Visitor) Show(ctx context.Context, data markup.Data) error {
	user, err := accountOf(ctx, v.UserID)
	if err == nil {
		v.show(data, user)
	}
	return err
}

// show puts whose page it is into data.
func (v *Visitor) show(data markup.Data, user account) {
	data["user"], data["csrf"] = markup.Data{"name": user.Name, "email": user.Email}, v.CSRF
}

func sessionsPage(w http.ResponseWriter, r *http.Request, c *config) error {
	data, list, err := settings(w, r, c)
	if err != nil {
		return err
	}
	now, shown := time.Now(), []markup.Data{}
	for _, entry := range list {
		shown = append(shown, entry.data(now))
	}
	data["title"], data["notice"] = "Your sessions", notices[r.URL.Query().Get("done")]
	data["sessions"], data["others"] = shown, len(list) > 1
	web.Render(w, r, http.StatusOK, "sessions", data)
	return nil
}

// settings begins a page for a signed-in visitor, with their sessions. Others are sent to sign in.
func settings(w http.ResponseWriter, r *http.Request, c *config) (markup.Data, []listed, error) {
	visitor, err := require(w, r, c)
	if err != nil {
		return nil, nil, err
	}
	user, err := accountOf(r.Context(), visitor.UserID)
	if err != nil {
		return nil, nil, err
	}
	list, err := visitor.sessions(r.Context())
	data := markup.Data{}
	visitor.show(data, user)
	return data, list, err
}

func (l listed) data(now time.Time) markup.Data {
	return markup.Data{
		"id": l.ID, "current": l.Current, "device": l.DeviceName, "ip": l.IPAddress, "active": ago(now, l.LastActive),
		"activeAt": iso(l.LastActive), "created": day(l.CreatedAt), "createdAt": iso(l.CreatedAt),
	}
}

// confirmPage asks once more before a session, or all others, are ended. It is what people without JavaScript see.
func confirmPage(w http.ResponseWriter, r *http.Request, c *config) error {
	data, list, err := settings(w, r, c)
	if err != nil {
		return err
	}
	others := "Every other browser is"
	if n := len(list) - 1; n > 1 {
		others = fmt.Sprintf("%d other browsers are", n)
	}
	data["title"], data["target"], data["others"] = "Sign out everywhere else?", false, others
	if id := r.URL.Query().Get("id"); id != "" {
		at := slices.IndexFunc(list, func(l listed) bool { return l.ID == id })
		if at < 0 {
			return errNoSession
		}
		data["title"], data["target"] = "End this session?", list[at].data(time.Now())
	}
	web.Render(w, r, http.StatusOK, "confirm", data)
	return nil
}

func revokeForm(w http.ResponseWriter, r *http.Request, c *config) error {
	v, err := requireIntent(w, r, c)
	if err != nil {
		return err
	}
	// A session that is over already is what was asked for.
	if err := revoke(w, r, c, v, r.PostFormValue("id")); err != nil && !errors.Is(err, errNoSession) {
		return err
	}
	http.Redirect(w, r, "/settings/sessions?done=revoked", http.StatusSeeOther)
	return nil
}

func revokeOthersForm(w http.ResponseWriter, r *http.Request, c *config) error {
	v, err := requireIntent(w, r, c)
	if err != nil {
		return err
	}
	if _, err := revokeOthers(w, r, c, v, true); err != nil {
		return err
	}
	http.Redirect(w, r, "/settings/sessions?done=others", http.StatusSeeOther)
	return nil
}

// ago says how long before now a time was, as people say it.
func ago(now time.Time, ms int64) string {
	switch d := now.Sub(time.UnixMilli(ms)); {
	case d < 2*time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d minutes ago", int(d.Minutes()))
	case d < 2*time.Hour:
		return "an hour ago"
	case d < 24*time.Hour:
		return fmt.Sprintf("%d hours ago", int(d.Hours()))
	case d < 48*time.Hour:
		return "yesterday"
	default:
		return fmt.Sprintf("%d days ago", int(d.Hours()/24))
	}
}

func day(ms int64) string { return time.UnixMilli(ms).UTC().Format("2 January 2006") }

func iso(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339) }
