package heartwood

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/netip"
	"strings"
)

// deviceName is how a person would name the browser behind a User-Agent, such as "Firefox on Linux". It is for display
// only: the text is whatever the client says.
func deviceName(userAgent string) string {
	return pick(userAgent, browsers, "Browser") + " on " + pick(userAgent, systems, "an unknown system")
}

// The first match wins, so the more special name comes first: every Edge also says Chrome, every Chrome also Safari.
var browsers = [][2]string{
	{"Edg", "Edge"}, {"OPR/", "Opera"}, {"Vivaldi", "Vivaldi"}, {"SamsungBrowser", "Samsung Internet"}, {"FxiOS", "Firefox"}, {"CriOS", "Chrome"},
	{"Firefox/", "Firefox"}, {"HeadlessChrome", "Headless Chrome"}, {"Chromium", "Chromium"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"},
}

var systems = [][2]string{
	{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"CrOS", "ChromeOS"}, {"Windows", "Windows"},
	{"Mac OS X", "macOS"}, {"Macintosh", "macOS"}, {"Linux", "Linux"},
}

func pick(text string, names [][2]string, otherwise string) string {
	for _, n := range names {
		if strings.Contains(text, n[0]) {
			return n[1]
		}
	}
	return otherwise
}

// clientIP is the address that Cloudflare, or the host in its place, saw the request come from; "" when unknown.
func clientIP(r *http.Request) string {
	address, err := netip.ParseAddr(r.Header.Get("CF-Connecting-IP"))
	if err != nil {
		return ""
	}
	return address.Unmap().String()
}

// Network is what limits and statistics know a request by: the network of the address that it came from.
func Network(r *http.Request) string { return ipPrefix(clientIP(r)) }

// ipPrefix is what one household or small network shares: /24 of IPv4, /56 of IPv6. It is what limits count by and what
// logs keep.
func ipPrefix(ip string) string {
	address, err := netip.ParseAddr(ip)
	if err != nil {
		return "unknown"
	}
	address = address.Unmap().WithZone("")
	bits := 56
	if address.Is4() {
		bits = 24
	}
	prefix, err := address.Prefix(bits)
	if err != nil {
		return "unknown"
	}
	return prefix.String()
}

// normalEmail is the form in which addresses are compared. Only letter case is folded: what else a mail service treats as equal
// (dots, "+tags") is its own affair, and to guess would join the accounts of two people.
func normalEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

func emailHash(email string) string {
	sum := sha256.Sum256([]byte(normalEmail(email)))
	return hex.EncodeToString(sum[:16])
}

// clip cuts text to at most n bytes without splitting a character.
func clip(text string, n int) string {
	if len(text) > n {
		text = text[:n]
	}
	return strings.ToValidUTF8(text, "")
}
