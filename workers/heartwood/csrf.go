package heartwood

import (
	"net/http"
	"net/url"

	"grove.place/lattice/workers/heartwood/keyring"
)

// A state-changing request is accepted when it comes from this very site (Origin) and carries a token that only this
// site's pages know. SameSite=Lax alone does not stop a sibling subdomain.

const (
	csrfLabel  = "grove csrf"
	csrfHeader = "X-CSRF-Token"
	csrfField  = "csrf_token"
)

// csrfToken is bound to the host and to the session, and names its key as the cookie does.
func csrfToken(ring keyring.Ring, host, sessionID string) string {
	sum, err := ring.Sum(ring.Current(), csrfLabel, host+"\n"+sessionID)
	if err != nil {
		return ""
	}
	return ring.Current() + "." + sum
}

func checkCSRFToken(ring keyring.Ring, host, sessionID, token string) bool {
	for i := range len(token) {
		if token[i] == '.' {
			return ring.Check(token[:i], csrfLabel, host+"\n"+sessionID, token[i+1:]) == nil
		}
	}
	return false
}

// sameOrigin reports whether a request was made by a page of the site at origin ("https://grove.place"). Browsers send
// Origin with every request that changes something; a request that says nothing of where it comes from is refused.
func sameOrigin(header http.Header, origin string) bool {
	if got := header.Get("Origin"); got != "" {
		return got == origin
	}
	if site := header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin"
	}
	referer, err := url.Parse(header.Get("Referer"))
	return err == nil && referer.Host != "" && referer.Scheme+"://"+referer.Host == origin
}

// submittedToken is the CSRF token that a request carries, in a header or as a form field.
func submittedToken(r *http.Request) string {
	if token := r.Header.Get(csrfHeader); token != "" {
		return token
	}
	return r.PostFormValue(csrfField)
}
