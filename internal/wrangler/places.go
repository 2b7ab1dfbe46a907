package wrangler

import (
	"strings"
)

// places says on which line each key and each element of an array stands: "d1_databases[0].binding" on line 7.
type places map[string]int

func (p places) note(path string, line int) {
	if _, ok := p[path]; !ok && path != "" {
		p[path] = line
	}
}

// of returns the line of a key, or of the nearest one around it, or 0.
func (p places) of(path string) int {
	for path != "" {
		if line, ok := p[path]; ok {
			return line
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return 0
}

// tomlScanner finds the places in a text that the TOML library has found good: it tells the positions of errors only.
type tomlScanner struct {
	text   string
	pos    int
	line   int
	places places
	tables map[string]int // how many elements an array of tables has so far
}

func placesInTOML(text string) places {
	s := &tomlScanner{text: text, line: 1, places: places{}, tables: map[string]int{}}
	table := ""
	for s.space(true); s.pos < len(s.text); s.space(true) {
		if s.take("[") {
			table = s.header(s.take("["))
			continue
		}
		s.pair(table)
	}
	return s.places
}

func (s *tomlScanner) take(prefix string) bool {
	if strings.HasPrefix(s.text[s.pos:], prefix) {
		s.skip(len(prefix))
		return true
	}
	return false
}

// skip goes on by n bytes and counts the lines.
func (s *tomlScanner) skip(n int) {
	n = min(n, len(s.text)-s.pos)
	s.line += strings.Count(s.text[s.pos:s.pos+n], "\n")
	s.pos += n
}

// space skips blanks, and with lines also ends of lines and comments.
func (s *tomlScanner) space(lines bool) {
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; {
		case c == ' ' || c == '\t' || lines && (c == '\n' || c == '\r' || c == ','):
			s.skip(1)
		case c == '#' && lines:
			s.until("\n")
		default:
			return
		}
	}
}

func (s *tomlScanner) until(end string) {
	if n := strings.Index(s.text[s.pos:], end); n >= 0 {
		s.skip(n + len(end))
		return
	}
	s.skip(len(s.text))
}

// header reads the rest of [table] or [[table]] and returns the path of the table.
func (s *tomlScanner) header(array bool) string {
	path, keys := "", s.key()
	for i, key := range keys {
		path = child(path, key)
		n, isArray := s.tables[path]
		if array && i == len(keys)-1 {
			s.tables[path] = n + 1
			s.places.note(path, s.line)
			path = element(path, n)
		} else if isArray {
			path = element(path, n-1)
		}
		s.places.note(path, s.line)
	}
	s.until("]")
	if array {
		s.take("]")
	}
	return path
}

// pair reads key = value.
func (s *tomlScanner) pair(table string) {
	start := s.pos
	path := table
	for _, key := range s.key() {
		path = child(path, key)
		s.places.note(path, s.line)
	}
	s.take("=")
	s.space(false)
	s.value(path)
	if s.pos == start { // cannot be, in a good text
		s.skip(1)
	}
}

// key reads a key and its dots.
func (s *tomlScanner) key() (parts []string) {
	for {
		s.space(false)
		switch {
		case s.pos >= len(s.text):
			return parts
		case s.text[s.pos] == '"' || s.text[s.pos] == '\'':
			from := s.pos
			s.str()
			parts = append(parts, s.text[from+1:max(s.pos-1, from+1)])
		default:
			n := strings.IndexAny(s.text[s.pos:], " \t.=]\r\n")
			if n < 0 {
				n = len(s.text) - s.pos
			}
			parts = append(parts, s.text[s.pos:s.pos+n])
			s.skip(n)
		}
		s.space(false)
		if !s.take(".") {
			return parts
		}
	}
}

// str skips a string of any of the four kinds.
func (s *tomlScanner) str() {
	quote := s.text[s.pos : s.pos+1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(s.text[s.pos:], triple) {
		quote = triple
	}
	s.skip(len(quote))
	for s.pos < len(s.text) {
		switch {
		case s.text[s.pos] == '\\' && quote[0] == '"':
			s.skip(2)
		case s.take(quote):
			for len(quote) == 3 && s.pos < len(s.text) && s.text[s.pos] == quote[0] {
				s.skip(1) // quotes just before the closing ones
			}
			return
		default:
			s.skip(1)
		}
	}
}

func (s *tomlScanner) value(path string) {
	switch {
	case s.pos >= len(s.text):
	case s.text[s.pos] == '"' || s.text[s.pos] == '\'':
		s.str()
	case s.take("["):
		i := 0
		for s.space(true); s.pos < len(s.text) && !s.take("]"); s.space(true) {
			s.places.note(element(path, i), s.line)
			s.value(element(path, i))
			i++
		}
	case s.take("{"):
		for s.space(true); s.pos < len(s.text) && !s.take("}"); s.space(true) {
			s.pair(path)
		}
	default:
		n := strings.IndexAny(s.text[s.pos:], ",]}#\r\n")
		if n < 0 {
			n = len(s.text) - s.pos
		}
		s.skip(n)
	}
}
