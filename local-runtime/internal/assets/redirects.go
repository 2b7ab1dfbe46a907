package assets

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Limits of _redirects.
const (
	maxStaticRedirects  = 2000
	maxDynamicRedirects = 100
)

// redirect is a rule of _redirects. With status 200 what is at its target is served.
type redirect struct {
	to     string
	status int
	match  *matcher // nil: of a path that is written out
}

// redirectRules are paths that are written out, and after them the rules with placeholders, in their order.
type redirectRules struct {
	exact   map[string]*redirect
	dynamic []*redirect
}

var (
	redirectStatuses = []int{200, 301, 302, 303, 307, 308}
	comment          = regexp.MustCompile(`\s+#.*$`)
	toIndex          = regexp.MustCompile(`/index(.html)?$`)
	isExternal       = regexp.MustCompile(`^(\w+://|//[^/\\\s?#])`)
	slashes          = regexp.MustCompile(`[/\\]+`)
)

// redirectParser reads the lines of _redirects.
type redirectParser struct {
	rules   redirectRules
	html    string
	seen    map[string]bool
	dynamic int
	static  int
}

// parseRedirects reads _redirects.
func parseRedirects(text, html string, warn func(line int, text, why string)) redirectRules {
	p := &redirectParser{html: html, seen: map[string]bool{}, rules: redirectRules{exact: map[string]*redirect{}}}
	lines(text, warn, func(n int, line string) bool {
		why := p.line(line)
		if why != "" {
			warn(n, line, why)
		}
		return p.dynamic <= maxDynamicRedirects
	})
	return p.rules
}

// line takes a rule, or says why not.
func (p *redirectParser) line(line string) (why string) {
	tokens := strings.Fields(comment.ReplaceAllString(line, ""))
	if len(tokens) < 2 || len(tokens) > 3 {
		return fmt.Sprintf("Expected exactly 2 or 3 whitespace-separated tokens. Got %d.", len(tokens))
	}
	from, why := ruleURL(tokens[0], true, true)
	if why != "" {
		return why
	}
	dynamic := strings.Contains(from, "*") || placeholder.MatchString(from)
	if !dynamic && p.dynamic == 0 {
		if p.static++; p.static > maxStaticRedirects {
			return fmt.Sprintf("Maximum number of static rules supported is %d. Skipping line.", maxStaticRedirects)
		}
	} else if p.dynamic++; p.dynamic > maxDynamicRedirects {
		return fmt.Sprintf("Maximum number of dynamic rules supported is %d; the rest of the file is left out.", maxDynamicRedirects)
	}
	to, why := ruleURL(tokens[1], false, false)
	if why != "" {
		return why
	}
	status := http.StatusFound
	if len(tokens) == 3 {
		var err error
		if status, err = strconv.Atoi(tokens[2]); err != nil || !slices.Contains(redirectStatuses, status) {
			return "Valid status codes are 200, 301, 302 (default), 303, 307, or 308. Got " + tokens[2] + "."
		}
	}
	return p.add(from, to, status)
}

func (p *redirectParser) add(from, to string, status int) (why string) {
	relative := !strings.HasPrefix(to, "https://")
	loops := strings.HasSuffix(from, "/*") || strings.HasSuffix(from, "/") && p.html != "none"
	switch {
	case relative && loops && toIndex.MatchString(to):
		return "Infinite loop detected in this rule and has been ignored. This will cause a redirect to strip `.html` or `/index` and end up triggering this rule again. Please fix or remove this rule to silence this warning."
	case p.seen[from]:
		return "Ignoring duplicate rule for path " + from + "."
	}
	p.seen[from] = true
	if status == http.StatusOK && !relative {
		return "Proxy (200) redirects can only point to relative paths. Got " + to
	}
	r := &redirect{to: to, status: status}
	if p.dynamic == 0 {
		p.rules.exact[from] = r
		return ""
	}
	var err error
	if r.match, err = compile(from); err != nil {
		return "The path cannot be matched: " + err.Error()
	}
	p.rules.dynamic = append(p.rules.dynamic, r)
	return ""
}

// match returns the rule for a path, and its target.
func (l redirectRules) match(host, path string) (rule *redirect, to string) {
	if r := l.exact[path]; r != nil {
		return r, r.to
	}
	for _, r := range l.dynamic {
		values, ok := r.match.match(host, path)
		if !ok {
			continue
		}
		to := strings.TrimSpace(fill(r.to, values))
		if isExternal.MatchString(strings.TrimSpace(r.to)) {
			return r, to
		}
		at := strings.IndexAny(to, "?#")
		if at < 0 {
			at = len(to)
		}
		return r, slashes.ReplaceAllString(to[:at], "/") + to[at:]
	}
	return nil, ""
}
