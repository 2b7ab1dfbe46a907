package storage

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"grove.place/lattice/local-runtime/internal/storage/sqlite"
)

// workerd's SQLite has ORDER BY and LIMIT in UPDATE and DELETE, a grammar that is chosen when SQLite is compiled. Here
// such a statement is a syntax error at first, and is then rewritten to what SQLite makes of it itself:
//
//	DELETE FROM t WHERE x ORDER BY y LIMIT 1
//	DELETE FROM t WHERE _rowid_ IN (SELECT _rowid_ FROM t WHERE x ORDER BY y LIMIT 1)

// prepareLimited compiles a statement that SQLite refused, when that is the reason. Otherwise the refusal stands.
func (d *DB) prepareLimited(text string, refused error) (*stmt, int, error) {
	var failure *sqlite.Error
	if !errors.As(refused, &failure) || !refusedLimit.MatchString(failure.Message) {
		return nil, 0, refused
	}
	l, ok := parseLimited(text)
	if !ok {
		return nil, 0, refused
	}
	if l.stray > 0 {
		return nil, 0, &sqlite.Error{Code: failure.Code, Offset: l.stray, Message: `near ")": syntax error`}
	}
	rewritten := l.rewrite("_rowid_")
	s, _, err := d.stmts.prepare(rewritten.text())
	if l.unlimited && (err == nil || !wrongSyntax.MatchString(err.Error())) {
		d.stmts.release(s, false)
		return nil, 0, &sqlite.Error{Code: failure.Code, Offset: -1, Message: "ORDER BY without LIMIT on " + l.verb}
	}
	if errors.As(err, &failure) && strings.HasPrefix(failure.Message, "no such column: _rowid_") {
		if key := d.primaryKey(l.name); key != "" {
			rewritten = l.rewrite(key)
			s, _, err = d.stmts.prepare(rewritten.text())
		}
	}
	if err != nil {
		return nil, 0, rewritten.place(err, refused)
	}
	s.text = text[:l.end]
	return s, l.end, nil
}

var refusedLimit = regexp.MustCompile(`(?i)^near "(ORDER|LIMIT)": syntax error$`)

var wrongSyntax = regexp.MustCompile(`syntax error|^incomplete input|^unrecognized token`)

// primaryKey lists the key columns of a table without row ids.
func (d *DB) primaryKey(table string) string {
	var columns []string
	err := d.query("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", func(s *stmt) error {
		columns = append(columns, `"`+strings.ReplaceAll(s.Text(0), `"`, `""`)+`"`)
		return nil
	}, table)
	if err != nil {
		return ""
	}
	return strings.Join(columns, ", ")
}

// limited is an UPDATE or DELETE with LIMIT: the parts of its text, each from one offset to another.
type limited struct {
	source                             string
	verb, name                         string
	head, table, set, where, returning [2]int
	tail                               [2]int // ORDER BY and LIMIT
	end                                int    // of the statement, with its semicolon
	unlimited                          bool   // ORDER BY without LIMIT
	stray                              int    // offset of a closing parenthesis too many
}

// parseLimited takes the first statement of text apart. It knows as much of SQL as it takes to find the clauses.
func parseLimited(text string) (l limited, ok bool) {
	l.source = text
	at := map[string]int{}
	depth, last, stop := 0, 0, len(text)
	l.end = len(text)
	var words []token
	for _, t := range tokens(text) {
		switch t.text {
		case "(":
			depth++
		case ")":
			if depth--; depth < 0 { // it must not close the parenthesis that rewriting opens
				l.stray = t.start
				return l, true
			}
		case ";":
			l.end, stop = t.end, t.start
		}
		if stop != len(text) {
			break
		}
		last = t.end
		if depth > 0 || t.text == ")" {
			continue
		}
		words = append(words, t)
		word := strings.ToUpper(t.text)
		if (word == "DELETE" || word == "UPDATE") && l.verb == "" {
			l.verb = word
			at["VERB"] = t.end
		} else if _, seen := at[word]; l.verb != "" && !seen {
			at[word] = t.start
		}
	}
	if l.verb == "" || words[0].start != at["VERB"]-len(l.verb) && !strings.EqualFold(words[0].text, "WITH") {
		return l, false
	}
	return l, l.split(at, last)
}

// split finds the clauses, given where their keywords are outside parentheses.
func (l *limited) split(at map[string]int, stop int) bool {
	next := stop
	for _, clause := range []struct {
		word string
		part *[2]int
	}{{"LIMIT", &l.tail}, {"ORDER", &l.tail}, {"RETURNING", &l.returning}, {"WHERE", &l.where}, {"SET", &l.set}} {
		start, found := at[clause.word]
		if !found || start > next { // out of order: a syntax error, which shows where it is
			continue
		}
		*clause.part = [2]int{start, next}
		if clause.word == "ORDER" {
			l.tail[1] = stop
		}
		next = start
	}
	if l.tail == [2]int{} {
		return false
	}
	_, hasLimit := at["LIMIT"]
	l.unlimited = !hasLimit
	from, hasFrom := at["FROM"]
	start := at["VERB"]
	if l.verb == "DELETE" {
		if !hasFrom || from > next {
			return false
		}
		start = from + len("FROM")
	} else {
		if hasFrom || l.set == [2]int{} {
			return false // UPDATE … FROM joins tables
		}
		if or, found := at["OR"]; found && or < next { // UPDATE OR IGNORE t
			words := tokens(l.source[or:next])
			if len(words) < 2 {
				return false
			}
			start = or + words[1].end
		}
	}
	l.head, l.table = [2]int{0, start}, [2]int{start, next}
	l.name = tableName(l.source[start:next])
	return l.name != ""
}

// tableName returns the name in "main.t AS x INDEXED BY i".
func tableName(text string) string {
	words := tokens(text)
	if len(words) >= 3 && words[1].text == "." {
		words = words[2:]
	}
	if len(words) == 0 {
		return ""
	}
	name := words[0].text
	if q := name[0]; len(name) >= 2 && strings.IndexByte("\"'`[", q) >= 0 {
		name = name[1 : len(name)-1]
		name = strings.ReplaceAll(name, string(q)+string(q), string(q))
	}
	return name
}

// rewrite selects the rows by key. Parameters are numbered when a clause with parameters moves.
func (l limited) rewrite(key string) *pieces {
	p := &pieces{source: l.source}
	if strings.ContainsAny(l.source[l.returning[0]:l.returning[1]], "?:@$") {
		p.numbers = numbered(l.source[:l.tail[1]])
	}
	p.copy(l.head)
	p.copy(l.table)
	p.add(" ")
	p.copy(l.set)
	p.add(" WHERE (" + key + ") IN (SELECT " + key + " FROM ")
	p.copy(l.table)
	p.add(" ")
	p.copy(l.where)
	p.add(" ")
	p.copy(l.tail)
	p.closing = p.out.Len()
	p.add(") ")
	p.copy(l.returning)
	return p
}

// pieces is a text made of parts of another one, so that an offset in it can be traced back.
type pieces struct {
	source  string
	out     strings.Builder
	spans   [][3]int // start in the text, start in the source, length
	numbers map[int]token
	closing int // where the source's own end is
}

func (p *pieces) text() string { return p.out.String() }
func (p *pieces) add(s string) { p.out.WriteString(s) }

func (p *pieces) copy(part [2]int) {
	for i := part[0]; i < part[1]; {
		if t, ok := p.numbers[i]; ok {
			p.spans = append(p.spans, [3]int{p.out.Len(), i, 1})
			p.add(t.text)
			i = t.end
			continue
		}
		j := i + 1
		for _, ok := p.numbers[j]; j < part[1] && !ok; _, ok = p.numbers[j] {
			j++
		}
		p.spans = append(p.spans, [3]int{p.out.Len(), i, j - i})
		p.add(p.source[i:j])
		i = j
	}
}

// place gives a failure the offset that it has in the source. One at the end of the source is there because it ends; one
// at anything else that was added means that the source was wrong to begin with, as refused says.
func (p *pieces) place(err, refused error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) || e.Offset < 0 {
		return err
	}
	for _, s := range p.spans {
		if e.Offset >= s[0] && e.Offset < s[0]+s[2] {
			return &sqlite.Error{Code: e.Code, Offset: s[1] + e.Offset - s[0], Message: e.Message}
		}
	}
	if e.Offset < p.closing {
		return refused
	}
	return &sqlite.Error{Code: e.Code, Offset: -1, Message: "incomplete input"}
}

// numbered gives every parameter of text the number that SQLite gives it, by offset.
func numbered(text string) map[int]token {
	found, names, highest := map[int]token{}, map[string]int{}, 0
	for _, t := range tokens(text) {
		n := 0
		switch {
		case t.text == "?":
			highest++
			n = highest
		case t.text[0] == '?':
			fmt.Sscan(t.text[1:], &n)
			highest = max(highest, n)
		case len(t.text) > 1 && strings.IndexByte(":@$", t.text[0]) >= 0:
			if names[t.text] == 0 {
				highest++
				names[t.text] = highest
			}
			n = names[t.text]
		default:
			continue
		}
		found[t.start] = token{fmt.Sprint("?", n), t.start, t.end}
	}
	return found
}

// token is a word, a literal, a parameter or a character of SQL; white space and comments are none.
type token struct {
	text       string
	start, end int
}

var tokenPattern = regexp.MustCompile(`(?s)\s+|--[^\n]*|/\*.*?(?:\*/|$)|'(?:[^']|'')*'|"(?:[^"]|"")*"|` + "`(?:[^`]|``)*`" +
	`|\[[^\]]*\]|\?\d*|[:@$][\w$\x{80}-\x{10ffff}]+|[\w$\x{80}-\x{10ffff}]+|.`)

func tokens(text string) (all []token) {
	for _, m := range tokenPattern.FindAllStringIndex(text, -1) {
		s := text[m[0]:m[1]]
		if strings.TrimSpace(s) == "" || strings.HasPrefix(s, "--") || strings.HasPrefix(s, "/*") {
			continue
		}
		all = append(all, token{s, m[0], m[1]})
	}
	return all
}
