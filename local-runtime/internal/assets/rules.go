package assets

import (
	"io/fs"
	"net"
	"regexp"
	"strings"
	"time"

	"grove.place/lattice/internal/assetfiles"
)

// maxLine is the longest line of a file with rules.
const maxLine = 2000

// rules are what those files say.
type rules struct {
	stamp     [3]stamp
	headers   headerRules
	redirects redirectRules
}

// stamp tells one version of a file from another.
type stamp struct {
	size int64
	time time.Time
}

// reload reads the files again that have changed. s.mu is held, or s is not shared yet.
func (s *Site) reload() {
	var now [3]stamp
	for i, name := range []string{assetfiles.Headers, assetfiles.Redirects, assetfiles.Ignore} {
		if info, err := fs.Stat(s.files.root, name); err == nil {
			now[i] = stamp{info.Size(), info.ModTime()}
		}
	}
	if now == s.rules.stamp {
		return
	}
	warn := func(file string) func(line int, text, why string) {
		return func(line int, text, why string) {
			s.log.Warn("assets: a line of "+file+" is left out", "line", line, "text", text, "why", why)
		}
	}
	s.rules = rules{stamp: now}
	s.rules.headers = parseHeaders(s.text(assetfiles.Headers), warn(assetfiles.Headers))
	s.rules.redirects = parseRedirects(s.text(assetfiles.Redirects), s.HTML, warn(assetfiles.Redirects))
	s.files.ignored.Store(new(assetfiles.ParseIgnored(s.text(assetfiles.Ignore))))
}

func (s *Site) text(name string) string {
	b, _ := fs.ReadFile(s.files.root, name)
	return string(b)
}

func (s *Site) currentRules() *rules {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reload()
	now := s.rules
	return &now
}

// matcher tells which paths a rule is for, and what its placeholders stand for.
type matcher struct {
	crossHost bool
	pattern   *regexp.Regexp
}

var placeholder = regexp.MustCompile(`:([A-Za-z]\w*)`)

// compile makes a matcher of a rule: * is any text, called splat, and :name is one segment of a path or one label of a host.
func compile(rule string) (*matcher, error) {
	m := &matcher{}
	text := ""
	rest, crossHost := strings.CutPrefix(rule, "https://")
	if m.crossHost = crossHost; crossHost {
		host, path, _ := strings.Cut(rest, "/")
		text, rule = "https://"+ruleRegexp(host, "[^/.]+"), "/"+path
	}
	var err error
	m.pattern, err = regexp.Compile("^" + text + ruleRegexp(rule, "[^/]+") + "$")
	return m, err
}

// ruleRegexp translates a rule; one is what a placeholder stands for.
func ruleRegexp(rule, one string) string {
	var b strings.Builder
	for i, part := range strings.Split(rule, "*") {
		if i > 0 {
			b.WriteString(`(?P<splat>.*)`)
		}
		at := 0
		for _, found := range placeholder.FindAllStringSubmatchIndex(part, -1) {
			b.WriteString(regexp.QuoteMeta(part[at:found[0]]) + "(?P<" + part[found[2]:found[3]] + ">" + one + ")")
			at = found[1]
		}
		b.WriteString(regexp.QuoteMeta(part[at:]))
	}
	return b.String()
}

// match returns what the placeholders stand for in their order, or false.
func (m *matcher) match(host, path string) (values [][2]string, ok bool) {
	text := path
	if m.crossHost {
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		text = "https://" + host + path
	}
	found := m.pattern.FindStringSubmatch(text)
	if found == nil {
		return nil, false
	}
	for i, name := range m.pattern.SubexpNames() {
		if name != "" {
			values = append(values, [2]string{name, found[i]})
		}
	}
	return values, true
}

// fill puts the values of placeholders into a text.
func fill(text string, values [][2]string) string {
	for _, v := range values {
		text = strings.ReplaceAll(text, ":"+v[0], v[1])
	}
	return text
}

// ruleURL checks the URL of a rule as wrangler does, and gives it the form that requests have. why is empty if it is one.
func ruleURL(token string, onlyRelative, noPorts bool) (url, why string) {
	rest, https := strings.CutPrefix(token, "https://")
	rest = strings.TrimLeft(rest, "/")
	host, path, _ := strings.Cut(rest, "/")
	if https && host != "" {
		if onlyRelative {
			return "", "Only relative URLs are allowed. Skipping absolute URL " + token + "."
		}
		if noPorts && hasPort.MatchString(host) {
			return "", "Specifying ports is not supported. Skipping absolute URL " + token + "."
		}
		return "https://" + host + normalTarget("/"+path), ""
	}
	if onlyRelative && !strings.HasPrefix(token, "/") {
		token = "/" + token
	}
	if strings.HasPrefix(token, "/") {
		return normalTarget(token), ""
	}
	if onlyRelative {
		return "", "URLs should begin with a forward-slash."
	}
	return "", `URLs should either be relative (e.g. begin with a forward-slash), or use HTTPS (e.g. begin with "https://").`
}

var hasPort = regexp.MustCompile(`:\d+$`)

// normalTarget is normalPath for what a query or a fragment may follow.
func normalTarget(text string) string {
	at := strings.IndexAny(text, "?#")
	if at < 0 {
		at = len(text)
	}
	return normalPath(text[:at]) + text[at:]
}

// lines calls do for each line that says something, and tells of those that are too long.
func lines(text string, warn func(line int, text, why string), do func(number int, line string) (goOn bool)) {
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case len(line) > maxLine:
			warn(number, line[:40]+"…", "it exceeds the maximum allowed length of 2000")
		default:
			if !do(number, line) {
				return
			}
		}
	}
}
