package wrangler

import (
	"fmt"
	"regexp"
	"strings"
)

// variable is one NAME=value of a file, in the order of the file.
type variable struct{ name, value string }

var assignment = regexp.MustCompile(`^[ \t]*(?:export[ \t]+)?([A-Za-z0-9_.-]+)(?:[ \t]*=|:[ \t])`)

// parseDotenv reads NAME=value lines as wrangler does, which uses the npm package dotenv: # begins a comment, also without a space before it; `export` and a
// colon in the place of = are allowed; 'single', "double" and `back` quotes hold any text, of several lines too; in double quotes \n and \r are ends of lines,
// and no other escape is one. What it makes nothing of is skipped: the notes say where, after the number of the line.
func parseDotenv(text string) (vars []variable, notes []string) {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(text, "\ufeff"))
	for line := 1; text != ""; {
		head, rest, _ := strings.Cut(text, "\n")
		m := assignment.FindStringSubmatch(head)
		if m == nil {
			if trimmed := strings.TrimSpace(head); trimmed != "" && !strings.HasPrefix(trimmed, "#") {
				notes = append(notes, fmt.Sprintf("%d: is skipped: it is not NAME=value", line))
			}
			text, line = rest, line+1
			continue
		}
		after := text[len(m[0]):]
		value, used, quoted := quotedValue(after)
		if !quoted {
			used = strings.IndexAny(after+"\n", "#\n")
			value = strings.TrimSpace(after[:used])
			if q := value + " "; strings.ContainsRune("\"'`", rune(q[0])) && strings.Count(value, q[:1]) == 1 {
				notes = append(notes, fmt.Sprintf("%d: %s: the quote %s is never closed, and belongs to the value", line, m[1], q[:1]))
			}
		}
		vars = append(vars, variable{m[1], unquoted(value)})
		line += 1 + strings.Count(after[:used], "\n")
		_, text, _ = strings.Cut(after[used:], "\n")
	}
	return vars, notes
}

// quotedValue takes a value with its quotes from the start of text, when it has any and nothing but a comment follows them on the line.
func quotedValue(text string) (value string, used int, ok bool) {
	start := len(text) - len(strings.TrimLeft(text, " \t\n"))
	if start == len(text) || !strings.ContainsRune("\"'`", rune(text[start])) {
		return "", 0, false
	}
	var ends []int // the first quote without a \ before it; or else one with
	for i := start + 1; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) && text[i+1] == text[start] {
			i++
			ends = append([]int{i + 1}, ends...)
		} else if text[i] == text[start] {
			ends = append([]int{i + 1}, ends...)
			break
		}
	}
	for _, end := range ends {
		if rest, _, _ := strings.Cut(strings.TrimLeft(text[end:], " \t"), "\n"); rest == "" || rest[0] == '#' {
			return text[start:end], end, true
		}
	}
	return "", 0, false
}

// unquoted takes the quotes off a value.
func unquoted(value string) string {
	if value == "" {
		return ""
	}
	quote := value[0]
	if n := len(value); n > 1 && strings.ContainsRune("\"'`", rune(quote)) && value[n-1] == quote {
		value = value[1 : n-1]
	}
	if quote == '"' {
		value = strings.ReplaceAll(strings.ReplaceAll(value, `\n`, "\n"), `\r`, "\r")
	}
	return value
}

// expand replaces $NAME and ${NAME} in the values of .env files, by variables of lines above and, first, of the process's environment if there is one;
// ${NAME:-text} and ${NAME-text} have text for what is not set or empty, ${NAME:+text} for what is. A variable of the process's environment wins over a line.
func expand(vars []variable, process map[string]string) map[string]string {
	out := map[string]string{}
	for _, v := range vars {
		value := v.value
		if set := process[v.name]; set != "" {
			value = set
		} else {
			value = expandValue(value, func(name string) string {
				if set, ok := process[name]; ok {
					return set
				}
				return out[name]
			})
		}
		out[v.name] = strings.ReplaceAll(value, `\$`, "$")
	}
	return out
}

var (
	reference = regexp.MustCompile(`\$\{([^{}]+)\}|\$([A-Za-z_][A-Za-z0-9_]*)`)
	operator  = regexp.MustCompile(`:\+|\+|:-|-`)
)

func expandValue(value string, lookup func(string) string) string {
	seen := map[string]bool{}
	for range 1000 { // a value may bring references of its own
		m := firstReference(value)
		if m == nil {
			break
		}
		seen[value] = true
		expression := value[max(m[2], m[4]):max(m[3], m[5])]
		name, otherwise, put := expression, "", ""
		if op := operator.FindStringIndex(expression); op != nil {
			name, otherwise = expression[:op[0]], expression[op[1]:]
			if strings.HasSuffix(expression[:op[1]], "+") {
				if lookup(name) == "" {
					otherwise = ""
				}
				name = ""
			}
		}
		if name != "" {
			put = lookup(name)
		}
		if put == "" || seen[put] {
			put = otherwise
		}
		value = strings.Replace(value, value[m[0]:m[1]], put, 1) // the first that reads like it, also behind a \
		if name != "" && value == lookup(name) {
			break
		}
	}
	return value
}

// firstReference finds the first reference whose $ has no \ before it.
func firstReference(value string) []int {
	for _, m := range reference.FindAllStringSubmatchIndex(value, -1) {
		if m[0] == 0 || value[m[0]-1] != '\\' {
			return m
		}
	}
	return nil
}
