package wrangler

import (
	"encoding/json"
	"fmt"
	"strings"
)

// ParseSecrets reads secrets for many names: a JSON object, in which null takes a secret away, or NAME=value lines as in .env. Errors do not show values.
func ParseSecrets(text string) (map[string]*string, error) {
	values := map[string]*string{}
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		var object map[string]any
		if err := json.Unmarshal([]byte(text), &object); err != nil {
			return nil, fmt.Errorf("the secrets are no JSON object: write {\"NAME\": \"value\"}")
		}
		for name, v := range object {
			switch v := v.(type) {
			case nil:
				values[name] = nil
			case string:
				values[name] = &v
			default:
				return nil, fmt.Errorf("the secret %s is no text: put its value into quotes", name)
			}
		}
		return values, nil
	}
	vars, notes := parseDotenv(text)
	if len(notes) > 0 {
		return nil, fmt.Errorf("the secrets: %s", strings.Join(notes, "; "))
	}
	for _, v := range vars {
		values[v.name] = &v.value
	}
	return values, nil
}
