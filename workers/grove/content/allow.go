package content

import (
	"net/url"
	"strings"
)

// allowed are the elements that come out. Everything that begins with "<" and is not exactly one of their tags, as goldmark writes it, becomes text.
var allowed = elements("p br hr h1 h2 h3 h4 h5 h6 em strong del code pre blockquote ul ol li table thead tbody tr th td a img")

// blocks are those around which words are apart.
var blocks = elements("p br hr h1 h2 h3 h4 h5 h6 pre blockquote li tr th td")

func elements(names string) map[string]bool {
	set := map[string]bool{}
	for _, name := range strings.Fields(names) {
		set[name] = true
	}
	return set
}

// omitted is what goldmark leaves in the place of raw HTML.
const omitted = "<!-- raw HTML omitted -->"

// sanitize lets through of goldmark's output what is on the list. It does not read HTML as browsers do, with all that they forgive: it knows the one form in
// which goldmark writes tags, a name and attributes in double quotes, writes them anew from their parts, and takes every other "<" for text.
func sanitize(html string) string {
	var b strings.Builder
	b.Grow(len(html))
	var links []bool // whether the link that is open came out
	for {
		text, rest, found := strings.Cut(html, "<")
		b.WriteString(text)
		if !found {
			return b.String()
		}
		html = rest
		if after, ok := strings.CutPrefix(rest, omitted[1:]); ok {
			html = after
			continue
		}
		t, after, ok := parseTag(rest)
		if !ok {
			b.WriteString("&lt;")
			continue
		}
		html = after
		switch {
		case t.name == "a" && t.end:
			if last := len(links) - 1; last >= 0 {
				if links[last] {
					b.WriteString("</a>")
				}
				links = links[:last]
			}
		case t.name == "a":
			attributes, ok := linkAttributes(t)
			if ok {
				b.WriteString("<a" + attributes + ">")
			}
			links = append(links, ok)
		case t.name == "img" && !t.end:
			b.WriteString(image(t))
		case t.end:
			b.WriteString("</" + t.name + ">")
		default:
			b.WriteString("<" + t.name + start(t) + ">")
		}
	}
}

// tag is a tag of an allowed element. Values are as they stand in HTML, with entities.
type tag struct {
	name       string
	end        bool
	attributes [][2]string
}

func (t tag) get(name string) string {
	for _, a := range t.attributes {
		if a[0] == name {
			return a[1]
		}
	}
	return ""
}

// parseTag reads the tag of an allowed element, without its "<", and returns what comes after it.
func parseTag(html string) (t tag, after string, ok bool) {
	html, t.end = strings.CutPrefix(html, "/")
	n := strings.IndexFunc(html, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9') })
	if n <= 0 || !allowed[html[:n]] {
		return t, "", false
	}
	t.name, html = html[:n], html[n:]
	for {
		if after, ok := strings.CutPrefix(html, ">"); ok {
			return t, after, true
		}
		rest, ok := strings.CutPrefix(html, " ")
		if !ok || t.end {
			return t, "", false
		}
		name, rest, ok := strings.Cut(rest, `="`)
		if !ok || name == "" || strings.ContainsFunc(name, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r == '-') }) {
			return t, "", false
		}
		value, rest, ok := strings.Cut(rest, `"`)
		if !ok || strings.ContainsAny(value, "<>") {
			return t, "", false
		}
		t.attributes = append(t.attributes, [2]string{name, value})
		html = rest
	}
}

// linkAttributes are those of a link, or !ok for one that leads nowhere it may. Links to other hosts tell them nothing and recommend nothing.
func linkAttributes(t tag) (text string, ok bool) {
	href := t.get("href")
	u, ok := address(href)
	if !ok {
		return "", false
	}
	text = ` href="` + href + `"` + title(t)
	if u.Host != "" {
		text += ` rel="nofollow noreferrer"`
	}
	return text, true
}

// address checks where a link leads: on this site, to the web, or to a mailbox.
func address(href string) (*url.URL, bool) {
	plain := unescape(href)
	// An entity that unescape does not know would be another letter for a browser than it is here.
	if href == "" || strings.Count(plain, "&") != strings.Count(href, "&amp;") || strings.ContainsFunc(plain, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }) {
		return nil, false
	}
	u, err := url.Parse(plain)
	if err != nil || u.String() == "" { // "#" alone leads nowhere
		return nil, false
	}
	switch u.Scheme {
	case "", "http", "https", "mailto":
		return u, true
	}
	return nil, false
}

func title(t tag) string {
	if text := t.get("title"); text != "" {
		return ` title="` + text + `"`
	}
	return ""
}

// image is an image of this site; one from elsewhere would tell its host who reads what, and only its description comes out.
func image(t tag) string {
	src, alt := t.get("src"), t.get("alt")
	path, ok := strings.CutPrefix(src, "/media/")
	if !ok || path == "" || strings.Contains(path, "..") || strings.ContainsFunc(path, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/_.-", r))
	}) {
		return alt
	}
	return `<img src="` + src + `" alt="` + alt + `"` + title(t) + `>`
}

// start is where an ordered list begins to count.
func start(t tag) string {
	n := t.get("start")
	if t.name != "ol" || n == "" || len(n) > 9 || strings.ContainsFunc(n, func(r rune) bool { return r < '0' || r > '9' }) {
		return ""
	}
	return ` start="` + n + `"`
}

// plain is what a sanitised text shows, with a space where a block begins or ends, so that the words around it stay two.
func plain(html string) string {
	var b strings.Builder
	for {
		text, rest, found := strings.Cut(html, "<")
		b.WriteString(text)
		if !found {
			return unescape(b.String())
		}
		t, after, ok := parseTag(rest)
		if !ok { // not of sanitize
			_, after, _ = strings.Cut(rest, ">")
		}
		if !ok || blocks[t.name] {
			b.WriteByte(' ')
		}
		html = after
	}
}
