package web

import (
	"context"
	"net"
	"strings"

	"grove.place/lattice/workers"
)

// Origin is the address of the apex host, "https://grove.place", by the variable GROVE_DOMAIN.
func Origin(ctx context.Context) string {
	domain := workers.Getenv(ctx, "GROVE_DOMAIN")
	name, _, err := net.SplitHostPort(domain)
	if err != nil {
		name = domain
	}
	if name == "localhost" || strings.HasSuffix(name, ".localhost") || name == "127.0.0.1" {
		return "http://" + domain
	}
	return "https://" + domain
}
