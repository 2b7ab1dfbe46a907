package inspector

import (
	"bytes"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

// templates are the pages by name, each in the layout.
var templates = func() map[string]*template.Template {
	funcs := template.FuncMap{"show": Show, "ms": ms, "bytes": size, "clock": clockTime, "level": strings.ToLower, "url": address, "until": until, "short": short, "args": args}
	all := map[string]*template.Template{}
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		panic(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "templates/"), ".html")
		if name != "layout" {
			all[name] = template.Must(template.New("layout.html").Funcs(funcs).ParseFS(templateFiles, "templates/layout.html", file))
		}
	}
	return all
}()

// view is what every page shows.
type view struct {
	Page, Title string
	CSRF        string
	URL         string
	Live        string // the kinds of change that the page shows
	Several     bool
	Workers     []Worker
	Clock       clockView
	Notice      notice
	Data        any
}

// render answers with a page.
func (i *Inspector) render(w http.ResponseWriter, r *http.Request, page, title, live string, data any) {
	i.renderStatus(w, r, http.StatusOK, page, title, live, data)
}

func (i *Inspector) renderStatus(w http.ResponseWriter, r *http.Request, status int, page, title, live string, data any) {
	v := view{Page: page, Title: title, CSRF: i.csrf, URL: i.o.URL, Live: live, Workers: i.o.Workers(), Clock: i.clockView(), Notice: i.notices.take(r.URL.Query().Get("notice")), Data: data}
	v.Several = len(v.Workers) > 1
	var b bytes.Buffer
	if err := templates[page].Execute(&b, v); err != nil {
		i.o.Log.Error("a page of the inspector cannot be made", "page", page, "error", err)
		http.Error(w, "the page cannot be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	b.WriteTo(w)
}

// fail answers with a page that says what went wrong.
func (i *Inspector) fail(w http.ResponseWriter, r *http.Request, err error) {
	i.renderStatus(w, r, http.StatusConflict, "failed", "That did not work", "state", err.Error())
}

func static(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, staticFiles, "static/"+r.PathValue("file"))
}

// notice is what a page says once about what was done.
type notice struct {
	Text   string
	Failed bool
}

// notices are those that no page has shown yet.
type notices struct {
	mu  sync.Mutex
	all map[string]notice
}

// maxNotices bounds those that nobody fetches.
const maxNotices = 100

func (n *notices) put(one notice) (number string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.all == nil || len(n.all) >= maxNotices {
		n.all = map[string]notice{}
	}
	number = secret()[:8]
	n.all[number] = one
	return number
}

func (n *notices) take(number string) notice {
	n.mu.Lock()
	defer n.mu.Unlock()
	one := n.all[number]
	delete(n.all, number)
	return one
}

// maxShown is how much of a value a page shows.
const maxShown = 2000

// Show writes a stored value for people: JSON, and bytes as their beginning in hexadecimal.
func Show(v any) string {
	var text string
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		text = v
	case []byte:
		text = fmt.Sprintf("%d bytes %s", len(v), hex.EncodeToString(v[:min(len(v), 64)]))
	case time.Time:
		text = v.UTC().Format(time.RFC3339Nano)
	default:
		out, err := json.Marshal(v)
		if text = string(out); err != nil { // a Map, say
			text = fmt.Sprintf("%v", v)
		}
	}
	if len(text) > maxShown {
		text = strings.ToValidUTF8(text[:maxShown], "") + fmt.Sprintf("… (%d bytes)", len(text))
	}
	return text
}

// plain returns a value that JSON has, in place of one that it has not, such as a Map or NaN.
func plain(v any) any {
	if _, err := json.Marshal(v); err != nil {
		return fmt.Sprintf("%v", v)
	}
	return v
}

// ms is how long something took.
func ms(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= 10*time.Millisecond:
		return fmt.Sprintf("%.0f ms", float64(d.Microseconds())/1000)
	}
	return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000)
}

func size(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/(1<<20)) }

func clockTime(t time.Time) string { return t.Local().Format("15:04:05.000") }

// until says how far a time is from another.
func until(t, now time.Time) string {
	d := t.Sub(now).Round(time.Second)
	if d < 0 {
		return (-d).String() + " ago"
	}
	return "in " + d.String()
}

// short is the beginning of an id.
func short(id string) string { return id[:min(len(id), 12)] }

// address makes an address of the page: a path, and names and values of its query, of which empty ones are left out.
func address(path string, pairs ...any) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if value := fmt.Sprint(pairs[i+1]); value != "" && value != "0" {
			q.Set(fmt.Sprint(pairs[i]), value)
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// args makes a map of names and values, for a template that is called with several.
func args(pairs ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return m
}

// levelOf reads the name of a level; what is no level is the lowest.
func levelOf(name string) slog.Level {
	var l slog.Level
	if l.UnmarshalText([]byte(name)) != nil {
		return slog.LevelDebug
	}
	return l
}
