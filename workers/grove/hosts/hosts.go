// Package hosts says what a host name means to Grove: the apex, a tenant's site, a reserved name, or nothing of ours.
// It only reads names; whether a tenant exists is for the database to say.
package hosts

import (
	"net"
	"strings"
)

// Kind is what a host is.
type Kind int

const (
	Unknown  Kind = iota // not under the domain
	Apex                 // the domain itself: sign-in and the social pages
	Tenant               // {tenant}.{domain}
	Reserved             // a subdomain that is never a tenant
)

// Place is a classified host.
type Place struct {
	Kind   Kind
	Tenant string // the subdomain, for Tenant
}

// reserved names are never tenants: people would trust them, or services live there.
var reserved = map[string]bool{
	"www": true, "api": true, "app": true, "auth": true, "admin": true, "account": true, "accounts": true, "login": true,
	"static": true, "assets": true, "cdn": true, "media": true, "mail": true, "smtp": true, "imap": true, "ftp": true,
	"ns1": true, "ns2": true, "status": true, "support": true, "help": true, "docs": true, "blog": true, "dev": true,
	"test": true, "staging": true, "localhost": true, "grove": true, "heartwood": true, "meadow": true, "root": true,
	"security": true, "abuse": true, "postmaster": true, "hostmaster": true, "webmaster": true,
}

// Classify reads host, which may carry a port as domain may ("localhost:8787").
func Classify(host, domain string) Place {
	host, domain = strings.ToLower(host), strings.ToLower(domain)
	if host == domain {
		return Place{Kind: Apex}
	}
	name, ok := strings.CutSuffix(host, "."+domain)
	if !ok || !ValidName(name) {
		return Place{}
	}
	if reserved[name] {
		return Place{Kind: Reserved}
	}
	return Place{Kind: Tenant, Tenant: name}
}

// Choice says what a name would be that somebody chooses for a site: Tenant when it can be had, Reserved, or Unknown when it is no such name. Names of one letter are not
// given out, nor those that browsers show as letters of another alphabet: they could look like somebody else's.
func Choice(name string) Kind {
	place := Classify(name+".x", "x")
	if len(name) < 2 || strings.HasPrefix(name, "xn--") || place.Kind == Tenant && place.Tenant != name {
		return Unknown
	}
	return place.Kind
}

// ValidName reports whether name can be a subdomain: 1 to 63 letters, digits and inner hyphens.
func ValidName(name string) bool {
	if len(name) == 0 || len(name) > 63 || name[0] == '-' || name[len(name)-1] == '-' {
		return false
	}
	return strings.IndexFunc(name, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-') }) < 0
}

// Origin returns the origin of a tenant's site, or of the apex for tenant "": "https://alice.grove.place". On this machine it is http.
func Origin(domain, tenant string) string {
	scheme := "https://"
	if IsLocal(domain) {
		scheme = "http://"
	}
	if tenant != "" {
		tenant += "."
	}
	return scheme + tenant + domain
}

// IsLocal reports whether a host, with or without port, is this machine: browsers keep Secure cookies for it, but
// other clients do not.
func IsLocal(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}
