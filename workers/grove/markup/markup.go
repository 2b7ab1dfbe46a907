// Package markup renders the HTML of pages from templates without logic: {{name}}, {{#name}}…{{/name}} for something that
// is there (or for each of a list), {{^name}}…{{/name}} for something that is not.
//
// It exists because html/template calls methods by computed names, which keeps every exported method of the program and makes
// the module more than a megabyte larger, compressed. A value is escaped, for text and for quoted attributes (HTML alone is not, between tags); the parser
// refuses it anywhere else (unquoted attributes, scripts, styles, comments). Links take paths of this site only; {{@name}} is a link that may lead elsewhere,
// by http or https.
package markup

import (
	"fmt"
	"io"
	"strings"
)

// Data is what a template shows: strings, bools, Data, and lists of Data. A name is looked up from the innermost section
// outwards; one that is nowhere is an error.
type Data map[string]any

// HTML is text that is already safe HTML, such as a post after sanitising. It is shown as it is between tags, and is an error in an attribute.
type HTML string

// Template is a parsed template. It is safe for concurrent use.
type Template struct {
	name  string
	nodes []node
}

type node struct {
	kind  byte // 't' text, 'v' value between tags, 'a' in an attribute, 'l' link, 'e' link elsewhere, '#' and '^' sections
	text  string
	nodes []node
}

// Execute writes the page.
func (t *Template) Execute(w io.Writer, data Data) error {
	var b strings.Builder
	if err := render(&b, t.nodes, []Data{data}); err != nil {
		return fmt.Errorf("markup: %s: %w", t.name, err)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func render(b *strings.Builder, nodes []node, scopes []Data) error {
	for _, n := range nodes {
		if n.kind == 't' {
			b.WriteString(n.text)
			continue
		}
		value, err := lookup(n.text, scopes)
		if err != nil {
			return err
		}
		switch n.kind {
		case '#':
			err = each(b, n, value, scopes)
		case '^':
			if inner, shown := list(value); !shown && len(inner) == 0 {
				err = render(b, n.nodes, scopes)
			}
		default:
			err = write(b, n, value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func each(b *strings.Builder, n node, value any, scopes []Data) error {
	inner, shown := list(value)
	if shown && len(inner) == 0 {
		return render(b, n.nodes, scopes)
	}
	for _, data := range inner {
		if err := render(b, n.nodes, append(scopes[:len(scopes):len(scopes)], data)); err != nil {
			return err
		}
	}
	return nil
}

// list says what a section goes over, or whether it is shown once when it goes over nothing.
func list(value any) (inner []Data, shown bool) {
	switch v := value.(type) {
	case []Data:
		return v, len(v) > 0
	case Data:
		if v == nil {
			return nil, false
		}
		return []Data{v}, true
	case string:
		return nil, v != ""
	case HTML:
		return nil, v != ""
	case bool:
		return nil, v
	}
	return nil, false
}

func write(b *strings.Builder, n node, value any) error {
	if html, ok := value.(HTML); ok && n.kind == 'v' {
		b.WriteString(string(html))
		return nil
	}
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("{{%s}} is a %T: only strings can be shown", n.text, value)
	}
	if n.kind == 'l' && (!strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") || strings.HasPrefix(text, `/\`)) {
		return fmt.Errorf("{{%s}} is a link and must be a path of this site", n.text)
	}
	if n.kind == 'e' && !strings.HasPrefix(text, "https://") && !strings.HasPrefix(text, "http://") {
		return fmt.Errorf("{{@%s}} is a link elsewhere and must begin with https:// or http://", n.text)
	}
	escaper.WriteString(b, text)
	return nil
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;", "\x00", "\ufffd")

func lookup(name string, scopes []Data) (any, error) {
	for i := len(scopes) - 1; i >= 0; i-- {
		if value, ok := scopes[i][name]; ok {
			return value, nil
		}
	}
	return nil, fmt.Errorf("{{%s}} has no value", name)
}
