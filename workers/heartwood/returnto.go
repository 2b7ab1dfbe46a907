package heartwood

import (
	"errors"
	"net/url"
	"strings"

	"grove.place/lattice/workers/grove/hosts"
)

var errReturnTo = errors.New("return_to must be a path on this site, or an address on one of its hosts")

// checkReturnTo validates where to send the browser after signing in: a path here, or an address on a host that belongs
// to the domain. "" is the home page. Whatever two parsers could read differently (backslashes, control characters,
// a leading "//") is refused.
func checkReturnTo(text, origin, domain string) (string, error) {
	if text == "" {
		return "/", nil
	}
	if len(text) > 2000 || strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }) >= 0 {
		return "", errReturnTo
	}
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.Opaque != "" {
		return "", errReturnTo
	}
	if u.Scheme == "" && u.Host == "" {
		if !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") {
			return "", errReturnTo
		}
		return text, nil
	}
	scheme, _, _ := strings.Cut(origin, "://")
	if u.Scheme != scheme {
		return "", errReturnTo
	}
	if place := hosts.Classify(u.Host, domain); place.Kind != hosts.Apex && place.Kind != hosts.Tenant {
		return "", errReturnTo
	}
	return text, nil
}
