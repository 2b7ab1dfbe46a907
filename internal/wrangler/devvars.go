package wrangler

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var varName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// LoadDevVars reads the secrets for development that stand beside the configuration: .dev.vars.ENV when there is one for
// the environment, otherwise .dev.vars. Without either it returns no variables.
func LoadDevVars(dir, env string) (map[string]string, error) {
	names := []string{".dev.vars"}
	if env != "" {
		names = []string{".dev.vars." + env, ".dev.vars"}
	}
	for _, name := range names {
		path := filepath.Join(dir, name)
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: cannot be read: %w", path, errors.Unwrap(err))
		}
		vars, err := ParseDevVars(string(data))
		if err != nil {
			return nil, fmt.Errorf("%s:%w", path, err)
		}
		return vars, nil
	}
	return map[string]string{}, nil
}

// MissingVars names, in order, what .dev.vars.example in dir sets and vars lack.
func MissingVars(dir string, vars map[string]Var) (missing []string) {
	data, err := os.ReadFile(filepath.Join(dir, ".dev.vars.example"))
	if err != nil {
		return nil
	}
	example, err := ParseDevVars(string(data))
	if err != nil {
		return nil // it is for people
	}
	for _, name := range slices.Sorted(maps.Keys(example)) {
		if _, ok := vars[name]; !ok {
			missing = append(missing, name)
		}
	}
	return missing
}

// ParseDevVars reads NAME=value lines: # comments, an optional `export`, values plain, in "double quotes" with \n, \t,
// \" and \\, or in 'single quotes' as they are. A quoted value may span lines. An error begins with its line number.
func ParseDevVars(text string) (map[string]string, error) {
	vars := map[string]string{}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	for line := 1; text != ""; {
		head, rest, _ := strings.Cut(text, "\n")
		trimmed := strings.TrimSpace(head)
		if trimmed == "" || strings.HasPrefix(trimmed, "#") {
			text, line = rest, line+1
			continue
		}
		name, _, ok := strings.Cut(strings.TrimPrefix(trimmed, "export "), "=")
		name = strings.TrimSpace(name)
		if !ok || !varName.MatchString(name) {
			return nil, fmt.Errorf("%d: expected NAME=value", line)
		}
		after := strings.TrimLeft(text[strings.Index(text, "=")+1:], " \t")
		value, used, err := devValue(after)
		if err != nil {
			return nil, fmt.Errorf("%d: %s: %w", line, name, err)
		}
		vars[name] = value
		line += 1 + strings.Count(after[:used], "\n")
		_, text, _ = strings.Cut(after[used:], "\n")
	}
	return vars, nil
}

// devValue takes one value from the start of text and says how many bytes it spans.
func devValue(text string) (value string, used int, err error) {
	if text == "" || (text[0] != '"' && text[0] != '\'') {
		end := strings.IndexByte(text, '\n')
		if end < 0 {
			end = len(text)
		}
		value, _, _ = strings.Cut(text[:end], " #")
		return strings.TrimSpace(value), end, nil
	}
	quote := text[0]
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch ch := text[i]; {
		case ch == quote:
			return b.String(), i + 1, nil
		case ch == '\\' && quote == '"' && i+1 < len(text):
			i++
			b.WriteString(unescape(text[i]))
		default:
			b.WriteByte(ch)
		}
	}
	return "", 0, fmt.Errorf("the quote %c is never closed", quote)
}

func unescape(ch byte) string {
	switch ch {
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case 'r':
		return "\r"
	case '"', '\\':
		return string(ch)
	}
	return "\\" + string(ch)
}
