package access

import (
	"context"
	"time"

	"grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/cache"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/grove/web"
)

var db = d1.Database("DB")

const (
	knownFor   = 30 * time.Second // how long a subdomain is remembered in the isolate
	unknownFor = time.Minute      // … one that is nobody's
	maxNames   = 10_000
)

// place is what a subdomain stands for. tenantID is "" when it is nobody's.
type place struct {
	tenantID string
	status   string // as D1 has it
}

var names = cache.New[place](maxNames)

// lookup finds the tenant of a subdomain. It asks D1 and no object: an object exists as soon as it is asked for.
func lookup(ctx context.Context, subdomain string) (place, error) {
	if p, ok := names.Get(subdomain); ok {
		return p, nil
	}
	var row struct {
		ID     string `json:"id"`
		Status string `json:"status"`
	}
	found, err := db.Prepare(`SELECT id, status FROM tenants WHERE subdomain = ? AND status <> 'deleting'`).Bind(subdomain).First(ctx, &row)
	if err != nil {
		return place{}, web.Unavailable("This site", err)
	}
	if !found || !ids.Valid(row.ID) {
		names.Put(subdomain, place{}, unknownFor)
		return place{}, nil
	}
	p := place{row.ID, row.Status}
	names.Put(subdomain, p, knownFor)
	return p, nil
}

// configs are the configurations of sites, by tenant; each call of admit says whether there is a newer one.
var configs = cache.New[*tenant.Config](1000)

// refused are visitors that have to wait, so that they cost no call until then.
var refused = cache.New[time.Time](maxNames)

// Forget drops what this isolate remembers of subdomains, after a change of them.
func Forget(subdomains ...string) {
	for _, name := range subdomains {
		names.Drop(name)
	}
}
