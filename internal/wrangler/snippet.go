package wrangler

import (
	"encoding/json"
	"fmt"
	"strings"
)

// snippet writes what people are to add to their file.
func snippet(asJSON bool, table string, array bool, pairs []any) string {
	var b strings.Builder
	if !asJSON {
		switch {
		case table == "":
		case array:
			fmt.Fprintf(&b, "[[%s]]\n", table)
		default:
			fmt.Fprintf(&b, "[%s]\n", table)
		}
		for i := 0; i+1 < len(pairs); i += 2 {
			fmt.Fprintf(&b, "%s = %s\n", pairs[i], literal(asJSON, pairs[i+1]))
		}
		return strings.TrimSuffix(b.String(), "\n")
	}
	var fields []string
	for i := 0; i+1 < len(pairs); i += 2 {
		fields = append(fields, fmt.Sprintf("%q: %s", pairs[i], literal(asJSON, pairs[i+1])))
	}
	text := strings.Join(fields, ", ")
	if table == "" {
		return text
	}
	text = "{ " + text + " }"
	if array {
		text = "[" + text + "]"
	}
	names := strings.Split(table, ".")
	for i := len(names) - 1; i >= 0; i-- {
		text = fmt.Sprintf("%q: %s", names[i], text)
		if i > 0 {
			text = "{ " + text + " }"
		}
	}
	return text
}

// Inline are the keys and values of a table within a value.
type Inline []any

// literal writes a value. Strings, numbers and arrays of strings are alike in TOML and JSON.
func literal(asJSON bool, v any) string {
	switch v := v.(type) {
	case Inline:
		var fields []string
		for i := 0; i+1 < len(v); i += 2 {
			key := fmt.Sprintf("%v = ", v[i])
			if asJSON {
				key = fmt.Sprintf("%q: ", v[i])
			}
			fields = append(fields, key+literal(asJSON, v[i+1]))
		}
		return "{ " + strings.Join(fields, ", ") + " }"
	case []Inline:
		tables := make([]string, len(v))
		for i, t := range v {
			tables[i] = literal(asJSON, t)
		}
		return "[" + strings.Join(tables, ", ") + "]"
	case []string:
		quoted := make([]string, len(v))
		for i, s := range v {
			quoted[i] = literal(asJSON, s)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	b, _ := json.Marshal(v)
	return string(b)
}
