package main

import (
	"slices"
	"strings"
)

// splitSQL parts a text into statements, each with its semicolon. What is in quotes or comments does not end one, nor do the statements inside a trigger,
// which ends with END (https://www.sqlite.org/c3ref/complete.html).
func splitSQL(text string) (statements []string) {
	var words []string // of the statement, the first few; and the last
	start, last := 0, ""
	end := func(at int) {
		if len(words) > 0 {
			statements = append(statements, strings.TrimSpace(text[start:at]))
		}
		words, last, start = nil, "", at
	}
	for i := 0; i < len(text); {
		n := sqlToken(text[i:])
		switch token := text[i : i+n]; {
		case strings.HasPrefix(token, "--") || strings.HasPrefix(token, "/*") || strings.TrimSpace(token) == "":
		case token == ";":
			if !isTrigger(words) || last == "END" {
				end(i + n)
			} else {
				last = ";"
			}
		default:
			word := strings.ToUpper(token)
			if len(words) < 4 {
				words = append(words, word)
			}
			if word != "END" || last == ";" { // the END of a CASE is not the trigger's
				last = word
			} else {
				last = ""
			}
		}
		i += n
	}
	end(len(text))
	return statements
}

func isTrigger(words []string) bool {
	return len(words) > 1 && words[0] == "CREATE" && slices.Contains(words[1:min(len(words), 3)], "TRIGGER")
}

// sqlToken is the length of the first token of text.
func sqlToken(text string) int {
	upTo := func(end string, from int) int {
		if i := strings.Index(text[from:], end); i >= 0 {
			return from + i + len(end)
		}
		return len(text)
	}
	switch c := text[0]; {
	case strings.HasPrefix(text, "--"):
		return upTo("\n", 2)
	case strings.HasPrefix(text, "/*"):
		return upTo("*/", 2)
	case c == '\'' || c == '"' || c == '`': // a doubled quote is two texts in a row here
		return upTo(string(c), 1)
	case c == '[':
		return upTo("]", 1)
	case isWord(c):
		n := 1
		for n < len(text) && isWord(text[n]) {
			n++
		}
		return n
	}
	return 1
}

func isWord(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
