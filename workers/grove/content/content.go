// Package content turns what people write into what others may safely see: Markdown into sanitised HTML, titles into slugs, and text into
// excerpts and counts. Whatever a writer puts in, no script, style, form or frame comes out.
//
// goldmark renders Markdown and leaves raw HTML out; bluemonday then lets through only what is on its list, so that a fault in either is not
// enough. Start with Render.
package content

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
)

const (
	// MaxMarkdown is the size in bytes of the longest text.
	MaxMarkdown = 256 << 10
	// MaxTitle, MaxSlug, MaxTag are in bytes; MaxTags is how many.
	MaxTitle, MaxSlug, MaxTag, MaxTags = 200, 100, 40, 20

	excerptRunes   = 200
	wordsPerMinute = 220
)

// The renderer and the policy are made when the first text is rendered, not while the instance starts.
var tools = sync.OnceValue(func() struct {
	markdown goldmark.Markdown
	policy   *bluemonday.Policy
	strict   *bluemonday.Policy
} {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "em", "strong", "del", "code", "pre", "blockquote", "ul", "ol", "li",
		"table", "thead", "tbody", "tr", "th", "td", "a", "img")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("title").OnElements("a", "img")
	p.AllowAttrs("alt").OnElements("img")
	// Images come from this site alone: one from elsewhere would tell its host who reads what.
	p.AllowAttrs("src").Matching(regexp.MustCompile(`^/media/([A-Za-z0-9_-]+/)*[A-Za-z0-9_-]+\.[A-Za-z0-9]+$`)).OnElements("img")
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	p.AllowURLSchemes("http", "https", "mailto")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnFullyQualifiedLinks(true)
	p.RequireNoReferrerOnFullyQualifiedLinks(true)
	return struct {
		markdown goldmark.Markdown
		policy   *bluemonday.Policy
		strict   *bluemonday.Policy
	}{goldmark.New(goldmark.WithExtensions(extension.Strikethrough, extension.Table)), p, bluemonday.StrictPolicy()}
})

// HTML is sanitised HTML. Only Render makes it.
type HTML string

// Render turns Markdown into sanitised HTML.
func Render(markdown string) (HTML, error) {
	if len(markdown) > MaxMarkdown {
		return "", fmt.Errorf("the text has %d bytes: %d are allowed", len(markdown), MaxMarkdown)
	}
	var b bytes.Buffer
	if err := tools().markdown.Convert([]byte(markdown), &b); err != nil {
		return "", fmt.Errorf("render Markdown: %w", err)
	}
	return HTML(tools().policy.Sanitize(b.String())), nil
}

// Summary is what lists show of a text.
type Summary struct {
	Excerpt        string
	Words          int
	ReadingMinutes int // at least 1 when there are words
}

// Summarize counts the words that a rendered text shows, and takes the first of them as an excerpt.
func Summarize(html HTML) Summary {
	words := strings.Fields(unescape(tools().strict.Sanitize(breakBlocks(string(html)))))
	s := Summary{Words: len(words), Excerpt: clipRunes(strings.Join(words, " "), excerptRunes)}
	if s.Words > 0 {
		s.ReadingMinutes = max(1, (s.Words+wordsPerMinute/2)/wordsPerMinute)
	}
	return s
}

var blocks = regexp.MustCompile(`</?(p|h[1-6]|li|tr|td|th|blockquote|pre|br|hr)[^>]*>`)

// breakBlocks puts a space where a block ends, so that the words around it stay two.
func breakBlocks(html string) string { return blocks.ReplaceAllString(html, "$0 ") }

var unescaper = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&#34;", `"`, "&quot;", `"`, "&#39;", "'", "&amp;", "&")

func unescape(text string) string { return unescaper.Replace(text) }

func clipRunes(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	cut := string([]rune(text)[:limit])
	if i := strings.LastIndexByte(cut, ' '); i > limit/2 {
		cut = cut[:i]
	}
	return cut + "…"
}

// Slug makes of a title what an address can carry: lower-case letters, digits and single hyphens. It is "" when nothing of it can be.
func Slug(title string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(title) {
		if s, ok := spelled[r]; ok {
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteString(s)
			continue
		}
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
			continue
		}
		gap = gap || !unicode.Is(unicode.Mn, r) && r != '\''
	}
	return strings.Trim(b.String()[:min(b.Len(), MaxSlug)], "-")
}

var spelled = map[rune]string{
	'ä': "ae", 'ö': "oe", 'ü': "ue", 'ß': "ss", 'æ': "ae", 'ø': "o", 'å': "a", 'à': "a", 'á': "a", 'â': "a", 'ã': "a", 'ç': "c", 'è': "e", 'é': "e",
	'ê': "e", 'ë': "e", 'ì': "i", 'í': "i", 'î': "i", 'ï': "i", 'ñ': "n", 'ò': "o", 'ó': "o", 'ô': "o", 'õ': "o", 'ù': "u", 'ú': "u", 'û': "u", 'ý': "y",
}

// ValidSlug reports whether a slug is one that Slug could have made. The slugs "new" and "drafts" belong to the site.
func ValidSlug(slug string) bool {
	return slug != "" && slug == Slug(slug) && slug != "new" && slug != "drafts"
}

// Tags cleans a list of tags: trimmed, lower-case, each once, in the order given. The error says which is too long, or that there are too many.
func Tags(list []string) ([]string, error) {
	clean, seen := []string{}, map[string]bool{}
	for _, tag := range list {
		tag = strings.ToLower(strings.Join(strings.Fields(tag), " "))
		switch {
		case tag == "" || seen[tag]:
			continue
		case len(tag) > MaxTag || !utf8.ValidString(tag) || strings.ContainsFunc(tag, unicode.IsControl):
			return nil, fmt.Errorf("the tag %.50q is longer than %d bytes, or is no text", tag, MaxTag)
		}
		seen[tag] = true
		clean = append(clean, tag)
	}
	if len(clean) > MaxTags {
		return nil, fmt.Errorf("%d tags: %d are allowed", len(clean), MaxTags)
	}
	return clean, nil
}

// Plain checks a line or a text that is shown as text, not as Markdown: a title, a comment. It returns it trimmed, and an error that says what is
// wrong with it. what names it, limit is in bytes.
func Plain(what, text string, limit int) (string, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return "", fmt.Errorf("%s is empty", what)
	case len(text) > limit:
		return "", fmt.Errorf("%s has %d bytes: %d are allowed", what, len(text), limit)
	case !utf8.ValidString(text):
		return "", fmt.Errorf("%s is not UTF-8", what)
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return "", fmt.Errorf("%s contains control characters", what)
	case strings.ContainsFunc(text, reorders):
		return "", fmt.Errorf("%s contains characters that show text in another order", what)
	}
	return text, nil
}

// reorders reports whether a character has browsers show what follows in another order, so that a line can be made to read as what it is not
// (Unicode Technical Report 36, bidirectional text spoofing). Languages that are written from right to left need none of them.
func reorders(r rune) bool { return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 }
