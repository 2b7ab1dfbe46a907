package assets

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

const maxHeaderRules = 100

// headerRule is a rule of _headers: headers that are set, and others that are taken away.
type headerRule struct {
	path  string
	match *matcher
	set   [][2]string // name in lower case, value
	unset []string
}

type headerRules []*headerRule

var isPath = regexp.MustCompile(`^(\S+://|/)`)

// headerParser reads the lines of _headers.
type headerParser struct {
	rules headerRules
	rule  *headerRule // being read
	at    int         // its line
	skip  bool        // until the next path
	warn  func(line int, text, why string)
}

// parseHeaders reads _headers.
func parseHeaders(text string, warn func(line int, text, why string)) headerRules {
	p := &headerParser{warn: warn}
	lines(text, warn, p.line)
	p.finish()
	return p.rules
}

// finish takes the rule that was read. One for a path that there is a rule for already takes its place.
func (p *headerParser) finish() {
	rule := p.rule
	p.rule = nil
	switch {
	case rule == nil:
		return
	case len(rule.set) == 0 && len(rule.unset) == 0:
		p.warn(p.at, rule.path, "No headers specified")
		return
	}
	for i, other := range p.rules {
		if other.path == rule.path {
			p.rules[i] = rule
			return
		}
	}
	p.rules = append(p.rules, rule)
}

func (p *headerParser) line(n int, line string) bool {
	if isPath.MatchString(line) {
		return p.path(n, line)
	}
	if p.skip {
		return true
	}
	name, value, pair := strings.Cut(line, ":")
	name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
	unset, unsets := strings.CutPrefix(line, "! ")
	why := ""
	switch {
	case !pair && p.rule == nil:
		why = "Expected a path beginning with at least one forward-slash"
	case !pair && unsets:
		p.rule.unset = append(p.rule.unset, unset)
	case !pair:
		why = "Expected a colon-separated header pair (e.g. name: value)"
	case strings.Contains(name, " "):
		why = "Header name cannot include spaces"
	case name == "":
		why = "No header name specified"
	case value == "":
		why = "No header value specified"
	case p.rule == nil:
		why = fmt.Sprintf("Path should come before header (%s: %s)", name, value)
	default:
		p.rule.add(name, value)
	}
	if why != "" {
		p.warn(n, line, why)
	}
	return true
}

// path begins a rule.
func (p *headerParser) path(n int, line string) bool {
	p.finish()
	p.skip = false
	if len(p.rules) >= maxHeaderRules {
		p.warn(n, line, fmt.Sprintf("Maximum number of rules supported is %d; the rest of the file is left out.", maxHeaderRules))
		return false
	}
	path, why := ruleURL(line, false, true)
	if stars := strings.Count(path, "*"); why == "" && stars > 1 {
		why = "Only one wildcard is allowed per rule. Use a named placeholder (e.g. :project) instead. Skipping " + path + "."
	} else if why == "" && stars > 0 && splatName.MatchString(path) {
		why = "Cannot combine a wildcard * with a :splat placeholder because wildcards are converted to :splat at runtime. Skipping " + path + "."
	}
	m, err := compile(path)
	if why == "" && err != nil {
		why = "The path cannot be matched: " + err.Error()
	}
	if why != "" {
		p.warn(n, line, why)
		p.skip = true
		return true
	}
	p.rule, p.at = &headerRule{path: path, match: m}, n
	return true
}

var splatName = regexp.MustCompile(`:splat(\W|$)`)

// add sets a header; several of one name are one, with commas.
func (r *headerRule) add(name, value string) {
	for i := range r.set {
		if r.set[i][0] == name {
			r.set[i][1] += ", " + value
			return
		}
	}
	r.set = append(r.set, [2]string{name, value})
}

// apply changes the headers of a response for a path.
func (l headerRules) apply(h http.Header, host, path string) {
	set := map[string]bool{}
	for _, r := range l {
		values, ok := r.match.match(host, path)
		if !ok {
			continue
		}
		for _, name := range r.unset {
			h.Del(name)
		}
		for _, pair := range r.set {
			value := fill(pair[1], values)
			if set[pair[0]] {
				h.Add(pair[0], value)
				continue
			}
			h.Set(pair[0], value)
			set[pair[0]] = true
		}
	}
}
