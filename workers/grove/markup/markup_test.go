package markup

import (
	"strings"
	"testing"
)

func TestTemplates(t *testing.T) {
	cases := []struct {
		name, text string
		data       Data
		want       string
	}{
		{"plain text", `<p>Hello</p>`, nil, `<p>Hello</p>`},
		{"a value in text is escaped", `<p>{{x}}</p>`, Data{"x": `<b>&"'`}, `<p>&lt;b&gt;&amp;&#34;&#39;</p>`},
		{"a value in an attribute cannot leave it", `<a title="{{x}}">`, Data{"x": `" onclick="x`}, `<a title="&#34; onclick=&#34;x">`},
		{"safe HTML in text", `<p>{{x}}</p>`, Data{"x": HTML("<b>")}, `<p><b></p>`},
		{"a link to this site", `<a href="{{x}}">`, Data{"x": "/a?b=1&c=2"}, `<a href="/a?b=1&amp;c=2">`},
		{"a value within a link", `<a href="/a/{{x}}">`, Data{"x": "javascript:"}, `<a href="/a/javascript:">`},
		{"a section that is there", `{{#x}}yes{{/x}}{{^x}}no{{/x}}`, Data{"x": true}, `yes`},
		{"a section that is not", `{{#x}}yes{{/x}}{{^x}}no{{/x}}`, Data{"x": ""}, `no`},
		{"a list", `<ul>{{#x}}<li>{{n}}{{y}}</li>{{/x}}</ul>`, Data{"y": "!", "x": []Data{{"n": "1"}, {"n": "2"}}}, `<ul><li>1!</li><li>2!</li></ul>`},
		{"an empty list", `{{#x}}yes{{/x}}{{^x}}no{{/x}}`, Data{"x": []Data{}}, `no`},
		{"an inner name hides the outer", `{{#x}}{{n}}{{/x}}{{n}}`, Data{"n": "out", "x": Data{"n": "in"}}, `inout`},
		{"no data", `{{#x}}yes{{/x}}{{^x}}no{{/x}}`, Data{"x": Data(nil)}, `no`},
		{"a part", `<main>{{>main}}</main>`, Data{"x": "1"}, `<main><p>1</p></main>`},
		{"a section within a tag", `<li{{#x}} class="a"{{/x}}>`, Data{"x": true}, `<li class="a">`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			template, err := Parse("test", c.text, map[string]string{"main": "<p>{{x}}</p>"})
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			if err := template.Execute(&b, c.data); err != nil || b.String() != c.want {
				t.Fatalf("got %q, %v, want %q", b.String(), err, c.want)
			}
		})
	}
}

func TestSafeHTMLIsNotForAttributes(t *testing.T) {
	for _, text := range []string{`<a title="{{x}}">`, `<a href="{{x}}">`, `<a href="/{{x}}">`} {
		var b strings.Builder
		if err := MustParse("test", text, nil).Execute(&b, Data{"x": HTML("/<b>")}); err == nil {
			t.Errorf("%s: %s", text, b.String())
		}
	}
}

func TestUnsafeTemplatesAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"an unquoted attribute":         `<a title={{x}}>`,
		"a single-quoted attribute":     `<a title='{{x}}'>`,
		"an attribute name":             `<a {{x}}="1">`,
		"a tag name":                    `<{{x}}>`,
		"a script":                      `<script>var x = "{{x}}"</script>`,
		"a module":                      `<script type="module">{{x}}</script>`,
		"a style":                       `<style>{{x}}</style>`,
		"an inline handler":             `<a onclick="{{x}}">`,
		"an inline style":               `<a style="{{x}}">`,
		"a comment":                     `<!--{{x}}-->`,
		"a section that stays open":     `{{#x}}`,
		"a closing tag of another":      `{{#x}}{{/y}}`,
		"a brace that stays open":       `{{x`,
		"a section that opens a quote":  `<a {{#x}}title="{{/x}}">`,
		"a section that closes its tag": `<a {{#x}}>{{/x}}`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse("test", text, nil); err == nil {
				t.Fatal("it was accepted")
			}
		})
	}
}

func TestUnsafeValuesAreRefused(t *testing.T) {
	link := MustParse("test", `<a href="{{x}}">`, nil)
	for name, data := range map[string]Data{
		"a script":        {"x": "javascript:alert(1)"},
		"another site":    {"x": "//evil.test"},
		"a full address":  {"x": "https://evil.test"},
		"a backslash":     {"x": `/\evil.test`},
		"a missing value": {},
		"no string":       {"x": 1},
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			if err := link.Execute(&b, data); err == nil {
				t.Fatalf("it rendered %q", b.String())
			}
		})
	}
}

func TestLinksElsewhere(t *testing.T) {
	link := MustParse("test", `<a href="{{@x}}">`, nil)
	for value, want := range map[string]string{
		"https://grove.test/?a&b": `<a href="https://grove.test/?a&amp;b">`, "http://localhost:1/": `<a href="http://localhost:1/">`,
		"javascript:alert(1)": "", "/here": "", "//evil.test": "", "data:text/html,x": "", "": "",
	} {
		var b strings.Builder
		err := link.Execute(&b, Data{"x": value})
		if (err == nil) != (want != "") || err == nil && b.String() != want {
			t.Errorf("%q: %q, %v, want %q", value, b.String(), err, want)
		}
	}
	for _, text := range []string{`{{@x}}`, `<a title="{{@x}}">`, `<a href="/{{@x}}">`} {
		var b strings.Builder
		if template, err := Parse("test", text, nil); err == nil && template.Execute(&b, Data{"x": "https://grove.test"}) == nil {
			t.Errorf("%s: %s", text, b.String())
		}
	}
}

// FuzzValues renders any value in every place where one may stand: the page's own markup must be all the markup there is.
func FuzzValues(f *testing.F) {
	f.Add(`"><script>`)
	f.Add(`' onload='`)
	f.Add("/a\x00<b")
	page := MustParse("test", `<p title="{{x}}">{{x}}<a href="/{{x}}">{{#x}}{{x}}{{/x}}</a></p>`, nil)
	f.Fuzz(func(t *testing.T, value string) {
		var b strings.Builder
		if err := page.Execute(&b, Data{"x": value}); err != nil {
			t.Fatal(err)
		}
		if html := b.String(); strings.Count(html, "<") != 4 || strings.Count(html, ">") != 4 || strings.Count(html, `"`) != 4 || strings.Contains(html, "'") {
			t.Errorf("%q changed the markup: %s", value, html)
		}
	})
}
