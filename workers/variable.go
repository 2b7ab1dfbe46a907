package workers

import (
	"context"
	"encoding/json"
	"fmt"

	"grove.place/lattice/internal/guest"
)

// Variable returns the variable or secret called name as a T: a string as it is, anything else decoded from JSON, which variables are that are not strings
// in the configuration, and which secrets may be.
//
//	limits, err := workers.Variable[struct{ Posts int }](ctx, "LIMITS")
//
// An error says what is missing and where to add it. It does not show the text of a string, for that may be a secret.
//
// See https://developers.cloudflare.com/workers/configuration/environment-variables/ and https://developers.cloudflare.com/workers/configuration/secrets/.
func Variable[T any](ctx context.Context, name string) (T, error) {
	var v T
	env, err := guest.Env(ctx)
	if err != nil {
		return v, err
	}
	b, ok := env[name]
	switch {
	case !ok:
		return v, fmt.Errorf("no variable or secret %q: add it to [vars] in wrangler.toml or, if it is a secret, to .dev.vars on this machine and with `lattice secret put %s` on Cloudflare", name, name)
	case b.Kind != "text" && b.Kind != "json":
		return v, fmt.Errorf("binding %q is of kind %s, not a variable", name, b.Kind)
	}
	if text, ok := any(&v).(*string); ok {
		*text = b.Value
		return v, nil
	}
	if err = json.Unmarshal([]byte(b.Value), &v); err == nil {
		return v, nil
	}
	var none T
	if b.Kind == "text" {
		return none, fmt.Errorf("variable %q is a string which is not JSON for a %T", name, none)
	}
	return none, fmt.Errorf("variable %q does not fit a %T: %w", name, none, err)
}
