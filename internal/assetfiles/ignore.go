package assetfiles

import (
	"regexp"
	"strings"
)

// Ignored are the patterns of .assetsignore, which are those of a .gitignore: the last that fits decides, and what is in an ignored folder
// cannot be taken back.
type Ignored []ignorePattern

type ignorePattern struct {
	pattern *regexp.Regexp
	folder  bool // only folders
	keep    bool // with "!" before it
}

// ParseIgnored reads a .assetsignore.
func ParseIgnored(text string) Ignored {
	var list Ignored
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimRight(line, " \t\r")
		if line == "" || line[0] == '#' {
			continue
		}
		var p ignorePattern
		line, p.keep = strings.CutPrefix(line, "!")
		line, p.folder = strings.CutSuffix(line, "/")
		anchored := strings.Contains(line, "/")
		text := globRegexp(strings.TrimPrefix(line, "/"))
		if !anchored {
			text = "(.*/)?" + text
		}
		var err error
		if p.pattern, err = regexp.Compile("^" + text + "$"); err == nil {
			list = append(list, p)
		}
	}
	return list
}

// globRegexp translates * (within a segment), ** (any segments), ? and [a-z].
func globRegexp(glob string) string {
	var b strings.Builder
	for i := 0; i < len(glob); i++ {
		switch c := glob[i]; {
		case strings.HasPrefix(glob[i:], "**/"):
			b.WriteString("(.*/)?")
			i += 2
		case strings.HasPrefix(glob[i:], "**"):
			b.WriteString(".*")
			i++
		case c == '*':
			b.WriteString("[^/]*")
		case c == '?':
			b.WriteString("[^/]")
		case c == '[' && strings.IndexByte(glob[i:], ']') > 1:
			end := i + strings.IndexByte(glob[i:], ']')
			class := glob[i+1 : end]
			if class[0] == '!' {
				class = "^" + class[1:]
			}
			b.WriteString("[" + class + "]")
			i = end
		case c == '\\' && i+1 < len(glob):
			i++
			b.WriteString(regexp.QuoteMeta(glob[i : i+1]))
		default:
			b.WriteString(regexp.QuoteMeta(glob[i : i+1]))
		}
	}
	return b.String()
}

// Has reports whether the file with this name, or a folder that it is in, is ignored.
func (l *Ignored) Has(name string) bool {
	if l == nil || len(*l) == 0 {
		return false
	}
	for i := range len(name) {
		if name[i] == '/' && l.fits(name[:i], true) {
			return true
		}
	}
	return l.fits(name, false)
}

func (l *Ignored) fits(name string, folder bool) bool {
	is := false
	for _, p := range *l {
		if (folder || !p.folder) && p.pattern.MatchString(name) {
			is = !p.keep
		}
	}
	return is
}
