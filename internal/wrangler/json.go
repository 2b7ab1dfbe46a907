package wrangler

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
)

// isJSON reports whether a file is wrangler.json or wrangler.jsonc, which have the same settings as wrangler.toml.
func isJSON(path string) bool {
	ext := filepath.Ext(path)
	return ext == ".json" || ext == ".jsonc"
}

// readJSON reads JSON with comments and trailing commas.
func readJSON(path string, data []byte) (map[string]any, places, error) {
	plain := withoutComments(data)
	where, err := placesInJSON(plain)
	if err != nil {
		return nil, nil, jsonError(path, plain, err)
	}
	dec := json.NewDecoder(bytes.NewReader(plain))
	dec.UseNumber()
	var settings map[string]any
	if err := dec.Decode(&settings); err != nil {
		return nil, nil, jsonError(path, plain, err)
	}
	if rest := bytes.TrimSpace(plain[dec.InputOffset():]); len(rest) > 0 {
		return nil, nil, fmt.Errorf("%s:%d: not valid JSON: something follows the settings", path, lineAt(plain, int64(len(plain)-len(rest))))
	}
	return settings, where, nil
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

// placesInJSON finds where the keys stand.
func placesInJSON(data []byte) (places, error) {
	where := places{}
	dec := json.NewDecoder(bytes.NewReader(data))
	var walk func(path string) error
	walk = func(path string) error {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		where.note(path, lineAt(data, dec.InputOffset()))
		open, ok := token.(json.Delim)
		if !ok {
			return nil
		}
		for i := 0; dec.More(); i++ {
			inner := element(path, i)
			if open == '{' {
				name, err := dec.Token()
				if err != nil {
					return err
				}
				inner = child(path, fmt.Sprint(name))
				where[inner] = lineAt(data, dec.InputOffset()) // the last one counts, as in JavaScript
			}
			if err := walk(inner); err != nil {
				return err
			}
		}
		_, err = dec.Token()
		return err
	}
	return where, walk("")
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
