package workers

import (
	"context"

	"grove.place/lattice/internal/guest"
)

// Getenv returns the variable or secret called name, or nothing when there is none. JSON variables come as JSON text.
//
// See https://developers.cloudflare.com/workers/configuration/environment-variables/.
func Getenv(ctx context.Context, name string) string {
	v, _ := LookupEnv(ctx, name)
	return v
}

// LookupEnv is Getenv, and tells a variable that is absent from one that is empty.
func LookupEnv(ctx context.Context, name string) (string, bool) {
	env, err := guest.Env(ctx)
	if err != nil {
		return "", false
	}
	b, ok := env[name]
	if !ok || b.Kind != "text" && b.Kind != "json" {
		return "", false
	}
	return b.Value, true
}
