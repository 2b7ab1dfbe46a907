package assets

import (
	"net/http"
	"strings"
)

// page is where a path leads: to a file, or to the path that is the right one for it.
type page struct {
	file     string
	status   int
	redirect string
}

// pages finds pages. Paths are decoded and begin with a slash.
type pages struct {
	files    *files
	html     string
	notFound string
}

// step is one thing to try for a path: serve the file stem+file or, where it says move, redirect to stem+to, if what is served there is stem+file.
// The stem is the path without the ending that the steps are for.
type step struct {
	file string
	to   string
	move bool
}

func serve(file string) step    { return step{file: file} }
func move(file, to string) step { return step{file, to, true} }

// ending is the steps for paths of one ending; of a root one, only where the stem is empty.
type ending struct {
	text  string
	root  bool
	steps []step
}

// handling is a way of html_handling: the first ending that fits is tried, then the rest with the whole path for a stem. What it does is Cloudflare's
// (workers-shared/asset-worker/src/handler.ts).
type handling struct {
	endings []ending
	rest    []step
}

var handlings = map[string]handling{
	"auto-trailing-slash": {
		endings: []ending{
			{"/index", false, []step{serve("/index"), move("/index.html", "/"), move(".html", "")}},
			{"/index.html", false, []step{move("/index.html", "/"), move(".html", "")}},
			{"/", false, []step{serve("/index.html"), move(".html", "")}},
			{".html", false, []step{move(".html", ""), move("/index.html", "/")}},
		},
		rest: []step{serve(""), serve(".html"), move("/index.html", "/")},
	},
	"force-trailing-slash": {
		endings: []ending{
			{"/index", false, []step{serve("/index"), move("/index.html", "/"), move(".html", "/")}},
			{"/index.html", false, []step{move("/index.html", "/"), move(".html", "/")}},
			{"/", false, []step{serve("/index.html"), serve(".html")}},
			{".html", false, []step{move(".html", "/"), serve(".html"), move("/index.html", "/")}},
		},
		rest: []step{serve(""), move(".html", "/"), move("/index.html", "/")},
	},
	"drop-trailing-slash": {
		endings: []ending{
			{"/index", true, []step{serve("/index"), move("/index.html", "/")}},
			{"/index.html", true, []step{move("/index.html", "/")}},
			{"/", true, []step{serve("/index.html")}},
			{"/index", false, []step{serve("/index"), move(".html", ""), move("/index.html", "")}},
			{"/index.html", false, []step{move("/index.html", ""), serve("/index.html"), move(".html", "")}},
			{"/", false, []step{move(".html", ""), move("/index.html", "")}},
			{".html", false, []step{move(".html", ""), move("/index.html", "")}},
		},
		rest: []step{serve(""), serve(".html"), serve("/index.html")},
	},
	"none": {rest: []step{serve("")}},
}

func init() { handlings[""] = handlings["auto-trailing-slash"] }

// find returns where a path leads. still: redirects are not looked for.
func (p pages) find(path string, still bool) page {
	how := handlings[p.html]
	found, ok := page{}, false
	for _, e := range how.endings {
		if stem, fits := strings.CutSuffix(path, e.text); fits && (!e.root || stem == "") {
			found, ok = p.try(stem, e.steps, still)
			break
		}
	}
	if !ok {
		found, ok = p.try(path, how.rest, still)
	}
	if !ok {
		found = p.missing(path)
	}
	return found
}

func (p pages) try(stem string, steps []step, still bool) (page, bool) {
	for _, s := range steps {
		file := stem + s.file
		switch {
		case !s.move:
			if p.files.has(file) {
				return page{file: file, status: http.StatusOK}, true
			}
		case !still && !p.files.has(stem+s.to):
			if there := p.find(stem+s.to, true); there.file != "" && there.file == file {
				return page{redirect: stem + s.to}, true
			}
		}
	}
	return page{}, false
}

// missing is what not_found_handling answers.
func (p pages) missing(path string) page {
	switch p.notFound {
	case "single-page-application":
		if p.files.has("/index.html") {
			return page{file: "/index.html", status: http.StatusOK}
		}
	case "404-page":
		for path != "" {
			path = path[:max(strings.LastIndexByte(path, '/'), 0)]
			if file := path + "/404.html"; p.files.has(file) {
				return page{file: file, status: http.StatusNotFound}
			}
		}
	}
	return page{}
}
