package content

import (
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
)

// judge is the second opinion: what bluemonday would let through, by the same list.
var judge = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "em", "strong", "del", "code", "pre", "blockquote", "ul", "ol", "li",
		"table", "thead", "tbody", "tr", "th", "td", "a", "img")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("title").OnElements("a", "img")
	p.AllowAttrs("alt").OnElements("img")
	p.AllowAttrs("src").Matching(regexp.MustCompile(`^/media/[A-Za-z0-9/_.-]+$`)).OnElements("img")
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	p.AllowURLSchemes("http", "https", "mailto")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnFullyQualifiedLinks(true)
	p.RequireNoReferrerOnFullyQualifiedLinks(true)
	return p
}()

// tokens is what a browser's tokenizer finds: tags with their attributes, and text. Addresses are compared as net/url writes them.
func tokens(text string) []string {
	var list []string
	z := html.NewTokenizer(strings.NewReader(text))
	for z.Next() != html.ErrorToken {
		t := z.Token()
		for i, a := range t.Attr {
			if u, err := url.Parse(a.Val); err == nil && (a.Key == "href" || a.Key == "src") {
				t.Attr[i].Val = u.String()
			}
		}
		if last := len(list) - 1; t.Type == html.TextToken && last >= 0 && strings.HasPrefix(list[last], "text ") {
			list[last] += t.Data
		} else if t.Type == html.TextToken {
			list = append(list, "text "+t.Data)
		} else {
			list = append(list, t.String())
		}
	}
	return list
}

// agrees reports whether bluemonday finds nothing to take out of, or to add to, what sanitize made.
func agrees(made string) (ok bool, got, want []string) {
	got, want = tokens(made), tokens(judge.Sanitize(made))
	return reflect.DeepEqual(got, want), got, want
}

func FuzzBluemondayFindsNothingToTakeOut(f *testing.F) {
	for _, attack := range attacks {
		f.Add(attack)
	}
	f.Add("[](#) [](?) [](<>)")
	f.Add("# T\n\n| a | b |\n|:--|--:|\n| [x](https://x.test/?a=1&b=2 \"t\") | ![i](/media/a/b.png 'u') |\n\n1. a\n2. b\n\n```go\nx < y && z\n```\n\n> q\n\n<m@x.test> &copy; \\<p>")
	f.Fuzz(func(t *testing.T, markdown string) {
		made, err := Render(markdown)
		if err != nil {
			return
		}
		if ok, got, want := agrees(string(made)); !ok {
			t.Errorf("%q becomes %q:\n%q\nbluemonday leaves\n%q", markdown, made, got, want)
		}
		if again := sanitize(string(made)); again != string(made) {
			t.Errorf("%q becomes %q the second time", made, again)
		}
	})
}

// FuzzSanitize is for the day on which goldmark lets something through: sanitize gets any text at all.
func FuzzSanitize(f *testing.F) {
	for _, attack := range attacks {
		f.Add(attack)
	}
	for _, text := range []string{
		`<a href="https://x.test" onclick="x">a</a>`, `<a href="javascript:x">a</a></a>`, `<a href="&#106;avascript:x">a</a>`, `<img src="/media/a.png" onerror="x" alt="a">`,
		`<p style="x">`, `<p/onclick="x">`, `<P>`, `<p `, `<p a="b"c="d">`, `</p x="y">`, `<!-- x -->`, `<![CDATA[x]]>`, `<p title="<script>">`, `<pre><`, "<p\n>", `<ol start="-1">`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		made := sanitize(text)
		for _, token := range tokens(made) {
			if strings.HasPrefix(token, "<") && !canonical.MatchString(token) {
				t.Errorf("%q becomes %q, with the tag %s", text, made, token)
			}
		}
	})
}

// canonical is every tag that may come out.
var canonical = regexp.MustCompile(`(?s)^(</?(p|h[1-6]|em|strong|del|code|pre|blockquote|ul|li|table|thead|tbody|tr|th|td)>|<[bh]r>|</[bh]r>|</?ol>|<ol start="[0-9]+">|</a>|</img>|<a href="[^"<>]*"( title="[^"<>]*")?( rel="nofollow noreferrer")?>|<img src="/media/[A-Za-z0-9/_.-]+" alt="[^"<>]*"( title="[^"<>]*")?>)$`)

func TestWhatIsNotOnTheListComesOutAsText(t *testing.T) {
	for text, want := range map[string]string{
		`<p onclick="x">a</p>`:                             `<p>a</p>`,
		`<p onclick=x>a</p>`:                               `&lt;p onclick=x>a</p>`,
		`<script>a</script>`:                               `&lt;script>a&lt;/script>`,
		`<!-- raw HTML omitted --><!-- x -->`:              `&lt;!-- x -->`,
		`<a href="javascript:x">a</a>b`:                    `ab`,
		`<a href="&#106;avascript:x">a</a>`:                `a`,
		`<a href="java&Tab;script:x">a</a>`:                `a`,
		`<a href="//x.test/?a=1&amp;b">a</a>`:              `<a href="//x.test/?a=1&amp;b" rel="nofollow noreferrer">a</a>`,
		`<a href="/\x.test">a</a>`:                         `a`,
		`<a href="mailto:a@x.test" title="t">a</a></a>`:    `<a href="mailto:a@x.test" title="t">a</a>`,
		`<img src="https://x.test/p.png" alt="a picture">`: `a picture`,
		`<img src="/media/../x" alt="">`:                   ``,
		`<ol start="3"><ol start="x"><li>`:                 `<ol start="3"><ol><li>`,
		`<th style="text-align:left">a</th>`:               `<th>a</th>`,
		`a < b <`:                                          `a &lt; b &lt;`,
	} {
		if got := sanitize(text); got != want {
			t.Errorf("%s becomes %s, want %s", text, got, want)
		}
	}
}
