package inspector

import (
	"bytes"
	"cmp"
	"embed"
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
	funcs := template.FuncMap{
		"value": valueOf, "log": logText, "visible": Visible, "ms": ms, "bytes": size, "count": count, "grouped": grouped, "clock": clockTime, "level": strings.ToLower,
		"url": address, "keyed": keyed, "until": until, "short": short, "args": args,
	}
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

// part is a part of the inspector, as the navigation has it.
type part struct{ Path, Title string }

var parts = []part{
	{"/", "Overview"}, {"/requests", "Requests"}, {"/logs", "Logs"}, {"/objects", "Objects"}, {"/stores", "Storage"}, {"/sockets", "WebSockets"},
	{"/alarms", "Alarms"}, {"/queues", "Queues"}, {"/cron", "Cron"}, {"/clock", "Clock"},
}

// within says to which part a page belongs that is not the first of one.
var within = map[string]string{"overview": "/", "object": "/objects", "absent": "/objects", "delete": "/objects", "database": "/stores", "namespace": "/stores", "bucket": "/stores"}

// view is what every page shows.
type view struct {
	Title   string
	Part    string // of parts
	Parts   []part
	CSRF    string
	URL     string
	Live    string // the kinds of change that the page shows
	Several bool
	Workers []Worker
	Clock   clockView
	Notice  notice
	Data    any
}

// render answers with a page.
func (i *Inspector) render(w http.ResponseWriter, r *http.Request, page, title, live string, data any) {
	i.renderStatus(w, r, http.StatusOK, page, title, live, data)
}

func (i *Inspector) renderStatus(w http.ResponseWriter, r *http.Request, status int, page, title, live string, data any) {
	v := view{Title: title, Part: cmp.Or(within[page], "/"+page), Parts: parts, CSRF: i.csrf, URL: i.o.URL, Live: live, Workers: i.o.Workers(), Clock: i.clockView(), Notice: i.notices.take(r.URL.Query().Get("notice")), Data: data}
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

func clockTime(t time.Time) string { return t.Local().Format("15:04:05.000") }

// until says how far a time is from another.
func until(t, now time.Time) string {
	d := t.Sub(now).Round(time.Second)
	if d < 0 {
		return span(-d) + " ago"
	}
	return "in " + span(d)
}

// span is a duration in the two largest units that it has.
func span(d time.Duration) string {
	if days := d / (24 * time.Hour); days > 0 {
		return fmt.Sprintf("%dd%dh", days, d%(24*time.Hour)/time.Hour)
	}
	text := d.String()
	if d >= time.Hour {
		text = d.Truncate(time.Minute).String()
	}
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// short is the beginning of an id.
func short(id string) string { return id[:min(len(id), 12)] }

// address makes an address of the page: a path, and names and values of its query, of which empty texts and the number 0 are left out.
func address(path string, pairs ...any) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" && pairs[i+1] != 0 {
			q.Set(fmt.Sprint(pairs[i]), fmt.Sprint(pairs[i+1]))
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// keyed is the address of a key of a store, which may be empty.
func keyed(path, worker, binding, key string) string {
	return path + "?" + url.Values{"worker": {worker}, "binding": {binding}, "key": {key}}.Encode()
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
