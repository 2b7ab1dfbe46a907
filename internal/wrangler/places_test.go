package wrangler

import (
	"strings"
	"testing"
)

const wild = `name = "a" # = [x]
"quoted.key" = 1
dotted . key = "b"
text = """
[[not]]
a = "x" \"""
"""
raw = '''
it's = 'raw' '''''
numbers = [
  1, # one ]
  2,
  [ 3,
    4 ],
]
inline = { a = "}", b = { c = [ { d = 1 },
  { e = 2 } ] } }

[table]
a = 1979-05-27T07:32:00Z
  [table.sub]
  b = '\'

[[list]]
name = "first"
[list.inner]
x = 1
[[list]] # again
name = "second"
[[list.deep]]
y = 1
[[list.deep]]
y = 2
[[env.staging.list]]
name = "staged"
`

func TestPlacesInTOML(t *testing.T) {
	where := placesInTOML(wild)
	for path, want := range map[string]string{
		"name": `name = "a"`, "quoted.key": `"quoted.key"`, "dotted.key": "dotted . key", "text": `text = """`, "raw": "raw =", "numbers": "numbers",
		"numbers[0]": "  1, # one", "numbers[1]": "  2,", "numbers[2][0]": "[ 3,", "numbers[2][1]": "4 ],", "inline.b.c[0].d": "inline", "inline.b.c[1].e": "{ e = 2 }",
		"table": "[table]", "table.a": "a = 1979", "table.sub.b": `b = '\'`, "list": "[[list]]", "list[0].name": "first", "list[0].inner.x": "x = 1",
		"list[1]": "# again", "list[1].name": "second", "list[1].deep[0].y": "y = 1", "list[1].deep[1].y": "y = 2", "env.staging.list[0].name": "staged",
	} {
		line := where[path]
		if got := strings.Split(wild, "\n")[max(line-1, 0)]; line == 0 || !strings.Contains(got, want) {
			t.Errorf("%s is said to stand on line %d: %q", path, line, got)
		}
	}
	if got := where.of("list[1].nothing.here"); got != where["list[1]"] || got == 0 {
		t.Errorf("the nearest place of a key that is not there: %d", got)
	}
	if _, err := loadAny(t, wild); err != nil {
		t.Errorf("the text is not good TOML: %v", err)
	}
}

func loadAny(t *testing.T, text string) (any, error) {
	t.Helper()
	raw, _, err := readTOML("wild.toml", []byte(text))
	return raw, err
}

func TestPlacesInJSON(t *testing.T) {
	where, err := placesInJSON(withoutComments([]byte("{\n\"a\": [\n1, // x\n{ \"b\":\n2 }],\n\"twice\": 1,\n\"twice\": 2,\n}")))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"a": 2, "a[0]": 3, "a[1]": 4, "a[1].b": 4, "twice": 7} {
		if where[path] != want {
			t.Errorf("%s is said to stand on line %d, want %d", path, where[path], want)
		}
	}
}

func FuzzPlacesInTOML(f *testing.F) {
	f.Add(wild)
	f.Fuzz(func(t *testing.T, text string) {
		raw, where, err := readTOML("f.toml", []byte(text))
		if err != nil {
			return
		}
		var walk func(path string, v any)
		walk = func(path string, v any) {
			if strings.ContainsAny(path, "\"'\\\x00\r\n") { // keys with escapes
				return
			}
			if path != "" && where[path] == 0 {
				t.Fatalf("no place for %q in %q", path, text)
			}
			switch v := v.(type) {
			case map[string]any:
				for name, e := range v {
					walk(child(path, name), e)
				}
			case []any:
				for i, e := range v {
					walk(element(path, i), e)
				}
			}
		}
		walk("", raw)
	})
}
