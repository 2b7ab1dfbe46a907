package heartwood

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"grove.place/lattice/workers/grove/markup"
)

//go:embed pages/*.html
var pageFiles embed.FS

// Templates are parsed when the first page is shown, not while the instance starts.
var templates = sync.OnceValues(func() (map[string]*markup.Template, error) {
	set := map[string]*markup.Template{}
	layout, err := pageFiles.ReadFile("pages/layout.html")
	for _, name := range []string{"home", "login", "sessions", "confirm", "problem"} {
		var main []byte
		if err == nil {
			main, err = pageFiles.ReadFile("pages/" + name + ".html")
		}
		if err == nil {
			set[name], err = markup.Parse(name, string(layout), map[string]string{"main": string(main)})
		}
	}
	return set, err
})

// render answers with a page. What the layout needs is there even when data does not say it.
func render(w http.ResponseWriter, r *http.Request, status int, page string, data markup.Data) {
	shown := markup.Data{"user": false, "home": page == "home", "notice": ""}
	maps.Copy(shown, data)
	var body bytes.Buffer
	set, err := templates()
	if err == nil {
		err = set[page].Execute(&body, shown)
	}
	if err != nil {
		slog.ErrorContext(r.Context(), "page not rendered", "page", page, "error", err)
		http.Error(w, "This page cannot be shown just now.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	w.Write(body.Bytes())
}

// RenderProblem answers with Grove's error page, for the router.
func RenderProblem(w http.ResponseWriter, r *http.Request, status int, title, message string) {
	render(w, r, status, "problem", markup.Data{"title": title, "message": message})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value)
}

// home is public: when it cannot be said who is there, they are nobody.
func home(w http.ResponseWriter, r *http.Request, c *config) error {
	data := markup.Data{"title": "Grove"}
	visitor, err := authenticate(w, r, c)
	if err == nil && visitor != nil {
		var user account
		if user, err = accountOf(r.Context(), visitor.UserID); err == nil {
			visitor.show(data, user)
		}
	}
	if err != nil {
		slog.WarnContext(r.Context(), "home page shown as for nobody", "error", err)
	}
	render(w, r, http.StatusOK, "home", data)
	return nil
}

var notices = map[string]string{
	"revoked": "That session was ended. It is signed out now.",
	"others":  "You are signed out everywhere else.",
}

// show puts whose page it is into data.
func (v *Visitor) show(data markup.Data, user account) {
	data["user"], data["csrf"] = markup.Data{"name": user.Name, "email": user.Email}, v.csrf
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
	render(w, r, http.StatusOK, "sessions", data)
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
	render(w, r, http.StatusOK, "confirm", data)
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

// retryAfter is a Retry-After of at least one whole second.
func retryAfter(d time.Duration) string {
	return strconv.FormatInt(int64(max(1, (d+time.Second-1)/time.Second)), 10)
}
