package markup

import (
	"fmt"
	"strings"
)

// Parse reads a template. {{>part}} stands for the text of parts["part"].
func Parse(name, text string, parts map[string]string) (*Template, error) {
	for part, content := range parts {
		text = strings.ReplaceAll(text, "{{>"+part+"}}", content)
	}
	p := parser{rest: text}
	nodes, err := p.nodes("")
	if err != nil {
		return nil, fmt.Errorf("markup: %s: %w", name, err)
	}
	return &Template{name, nodes}, nil
}

// MustParse is Parse for templates that are part of the program.
func MustParse(name, text string, parts map[string]string) *Template {
	t, err := Parse(name, text, parts)
	if err != nil {
		panic(err)
	}
	return t
}

type parser struct {
	rest    string
	context context
}

// nodes parses up to the end of the section called section, or of the template.
func (p *parser) nodes(section string) ([]node, error) {
	var nodes []node
	for {
		text, rest, found := strings.Cut(p.rest, "{{")
		if err := p.context.read(text); err != nil {
			return nil, err
		}
		if text != "" {
			nodes = append(nodes, node{kind: 't', text: text})
		}
		if !found {
			if section != "" {
				return nil, fmt.Errorf("{{#%s}} is not closed", section)
			}
			return nodes, nil
		}
		tag, rest, closed := strings.Cut(rest, "}}")
		if !closed || tag == "" {
			return nil, fmt.Errorf("a {{ without name and }}")
		}
		p.rest = rest
		if tag[0] == '/' {
			if tag[1:] != section {
				return nil, fmt.Errorf("{{%s}} closes nothing", tag)
			}
			return nodes, nil
		}
		n, err := p.tag(tag)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
}

func (p *parser) tag(tag string) (node, error) {
	if kind := tag[0]; kind == '#' || kind == '^' {
		before := p.context
		inner, err := p.nodes(tag[1:])
		// A section that is left out, or repeated, must not change what the text after it means.
		if err == nil && p.context.state != before.state {
			err = fmt.Errorf("{{%s}} begins inside a tag or attribute and ends outside, or the other way round", tag)
		}
		return node{kind: kind, text: tag[1:], nodes: inner}, err
	}
	switch p.context.state {
	case inText:
	case inQuotes:
		if p.context.link && !p.context.begun {
			p.context.begun = true
			if away, ok := strings.CutPrefix(tag, "@"); ok {
				return node{kind: 'e', text: away}, nil
			}
			return node{kind: 'l', text: tag}, nil
		}
		return node{kind: 'a', text: tag}, nil
	default:
		return node{}, fmt.Errorf("{{%s}} stands where a value is not safe: put it in text or in a double-quoted attribute", tag)
	}
	return node{kind: 'v', text: tag}, nil
}

// Where in the HTML the parser is.
const (
	inText = iota
	inTag
	inQuotes // of a double-quoted attribute
)

// context follows the HTML as far as it matters to values.
type context struct {
	state int
	name  string // text of the tag so far, or of the attribute's name
	link  bool   // the attribute is a URL
	begun bool   // the attribute's value has begun
}

// links are attributes that can take a visitor elsewhere or run a script.
var links = []string{"href", "src", "action", "formaction"}

func (c *context) read(text string) error {
	for _, r := range text {
		switch {
		case c.state == inText && r == '<':
			*c = context{state: inTag}
		case c.state == inTag && r == '>':
			if name := strings.ToLower(c.name) + " "; strings.HasPrefix(name, "style ") || strings.HasPrefix(name, "script ") && !strings.Contains(name, " src=") {
				return fmt.Errorf("<%s> with contents: pages load scripts and styles from files", c.name)
			}
			*c = context{state: inText}
		case c.state == inTag && r == '\'':
			return fmt.Errorf("attributes are written in double quotes")
		case c.state == inTag && r == '"':
			c.state, c.link, c.begun = inQuotes, false, false
			for _, l := range links {
				c.link = c.link || strings.HasSuffix(strings.ToLower(c.name), " "+l+"=")
			}
			if strings.Contains(strings.ToLower(c.name), " on") || strings.HasSuffix(strings.ToLower(c.name), " style=") {
				return fmt.Errorf("%q: pages have no inline handlers and styles", c.name)
			}
		case c.state == inTag:
			c.name += string(r)
		case c.state == inQuotes && r == '"':
			c.state = inTag
		case c.state == inQuotes:
			c.begun = true
		}
	}
	return nil
}
