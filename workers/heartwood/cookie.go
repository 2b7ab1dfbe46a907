package heartwood

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"grove.place/lattice/workers/heartwood/keyring"
)

const (
	// SessionCookie carries a signed credential, see credential.
	SessionCookie = "grove_session"
	// deviceCookie is a random name for this browser: signing in again on it replaces its session.
	deviceCookie = "grove_device"
	// flowCookie binds a sign-in that is under way to the browser that began it.
	flowCookie = "grove_login"

	deviceAge = 400 * 24 * time.Hour // the longest that browsers keep
	flowAge   = 10 * time.Minute
)

var errNoCredential = errors.New("heartwood: the cookie is not a session credential")

// credential is what the session cookie says: v1.{kid}.{userId}.{sessionId}.{mac}. The MAC makes it impossible to name a
// user's object without having been given a session by it.
type credential struct {
	userID    string
	sessionID string
}

// credentialLabel is completed by the host, or by the domain that shares its cookies: the cookie of a site lets nobody in at the apex or at another site.
const credentialLabel = "grove session cookie\n"

func (c credential) encode(ring keyring.Ring, scope string) (string, error) {
	body := "v1." + ring.Current() + "." + c.userID + "." + c.sessionID
	mac, err := ring.Sum(ring.Current(), credentialLabel+scope, body)
	if err != nil {
		return "", err
	}
	return body + "." + mac, nil
}

func decodeCredential(ring keyring.Ring, scope, text string) (credential, error) {
	parts := strings.Split(text, ".")
	if len(text) > 512 || len(parts) != 5 || parts[0] != "v1" || !plainID(parts[2]) || !plainID(parts[3]) {
		return credential{}, errNoCredential
	}
	body := text[:len(text)-len(parts[4])-1]
	if err := ring.Check(parts[1], credentialLabel+scope, body, parts[4]); err != nil {
		return credential{}, err
	}
	return credential{parts[2], parts[3]}, nil
}

// scope is where the session cookie of a host counts.
func (c *config) scope(host string) string {
	if c.cookieDomain != "" {
		return "." + c.cookieDomain
	}
	return strings.ToLower(host)
}

// plainID reports whether s is an identifier of letters, digits, "-" and "_".
func plainID(s string) bool {
	if len(s) == 0 || len(s) > 64 {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
	}) < 0
}

// cookie makes a cookie as this site sets them. maxAge 0 or less removes it.
func (c *config) cookie(name, value, path string, maxAge time.Duration) *http.Cookie {
	cookie := &http.Cookie{
		Name: name, Value: value, Path: path, HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteLaxMode,
		MaxAge: int(maxAge / time.Second),
	}
	if name == SessionCookie {
		cookie.Domain = c.cookieDomain
	}
	if maxAge <= 0 {
		cookie.MaxAge = -1
	}
	return cookie
}
