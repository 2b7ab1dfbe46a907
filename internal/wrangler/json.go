package wrangler

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// isJSON reports whether a file is wrangler.json or wrangler.jsonc, which have the same settings as wrangler.toml.
func isJSON(path string) bool {
	ext := filepath.Ext(path)
	return ext == ".json" || ext == ".jsonc"
}

// parseJSON reads JSON with comments and trailing commas, as TOML: one reading of the settings is enough.
func parseJSON(path string, data []byte, env string) (*Config, error) {
	plain := withoutComments(data)
	lines, err := jsonLines(plain)
	if err != nil {
		return nil, jsonError(path, plain, err)
	}
	dec := json.NewDecoder(bytes.NewReader(plain))
	dec.UseNumber()
	var settings map[string]any
	if err := dec.Decode(&settings); err != nil {
		return nil, jsonError(path, plain, err)
	}
	var text bytes.Buffer
	if err := toml.NewEncoder(&text).Encode(tomlValue(settings)); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	c, err := parse(path, text.Bytes(), env, lines)
	if err != nil {
		return nil, relocated(path, lines, err)
	}
	return c, nil
}

// withoutComments puts spaces in the place of comments and of commas before a closing bracket, so that nothing moves.
func withoutComments(data []byte) []byte {
	out := bytes.Clone(data)
	comma := -1 // the last one, when only space has followed
	for i := 0; i < len(out); i++ {
		switch c := out[i]; {
		case c == '"':
			for i++; i < len(out) && out[i] != '"' && out[i] != '\n'; i++ {
				if out[i] == '\\' {
					i++
				}
			}
			comma = -1
		case c == '/' && i+1 < len(out) && (out[i+1] == '/' || out[i+1] == '*'):
			end := len(out)
			if out[i+1] == '/' {
				if n := bytes.IndexByte(out[i:], '\n'); n >= 0 {
					end = i + n
				}
			} else if n := bytes.Index(out[i+2:], []byte("*/")); n >= 0 {
				end = i + n + 4
			}
			for ; i < end; i++ {
				if out[i] != '\n' {
					out[i] = ' '
				}
			}
			i--
		case c == ',':
			comma = i
		case (c == '}' || c == ']') && comma >= 0:
			out[comma] = ' '
			comma = -1
		case c != ' ' && c != '\t' && c != '\r' && c != '\n':
			comma = -1
		}
	}
	return out
}

// jsonLines finds where the keys stand.
func jsonLines(data []byte) (*lineIndex, error) {
	x := &lineIndex{lines: strings.Split(string(data), "\n"), keys: map[string]int{}}
	dec := json.NewDecoder(bytes.NewReader(data))
	var walk func(prefix string) error
	walk = func(prefix string) error {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		open, ok := token.(json.Delim)
		if !ok {
			return nil
		}
		for dec.More() {
			key := prefix
			if open == '{' {
				name, err := dec.Token()
				if err != nil {
					return err
				}
				key = strings.TrimPrefix(fmt.Sprintf("%s.%v", prefix, name), ".")
				x.note(key, lineAt(data, dec.InputOffset()))
			}
			if err := walk(key); err != nil {
				return err
			}
		}
		_, err = dec.Token()
		return err
	}
	return x, walk("")
}

func lineAt(data []byte, offset int64) int {
	return bytes.Count(data[:min(offset, int64(len(data)))], []byte("\n")) + 1
}

// jsonError says where the text is no JSON.
func jsonError(path string, data []byte, err error) error {
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("%s:%d: not valid JSON: %w", path, lineAt(data, max(e.Offset-1, 0)), err)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s: the settings must be an object, not %s", path, e.Value)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%s:%d: not valid JSON: it ends too early", path, lineAt(data, int64(len(data))))
	}
	return fmt.Errorf("%s: not valid JSON: %w", path, err)
}

// tomlValue is a value of JSON as the TOML library takes it. TOML has no null: what is null is left out.
func tomlValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, e := range v {
			if e != nil {
				out[name] = tomlValue(e)
			}
		}
		return out
	case []any:
		out := []any{}
		for _, e := range v {
			if e != nil {
				out = append(out, tomlValue(e))
			}
		}
		return out
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	}
	return v
}

var placed = regexp.MustCompile(`:\d+: ([A-Za-z0-9_.$-]+): `)

// relocated puts the line of the JSON text into an error that has one of the TOML text.
func relocated(path string, lines *lineIndex, err error) error {
	text, ok := strings.CutPrefix(err.Error(), path)
	m := placed.FindStringSubmatchIndex(text)
	if !ok || m == nil || m[0] != 0 {
		return err
	}
	key := text[m[2]:m[3]]
	place := path
	if line := lines.ofKey(strings.Split(key, ".")); line > 0 {
		place += ":" + strconv.Itoa(line)
	}
	return errors.New(place + ": " + key + ": " + strings.ReplaceAll(text[m[1]:], "TOML value", "value"))
}

// Find returns path, or wrangler.json or wrangler.jsonc beside it when path is a wrangler.toml that is not there. wrangler prefers JSON.
func Find(path string) string {
	if filepath.Base(path) != "wrangler.toml" {
		return path
	}
	for _, name := range []string{"wrangler.json", "wrangler.jsonc"} {
		if other := filepath.Join(filepath.Dir(path), name); exists(other) && !exists(path) {
			return other
		}
	}
	return path
}
