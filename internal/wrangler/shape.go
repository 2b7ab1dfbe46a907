package wrangler

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// shape is what a setting may look like. It is written as text (parseShape):
//
//	string  bool  number  whole  any        one value; a whole number has no fraction
//	'a'                                     that string
//	[SHAPE]                                 an array
//	<SHAPE>                                 a table with keys of the user's own
//	{name! other:SHAPE}                     a table with these keys; ! must be there; without a shape it is a string
//	SHAPE|SHAPE                             either
type shape struct {
	text, flag, number, whole, any bool
	one                            []string
	each, own                      *shape
	fields                         map[string]field
}

type field struct {
	shape    *shape
	required bool
}

// parseShape reads the notation. The shapes stand in this package, so a mistake in one is a panic.
func parseShape(text string) *shape {
	p := shapeParser{text}
	s := p.either()
	if p.rest != "" {
		panic("shape " + text + ": " + p.rest)
	}
	return s
}

type shapeParser struct{ rest string }

func (p *shapeParser) take(prefix string) bool {
	rest, ok := strings.CutPrefix(p.rest, prefix)
	p.rest = rest
	return ok
}

func (p *shapeParser) word() string {
	n := strings.IndexFunc(p.rest, func(r rune) bool { return strings.ContainsRune(" !:|[]{}<>'", r) })
	if n < 0 {
		n = len(p.rest)
	}
	word := p.rest[:n]
	p.rest = p.rest[n:]
	return word
}

func (p *shapeParser) either() *shape {
	s := &shape{}
	p.one(s)
	for p.take("|") {
		p.one(s)
	}
	return s
}

func (p *shapeParser) one(s *shape) {
	switch {
	case p.take("'"):
		s.one = append(s.one, p.word())
		p.take("'")
	case p.take("["):
		s.each = p.either()
		p.take("]")
	case p.take("<"):
		s.own = p.either()
		p.take(">")
	case p.take("{"):
		if s.fields == nil {
			s.fields = map[string]field{}
		}
		for !p.take("}") {
			name := p.word()
			f := field{required: p.take("!"), shape: &shape{text: true}}
			if p.take(":") {
				f.shape = p.either()
			}
			s.fields[name] = f
			p.take(" ")
		}
	default:
		switch word := p.word(); word {
		case "string":
			s.text = true
		case "bool":
			s.flag = true
		case "number":
			s.number = true
		case "whole":
			s.whole = true
		case "any":
			s.any = true
		default:
			panic("shape " + word + p.rest)
		}
	}
}

// check holds a value against a shape. What does not fit is an error, and a key that nobody knows is a warning.
func (d *diagnosis) check(s *shape, path string, v any) {
	if s.any || v == nil {
		return
	}
	fits := false
	switch v := v.(type) {
	case string:
		fits = s.text || slices.Contains(s.one, v)
	case bool:
		fits = s.flag
	case int64, float64, json.Number:
		fits = s.number || s.whole && isWhole(v)
	case []any:
		if fits = s.each != nil; fits {
			for i, e := range v {
				d.check(s.each, element(path, i), e)
			}
		}
	case map[string]any:
		if fits = s.own != nil || s.fields != nil; fits {
			d.checkTable(s, path, v)
		}
	}
	if !fits {
		d.fail(path, "%s must be %s, not %s", quote(path), d.describe(s), shown(v))
	}
}

func (d *diagnosis) checkTable(s *shape, path string, table map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(table)) {
		key := child(path, name)
		if f, ok := s.fields[name]; ok {
			d.check(f.shape, key, table[name])
		} else if s.own != nil {
			d.check(s.own, key, table[name])
		} else {
			d.unknown(key, name, slices.Sorted(maps.Keys(s.fields)))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.fields)) {
		if s.fields[name].required && table[name] == nil {
			d.fail(path, "%s lacks %s: write %s", quote(path), name, d.example(name, s.fields[name].shape))
		}
	}
}

// describe says what a shape takes, for people.
func (d *diagnosis) describe(s *shape) string {
	var parts []string
	if s.text {
		parts = append(parts, "a string")
	}
	if s.flag {
		parts = append(parts, "true or false")
	}
	if s.number {
		parts = append(parts, "a number")
	}
	if s.whole {
		parts = append(parts, "a whole number")
	}
	for _, one := range s.one {
		parts = append(parts, fmt.Sprintf("%q", one))
	}
	if s.each != nil {
		switch {
		case s.each.text:
			parts = append(parts, "an array of strings")
		case s.each.fields != nil && !d.json:
			parts = append(parts, "an array of tables, [[…]]")
		case s.each.fields != nil:
			parts = append(parts, "an array of objects")
		default:
			parts = append(parts, "an array")
		}
	}
	if s.fields != nil || s.own != nil {
		if d.json {
			parts = append(parts, "an object")
		} else {
			parts = append(parts, "a table")
		}
	}
	return strings.Join(parts, " or ")
}

// example is a line that sets a key.
func (d *diagnosis) example(name string, s *shape) string {
	value := `"…"`
	switch {
	case s.number || s.whole:
		value = "1"
	case s.flag:
		value = "true"
	case s.each != nil:
		value = "[…]"
	case s.fields != nil || s.own != nil:
		value = "{ … }"
	case len(s.one) > 0:
		value = fmt.Sprintf("%q", s.one[0])
	}
	if d.json {
		return fmt.Sprintf("%q: %s", name, value)
	}
	return name + " = " + value
}

func isWhole(v any) bool {
	switch v := v.(type) {
	case int64:
		return true
	case float64:
		return v == math.Trunc(v)
	case json.Number:
		f, err := v.Float64()
		return err == nil && f == math.Trunc(f)
	}
	return false
}

// shown is a value as it stands in an error.
func shown(v any) string {
	if t, ok := v.(time.Time); ok {
		return "the date " + t.Format(time.DateOnly)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if text := []rune(string(b)); len(text) > 60 {
		return string(text[:60]) + "…"
	}
	return string(b)
}

func child(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func element(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

func quote(path string) string { return `"` + path + `"` }
