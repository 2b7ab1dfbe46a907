package content

import (
	"regexp"
	"strings"
	"testing"
)

func TestRenderMakesHTMLOfMarkdown(t *testing.T) {
	for markdown, want := range map[string]string{
		"# Hi\n\n*one* **two** ~~three~~ `four`": "<h1>Hi</h1>\n<p><em>one</em> <strong>two</strong> <del>three</del> <code>four</code></p>\n",
		"[a](/posts/x) [b](https://x.test)":      `<p><a href="/posts/x">a</a> <a href="https://x.test" rel="nofollow noreferrer">b</a></p>` + "\n",
		"![alt](/media/a/b.png)":                 `<p><img src="/media/a/b.png" alt="alt"></p>` + "\n",
		"3. three":                               "<ol start=\"3\">\n<li>three</li>\n</ol>\n",
		"a & b < c":                              "<p>a &amp; b &lt; c</p>\n",
	} {
		got, err := Render(markdown)
		if err != nil || string(got) != want {
			t.Errorf("%q becomes %q (%v), want %q", markdown, got, err, want)
		}
	}
	if _, err := Render(strings.Repeat("x", MaxMarkdown+1)); err == nil {
		t.Error("a text over the limit was rendered")
	}
}

// danger is what must never come out, whatever goes in.
var danger = regexp.MustCompile(`(?i)<(script|style|iframe|object|embed|form|input|svg|math|base|meta|link|video|audio)\b|<[^>]*\s(on\w+|style|srcset|formaction)\s*=|(href|src)="?\s*(javascript|data|vbscript|blob|file):|<img[^>]*src="(https?:)?//`)

var attacks = []string{
	"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "[x](&#106;avascript:alert(1))",
	"[x](java\tscript:alert(1))", "![x](javascript:alert(1))", "![x](https://tracker.test/p.png)", "![x](//tracker.test/p.png)", "![x](data:image/svg+xml;base64,PHN2Zz4=)", "<svg onload=alert(1)>",
	"<a href=\"javascript:alert(1)\">x</a>", "<iframe src=//x.test></iframe>", "<style>*{display:none}</style>", "<form action=//x.test><input></form>",
	"[x]: javascript:alert(1)\n\n[x]", "<http://x.test/\" onclick=\"alert(1)>", "`<script>`\n\n<!-- <script> -->", "[x](data:text/html,<script>alert(1)</script>)",
	"<base href=//x.test>", "<math><mi//xlink:href=\"data:x,<script>alert(1)</script>\">", "[a](vbscript:x) ![](/media/../../x?onerror=1)",
	"```html\" onclick=\"x\n<script>\n```", "| <img src=x onerror=1> |\n|---|\n| [x](javascript:1) |",
}

func TestNothingDangerousComesOut(t *testing.T) {
	for _, attack := range attacks {
		got, err := Render(attack)
		if err != nil || danger.MatchString(string(got)) {
			t.Errorf("%q becomes %q (%v)", attack, got, err)
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, attack := range attacks {
		f.Add(attack)
	}
	f.Fuzz(func(t *testing.T, markdown string) {
		got, err := Render(markdown)
		if err == nil && danger.MatchString(string(got)) {
			t.Errorf("%q becomes %q", markdown, got)
		}
	})
}

func TestSummaries(t *testing.T) {
	html, err := Render("# A title\n\nSome *words* & more.\n\n* one\n* two\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := Summarize(html); got != (Summary{"A title Some words & more. one two", 8, 1}) {
		t.Errorf("%+v", got)
	}
	long := Summarize(HTML("<p>" + strings.Repeat("word ", 1000) + "</p>"))
	if long.Words != 1000 || long.ReadingMinutes != 5 || !strings.HasSuffix(long.Excerpt, "word…") || len([]rune(long.Excerpt)) > excerptRunes+1 {
		t.Errorf("%+v", long)
	}
	if got := Summarize(""); got != (Summary{}) {
		t.Errorf("of nothing: %+v", got)
	}
}

func TestSlugs(t *testing.T) {
	for title, want := range map[string]string{
		"Hello, World!": "hello-world", "  Über   Größe ": "ueber-groesse", "it's": "its", "日本": "", "a--b": "a-b", "-x-": "x", "": "",
		strings.Repeat("ab ", 60): strings.Trim(strings.Repeat("ab-", 60)[:MaxSlug], "-"),
	} {
		if got := Slug(title); got != want || got != "" && !ValidSlug(got) {
			t.Errorf("%q becomes %q, want %q", title, got, want)
		}
	}
	for _, bad := range []string{"", "A", "a b", "new", "drafts", "../x", "a-"} {
		if ValidSlug(bad) {
			t.Errorf("%q is taken for a slug", bad)
		}
	}
}

func TestTagsAndPlainText(t *testing.T) {
	tags, err := Tags([]string{" Go ", "go", "", "two  words"})
	if err != nil || strings.Join(tags, ",") != "go,two words" {
		t.Errorf("%q, %v", tags, err)
	}
	if _, err := Tags([]string{strings.Repeat("x", MaxTag+1)}); err == nil {
		t.Error("a tag over the limit was taken")
	}
	for text, ok := range map[string]bool{" x ": true, "": false, " \n": false, "toolong": false, "a\x00": false, "\xff": false, "a\nb": true,
		"a\u202eb": false, "\u2067a": false, "שלו": false, "של": true} {
		if _, err := Plain("it", text, 5); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}
