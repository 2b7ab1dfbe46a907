// Package access says which site a request is for, whether its visitor may come just now, and what they may do there.
//
// The one idea: a subdomain is only a name. It is looked up once (D1, then the isolate's memory), and from there on only the tenant's id counts; no object is
// asked for a site that does not exist. A page view then costs one call of TenantDO, Admit. Roles come from the membership in that tenant, never from
// what a request says. Start with Open, then Visit.Admit and Visit.Require.
package access

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/analytics"
	"grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers/grove/web"
	"grove.place/lattice/workers/heartwood"
)

// Visit is a request to a site.
type Visit struct {
	TenantID  string
	Subdomain string
	Config    *tenant.Config     // of the site, after Admit or Require
	User      *heartwood.Visitor // who it is; nil: nobody, or not asked yet
	Role      string             // of the user at this site, after Require or Member; "" for none
}

var (
	errUnknown = &web.Problem{Status: http.StatusNotFound, Code: "unknown_site", Title: "There is no such site",
		Message: "Nobody writes here. Look at the address once more.", Away: true}
	errSuspended = &web.Problem{Status: http.StatusForbidden, Code: "suspended", Title: "This site is suspended",
		Message: "It is not shown just now. Its owner can ask Grove why.", Away: true}
)

type contextKey struct{}

// Open finds the site of a subdomain. The error is a problem to answer with: the site is not there, is suspended, or cannot be looked up just now.
func Open(ctx context.Context, subdomain string) (*Visit, error) {
	p, err := lookup(ctx, subdomain)
	switch {
	case err != nil:
		return nil, err
	case p.tenantID == "":
		return nil, errUnknown
	case p.status == "suspended":
		return nil, errSuspended
	}
	return &Visit{TenantID: p.tenantID, Subdomain: subdomain}, nil
}

// With returns a context that carries the visit; From returns it in the site's handlers.
func With(ctx context.Context, v *Visit) context.Context {
	return context.WithValue(ctx, contextKey{}, v)
}

// From returns the visit that With put there. Handlers of a site's routes always have one.
func From(r *http.Request) *Visit { return r.Context().Value(contextKey{}).(*Visit) }

// Tenant returns the stub of the site's TenantDO.
func (v *Visit) Tenant() *durables.Stub[tenant.Tenant] { return tenant.Of(v.TenantID) }

// Identify finds out who looks at a public page. When that cannot be said they are nobody.
func (v *Visit) Identify(w http.ResponseWriter, r *http.Request) {
	user, err := heartwood.Authenticate(w, r)
	if err != nil {
		slog.WarnContext(r.Context(), "page shown as for nobody", "error", err)
	}
	v.User = user
}

// Member finds out the role of the user at this site.
func (v *Visit) Member(ctx context.Context) error {
	if v.User == nil {
		return nil
	}
	role, err := tenant.GetRole.Call(ctx, v.Tenant(), v.User.UserID)
	if err != nil {
		return web.Unavailable("Your role", err)
	}
	v.Role = role
	return nil
}

// Require lets only members through who have that role or a higher one. What changes something must come from a page of the site, with its CSRF token.
func (v *Visit) Require(w http.ResponseWriter, r *http.Request, role string) (err error) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		v.User, err = heartwood.Require(w, r)
	} else {
		v.User, err = heartwood.RequireIntent(w, r)
	}
	if err != nil {
		return err
	}
	if err := v.Admit(r, false); err != nil {
		return err
	}
	if err := v.Member(r.Context()); err != nil {
		return err
	}
	if !v.Can(role) {
		return web.ErrForbidden
	}
	return nil
}

// Can reports whether the user has that role or a higher one.
func (v *Visit) Can(role string) bool { return tenant.Covers(v.Role, role) }

// Admit asks the site whether the visitor may come now, and fetches its configuration if there is a newer one. view is true for a page that is going to be
// shown: it is counted. The error is a problem to answer with.
func (v *Visit) Admit(r *http.Request, view bool) error {
	visitor := "net:" + heartwood.Network(r)
	if v.User != nil {
		visitor = "user:" + v.User.UserID
	}
	waiting := v.TenantID + " " + visitor
	if until, ok := refused.Get(waiting); ok {
		return tooMany(until)
	}
	known, _ := configs.Get(v.TenantID)
	visit := tenant.Visit{Visitor: visitor}
	if known != nil {
		visit.KnownVersion = known.Version
	}
	if view && counted(r) {
		visit.Event = &analytics.Event{Type: analytics.PageView, Path: r.URL.Path, Visitor: browser(r)}
	}
	a, err := tenant.Admit.Call(r.Context(), v.Tenant(), visit)
	if err != nil {
		return web.Unavailable("This site", err)
	}
	switch a.State {
	case tenant.Found:
	case tenant.Suspended:
		configs.Drop(v.TenantID)
		return errSuspended
	default:
		configs.Drop(v.TenantID)
		names.Put(v.Subdomain, place{}, unknownFor)
		return errUnknown
	}
	if v.Config = a.Config; v.Config == nil {
		v.Config = known
	} else {
		configs.Put(v.TenantID, v.Config, configFor)
	}
	if v.Config.Subdomain != v.Subdomain {
		if err := v.renamed(r.Context()); err != nil {
			return err
		}
	}
	if !a.Allowed {
		until := time.UnixMilli(a.ResetAt)
		refused.Put(waiting, until, time.Until(until))
		return tooMany(until)
	}
	return nil
}

// configFor bounds how long a configuration stays in memory; whether it is the newest is asked with each Admit.
const configFor = 10 * time.Minute

// renamed looks a name up again of which the site's own configuration says that it is not its name: one of them is old.
func (v *Visit) renamed(ctx context.Context) error {
	names.Drop(v.Subdomain)
	p, err := lookup(ctx, v.Subdomain)
	if err != nil {
		return err
	}
	if p.tenantID != v.TenantID {
		return errUnknown
	}
	if _, err := tenant.Invalidate.Call(ctx, v.Tenant(), durables.None{}); err != nil {
		slog.WarnContext(ctx, "site not told of its new name", "error", err)
	}
	return nil
}

func tooMany(until time.Time) error {
	return &web.Problem{Status: http.StatusTooManyRequests, Code: "rate_limited", Title: "That was a little fast",
		Message: "Too many requests came from where you are.", Retry: max(time.Until(until), time.Nanosecond)}
}

// counted reports whether a page view is one of a person who has not asked to be left out.
func counted(r *http.Request) bool {
	return r.Method == http.MethodGet && r.Header.Get("DNT") != "1" && r.Header.Get("Sec-GPC") != "1" &&
		!strings.Contains(r.Header.Get("Sec-Purpose"), "prefetch") && !robot(r.UserAgent())
}

var robots = []string{"bot", "crawl", "spider", "slurp", "preview", "fetcher", "monitor", "curl/", "wget/", "python-", "go-http-client", "feed", "scan"}

// robot recognises programs by what they call themselves. It is for counting only.
func robot(userAgent string) bool {
	userAgent = strings.ToLower(userAgent)
	if userAgent == "" {
		return true
	}
	for _, r := range robots {
		if strings.Contains(userAgent, r) {
			return true
		}
	}
	return false
}

// browser tells visitors apart for counting: their network and what their browser calls itself.
func browser(r *http.Request) string {
	agent := r.UserAgent()
	return heartwood.Network(r) + " " + strings.ToValidUTF8(agent[:min(len(agent), 200)], "")
}

// Limit counts what the user does under a limit of its own.
func (v *Visit) Limit(ctx context.Context, what string, limit int, window time.Duration) error {
	d, err := tenant.CheckRateLimit.Call(ctx, v.Tenant(), tenant.Rate{Key: what + ":" + v.User.UserID, Limit: limit, WindowSeconds: int(window / time.Second)})
	if err != nil {
		return web.Unavailable("This site", err)
	}
	if !d.Allowed {
		return tooMany(time.UnixMilli(d.ResetAt))
	}
	return nil
}
