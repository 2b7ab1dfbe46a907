package assets

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// pathOf is the path of a request as a URL of the Web has it: without dot segments, and with what must be escaped escaped.
func pathOf(r *http.Request) string {
	raw := r.URL.EscapedPath()
	if r.RequestURI != "" {
		raw, _, _ = strings.Cut(r.RequestURI, "?")
		if _, rest, absolute := strings.Cut(raw, "://"); absolute {
			_, rest, _ = strings.Cut(rest, "/")
			raw = "/" + rest
		}
	}
	return normalPath(raw)
}

// normalPath is the path state of the URL standard, for special schemes.
func normalPath(raw string) string {
	segments := strings.Split(strings.TrimPrefix(strings.ReplaceAll(raw, `\`, "/"), "/"), "/")
	var out []string
	for i, s := range segments {
		last := i == len(segments)-1
		switch strings.ReplaceAll(strings.ToLower(s), "%2e", ".") {
		case ".":
			if last {
				out = append(out, "")
			}
		case "..":
			out = out[:max(len(out)-1, 0)]
			if last {
				out = append(out, "")
			}
		default:
			out = append(out, escape(s))
		}
	}
	return "/" + strings.Join(out, "/")
}

// escape escapes the path percent-encode set of the URL standard.
func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"#<>?^`{}", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// decodePath decodes each segment that can be decoded, and makes one slash of several.
func decodePath(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if d, err := url.PathUnescape(s); err == nil && strings.ToValidUTF8(d, "") == d {
			segments[i] = d
		}
	}
	path = strings.Join(segments, "/")
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	return path
}

// encodePath escapes each segment as encodeURIComponent does.
func encodePath(path string) string {
	const plain = "-_.!~*'()/"
	var b strings.Builder
	for i := range len(path) {
		c := path[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(plain, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// search is the query of a request with its question mark, or nothing.
func search(r *http.Request) string {
	if r.URL.RawQuery == "" {
		return ""
	}
	return "?" + r.URL.RawQuery
}

// destination is where a redirect leads.
type destination struct {
	origin string // empty: the request's
	path   string
	search string
	hash   string
}

// resolve reads the target of a rule, seen from a request.
func resolve(to string, r *http.Request) destination {
	to, hash, hashed := strings.Cut(to, "#")
	to, query, asked := strings.Cut(to, "?")
	d := destination{}
	if hashed && hash != "" {
		d.hash = "#" + hash
	}
	if asked && query != "" {
		d.search = "?" + query
	}
	scheme, rest, absolute := strings.Cut(to, "://")
	if !absolute {
		if rest, absolute = strings.CutPrefix(to, "//"); absolute {
			scheme = "http"
		}
	}
	if absolute {
		host, path, _ := strings.Cut(rest, "/")
		if !strings.EqualFold(host, r.Host) || scheme != "http" {
			d.origin = scheme + "://" + strings.ToLower(host)
		}
		to = "/" + path
	} else if !strings.HasPrefix(to, "/") {
		at := pathOf(r)
		to = at[:strings.LastIndexByte(at, '/')+1] + to
	}
	d.path = normalPath(to)
	return d
}

// location is the Location header of a redirect: the query of the request goes along, unless the target has one.
func location(to string, r *http.Request) string {
	d := resolve(to, r)
	if d.search == "" {
		d.search = search(r)
	}
	return d.origin + d.path + d.search + d.hash
}
