package web

import (
	"context"

	"grove.place/lattice/workers"
	"grove.place/lattice/workers/grove/hosts"
)

// Origin is the address of the apex host, "https://grove.place", by the variable GROVE_DOMAIN.
func Origin(ctx context.Context) string {
	return SiteOrigin(ctx, "")
}

// SiteOrigin is the address of a site's host, "https://alice.grove.place".
func SiteOrigin(ctx context.Context, subdomain string) string {
	return hosts.Origin(workers.Getenv(ctx, "GROVE_DOMAIN"), subdomain)
}
