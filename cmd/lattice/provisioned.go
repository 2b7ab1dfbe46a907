package main

import (
	"context"

	"grove.place/lattice/internal/cloudflare"
	"grove.place/lattice/internal/wrangler"
)

// provisioned is what the deployed Worker has under the name of a binding that names nothing in the configuration, because a deployment made it: a field of the
// binding, as the API has it, or "".
func provisioned(ctx context.Context, client *cloudflare.Client, cfg *wrangler.Config, binding, typ, field string) string {
	if cfg.Name == "" {
		return ""
	}
	list, err := client.Bindings(ctx, cfg.Name)
	if err != nil {
		return "" // which the caller says in other words
	}
	for _, b := range list {
		if b["name"] == binding && b["type"] == typ {
			id, _ := b[field].(string)
			return id
		}
	}
	return ""
}
