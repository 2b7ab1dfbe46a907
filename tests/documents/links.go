package documents

import (
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"
)

var (
	link     = regexp.MustCompile(`\]\(([^()\s]*(?:\([^()\s]*\))?[^()\s]*)(?: "[^"]*")?\)|^\[[^\]]+\]: (\S+)`)
	heading  = regexp.MustCompile(`^#{1,6} +(.*?)#*$`)
	explicit = regexp.MustCompile(`<a (?:id|name)="([^"]+)"`)
	codeSpan = regexp.MustCompile("`+[^`]*`+")
)

// prose calls visit with each line of a page that is in no block of code.
func (p *Page) prose(visit func(line int, text string)) {
	inBlock := false
	for i, text := range strings.Split(p.Text, "\n") {
		if strings.HasPrefix(strings.TrimSpace(text), "```") {
			inBlock = !inBlock
		} else if !inBlock {
			visit(i+1, text)
		}
	}
}

// anchors are what a link into the page may name, by the rules of the forge.
func (p *Page) anchors() map[string]bool {
	found := map[string]bool{}
	p.prose(func(_ int, text string) {
		for _, m := range explicit.FindAllStringSubmatch(text, -1) {
			found[m[1]] = true
		}
		m := heading.FindStringSubmatch(text)
		if m == nil {
			return
		}
		name := anchor(m[1])
		for n, first := 1, name; found[name]; n++ {
			name = fmt.Sprintf("%s-%d", first, n)
		}
		found[name] = true
	})
	return found
}

func anchor(title string) string {
	title = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(title, "$1")
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r), unicode.IsNumber(r), r == '-', r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, strings.TrimSpace(title))
}

// brokenLinks returns the links of the pages to files and anchors below root that are not there.
func brokenLinks(root string, pages []*Page) (wrong []string) {
	anchors := map[string]map[string]bool{}
	for _, p := range pages {
		anchors[p.Name] = p.anchors()
	}
	for _, p := range pages {
		p.prose(func(line int, text string) {
			for _, m := range link.FindAllStringSubmatch(codeSpan.ReplaceAllString(text, ""), -1) {
				if fault := broken(root, p.Name, m[1]+m[2], anchors); fault != "" {
					wrong = append(wrong, fmt.Sprintf("%s:%d: %s", p.Name, line, fault))
				}
			}
		})
	}
	return wrong
}

func broken(root, from, target string, anchors map[string]map[string]bool) string {
	u, err := url.Parse(target)
	switch {
	case strings.HasPrefix(target, `"`):
		return "" // a call in code that goes over two lines
	case err != nil || target == "":
		return fmt.Sprintf("%q is no link", target)
	case u.Scheme != "" || u.Host != "":
		return ""
	}
	to := from
	if u.Path != "" {
		to = path.Join(path.Dir(from), u.Path)
	}
	if _, err := os.Stat(filepath.Join(root, to)); err != nil || strings.HasPrefix(to, "..") {
		return fmt.Sprintf("%s leads to %s, which is not there", target, to)
	}
	if known, isPage := anchors[to]; u.Fragment != "" && isPage && !known[u.Fragment] {
		return fmt.Sprintf("%s has no heading for #%s", to, u.Fragment)
	}
	return ""
}
