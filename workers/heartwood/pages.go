package heartwood

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"grove.place/lattice/workers/heartwood/oidc"
)

//go:embed pages/*.html
var pageFiles embed.FS

// Templates are parsed when the first page is shown, not while the instance starts.
var templates = sync.OnceValues(func() (map[string]*template.Template, error) {
	set := map[string]*template.Template{}
	for _, name := range []string{"home", "login", "sessions", "confirm", "problem"} {
		t, err := template.New("layout.html").Funcs(template.FuncMap{"ago": ago, "day": day, "iso": iso}).
			ParseFS(pageFiles, "pages/layout.html", "pages/"+name+".html")
		if err != nil {
			return nil, err
		}
		set[name] = t
	}
	return set, nil
})

// view is what the pages show.
type view struct {
	Title     string
	Message   string
	Notice    string
	User      *account
	CSRF      string
	Now       time.Time
	ReturnTo  string
	Providers []oidc.Config
	Sessions  []listed
	Others    int
	Target    *listed // of a confirmation; nil for all others
}

// render answers with a page.
func render(w http.ResponseWriter, r *http.Request, status int, page string, v view) {
	v.Now = time.Now()
	var body bytes.Buffer
	set, err := templates()
	if err == nil {
		err = set[page].Execute(&body, v)
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
	render(w, r, status, "problem", view{Title: title, Message: message})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value)
}

// home is public: when it cannot be said who is there, they are nobody.
func home(w http.ResponseWriter, r *http.Request, c *config) error {
	v := view{Title: "Grove"}
	visitor, err := authenticate(w, r, c)
	if err == nil && visitor != nil {
		var user account
		if user, err = accountOf(r.Context(), visitor.UserID); err == nil {
			v.User, v.CSRF = &user, visitor.csrf
		}
	}
	if err != nil {
		slog.WarnContext(r.Context(), "home page shown as for nobody", "error", err)
	}
	render(w, r, http.StatusOK, "home", v)
	return nil
}

var notices = map[string]string{
	"revoked": "That session was ended. It is signed out now.",
	"others":  "You are signed out everywhere else.",
}

func sessionsPage(w http.ResponseWriter, r *http.Request, c *config) error {
	v, err := settingsView(w, r, c)
	if err != nil {
		return err
	}
	v.Title, v.Notice = "Your sessions", notices[r.URL.Query().Get("done")]
	render(w, r, http.StatusOK, "sessions", v)
	return nil
}

// settingsView is a view for a signed-in visitor, with their sessions. Others are sent to sign in.
func settingsView(w http.ResponseWriter, r *http.Request, c *config) (view, error) {
	visitor, err := require(w, r, c)
	if err != nil {
		return view{}, err
	}
	user, err := accountOf(r.Context(), visitor.UserID)
	if err != nil {
		return view{}, err
	}
	list, err := visitor.sessions(r.Context())
	if err != nil {
		return view{}, err
	}
	return view{User: &user, CSRF: visitor.csrf, Sessions: list, Others: len(list) - 1}, nil
}

// confirmPage asks once more before a session, or all others, are ended. It is what people without JavaScript see.
func confirmPage(w http.ResponseWriter, r *http.Request, c *config) error {
	v, err := settingsView(w, r, c)
	if err != nil {
		return err
	}
	v.Title = "Sign out everywhere else?"
	if id := r.URL.Query().Get("id"); id != "" {
		for _, entry := range v.Sessions {
			if entry.ID == id {
				v.Target = &entry
			}
		}
		if v.Target == nil {
			return errNoSession
		}
		v.Title = "End this session?"
	}
	render(w, r, http.StatusOK, "confirm", v)
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
