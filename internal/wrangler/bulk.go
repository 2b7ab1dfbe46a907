package wrangler

import (
	"encoding/json"
	"fmt"
	"strings"
)

// ParseSecretsFile reads secrets as ParseSecrets does. In NAME=value lines $NAME and ${NAME} are replaced, and a variable of the environment wins over a line, as
// in wrangler's --secrets-file.
func ParseSecretsFile(text string, e *Environ) (map[string]*string, error) {
	values, err := ParseSecrets(text)
	if err != nil || strings.HasPrefix(strings.TrimSpace(text), "{") {
		return values, err
	}
	vars, _ := parseDotenv(text)
	for name, value := range expand(vars, e.values) {
		values[name] = &value
	}
	return values, nil
}

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
