package web

import (
	"bytes"
	"embed"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"sync"

	"grove.place/lattice/workers/grove/markup"
)

//go:embed pages/*.html
var pageFiles embed.FS

// pages are the templates that packages have added, by the name of the page; each is parsed when it is first shown, not while the instance starts.
var pages = map[string]func() (*markup.Template, error){}

func init() { AddPages(pageFiles, "pages", "problem") }

// AddPages makes pages known: dir/{name}.html of files for each name. Call it from an init function. Two pages of one name are a
// programming error.
func AddPages(files fs.FS, dir string, names ...string) {
	addPages(pageFiles, "pages/layout.html", files, dir, names)
}

// AddPagesWithin is AddPages for pages with a frame of their own: the file layout of files.
func AddPagesWithin(layout string, files fs.FS, dir string, names ...string) {
	addPages(files, layout, files, dir, names)
}

func addPages(layoutFiles fs.FS, layoutName string, files fs.FS, dir string, names []string) {
	for _, name := range names {
		if pages[name] != nil {
			panic("web: two pages are called " + name)
		}
		pages[name] = sync.OnceValues(func() (*markup.Template, error) {
			layout, err := fs.ReadFile(layoutFiles, layoutName)
			if err != nil {
				return nil, err
			}
			main, err := fs.ReadFile(files, dir+"/"+name+".html")
			if err != nil {
				return nil, err
			}
			return markup.Parse(name, string(layout), map[string]string{"main": string(main)})
		})
	}
}

// Render answers with a page. What the layout needs is there even when data does not say it: user, home, notice, unread and apex.
func Render(w http.ResponseWriter, r *http.Request, status int, page string, data markup.Data) {
	shown := markup.Data{"user": false, "home": page == "home", "notice": "", "unread": "", "apex": ""}
	maps.Copy(shown, data)
	var body bytes.Buffer
	template, err := pages[page]()
	if err == nil {
		err = template.Execute(&body, shown)
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

// RenderProblem answers with Grove's error page, or with JSON for those who ask for it.
func RenderProblem(w http.ResponseWriter, r *http.Request, status int, title, message string) {
	p := &Problem{Status: status, Code: problemCodes[status], Title: title, Message: message}
	if status >= 400 && WantsJSON(r) {
		writeProblem(w, p)
		return
	}
	renderProblem(w, r, p)
}

var problemCodes = map[int]string{http.StatusNotFound: "not_found", http.StatusMethodNotAllowed: "bad_method", http.StatusInternalServerError: "internal"}
