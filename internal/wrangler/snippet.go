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
			fmt.Fprintf(&b, "%s = %s\n", pairs[i], literal(pairs[i+1]))
		}
		return strings.TrimSuffix(b.String(), "\n")
	}
	var fields []string
	for i := 0; i+1 < len(pairs); i += 2 {
		fields = append(fields, fmt.Sprintf("%q: %s", pairs[i], literal(pairs[i+1])))
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

// literal writes strings, and arrays of them, as TOML and JSON both have them.
func literal(v any) string {
	list, ok := v.([]string)
	if !ok {
		b, _ := json.Marshal(v)
		return string(b)
	}
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = literal(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
