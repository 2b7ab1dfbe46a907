package inspector

import (
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"strings"
)

const (
	maxForm = 1 << 20
	// policy keeps pages to what this server serves, and out of frames.
	policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

// ServeHTTP answers what the guard lets through.
func (i *Inspector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if why := i.refuse(r); why != "" {
		http.Error(w, why, http.StatusForbidden)
		return
	}
	i.mux.ServeHTTP(w, r)
}

// refuse says why a request is not answered; "": it is.
func (i *Inspector) refuse(r *http.Request) string {
	if !isLoopback(r.RemoteAddr) {
		return "the inspector answers on this machine only"
	}
	if !i.hosts[strings.ToLower(r.Host)] { // a name that an attacker lets lead here (DNS rebinding)
		return "the inspector answers to localhost only, not to another name that leads here"
	}
	if strings.HasPrefix(r.URL.Path, controlPath) {
		return i.refuseControl(r)
	}
	if origin := r.Header.Get("Origin"); origin != "" && origin != "http://"+strings.ToLower(r.Host) {
		return "the inspector does not answer requests of other sites"
	}
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	link := reads && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document" // that somebody follows
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		if !link {
			return "the inspector does not answer requests of other sites"
		}
	}
	if err := r.ParseForm(); !reads && err != nil {
		var long *http.MaxBytesError
		if errors.As(err, &long) {
			return "what was sent is longer than 1 MB, which is as much as the inspector takes"
		}
		return "what was sent is no form: " + err.Error()
	}
	socket := r.URL.Path == "/live"
	switch {
	case !reads && !same(r.PostForm.Get("csrf"), i.csrf), socket && !same(r.URL.Query().Get("csrf"), i.csrf):
		return "the page is of a server that has ended, or the request is not of a page: load the page again"
	case (socket || !reads) && r.Header.Get("Origin") == "":
		return "a request that changes something needs an Origin, as browsers send it; scripts have lattice objects --json"
	}
	return ""
}

// refuseControl is refuse for the control API, whose callers have read the token from a file that only this user can read. Browsers do not call it.
func (i *Inspector) refuseControl(r *http.Request) string {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "":
		return "the control API is not for browsers"
	case !ok || !same(token, i.token):
		return "the control API needs the token of the control file"
	}
	return ""
}

func same(got, want string) bool { return subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1 }

func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsLoopback()
}
