package heartwood

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"grove.place/lattice/workers/heartwood/keyring"
	"grove.place/lattice/workers/heartwood/oidc"
)

func testRing(t *testing.T, text string) keyring.Ring {
	t.Helper()
	ring, err := keyring.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func TestCredentialsRoundTripAcrossARotation(t *testing.T) {
	oldText := keyring.Generate("k1")
	want := credential{"0192f0c4-7d1e-7c3a-9a51-2f6d6a1f0e77", "s3ss10n_id-"}
	cookie, err := want.encode(testRing(t, oldText), "grove.place")
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeCredential(testRing(t, keyring.Generate("k2")+","+oldText), "grove.place", cookie)
	if err != nil || got != want {
		t.Fatalf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestForgedCredentialsAreRefused(t *testing.T) {
	ring := testRing(t, keyring.Generate("k1"))
	cookie, err := credential{"user-1", "session-1"}.encode(ring, "grove.place")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(cookie, ".")
	other, _ := credential{"user-1", "session-1"}.encode(testRing(t, keyring.Generate("k1")), "grove.place")
	site, _ := credential{"user-1", "session-1"}.encode(ring, "alice.grove.place")
	csrf := csrfToken(ring, "grove.place", "session-1")
	for name, text := range map[string]string{
		"nothing":                   "",
		"another user":              strings.Replace(cookie, "user-1", "user-2", 1),
		"another session":           strings.Replace(cookie, "session-1", "session-2", 1),
		"another key's MAC":         other,
		"the cookie of a site":      site,
		"an unknown key":            strings.Replace(cookie, ".k1.", ".k9.", 1),
		"a later version":           "v2" + cookie[2:],
		"no MAC":                    strings.Join(parts[:4], ".") + ".",
		"the parts moved":           strings.Join([]string{"v1", "k1", "user-1.session", "1", parts[4]}, "."),
		"an empty user":             strings.Join([]string{"v1", "k1", "", "session-1", parts[4]}, "."),
		"a MAC for another purpose": strings.Join(parts[:4], ".") + "." + csrf[strings.IndexByte(csrf, '.')+1:],
		"very long":                 cookie + strings.Repeat("A", 1000),
	} {
		if got, err := decodeCredential(ring, "grove.place", text); err == nil {
			t.Errorf("%s: accepted as %+v", name, got)
		}
	}
}

func TestCSRFTokensAreBoundToHostAndSession(t *testing.T) {
	ring := testRing(t, keyring.Generate("k1"))
	token := csrfToken(ring, "grove.place", "session-1")
	cases := []struct {
		name, host, session, token string
		want                       bool
	}{
		{"the same host and session", "grove.place", "session-1", token, true},
		{"another host", "alice.grove.place", "session-1", token, false},
		{"another session", "grove.place", "session-2", token, false},
		{"nothing", "grove.place", "session-1", "", false},
		{"no key id", "grove.place", "session-1", token[strings.IndexByte(token, '.')+1:], false},
		{"one changed letter", "grove.place", "session-1", token[:5] + "!" + token[6:], false},
	}
	for _, c := range cases {
		if got := checkCSRFToken(ring, c.host, c.session, c.token); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestSameOrigin(t *testing.T) {
	const origin = "https://grove.place"
	cases := []struct {
		name   string
		header http.Header
		want   bool
	}{
		{"this origin", http.Header{"Origin": {origin}}, true},
		{"a sibling subdomain", http.Header{"Origin": {"https://alice.grove.place"}}, false},
		{"without TLS", http.Header{"Origin": {"http://grove.place"}}, false},
		{"another port", http.Header{"Origin": {"https://grove.place:8443"}}, false},
		{"an opaque origin", http.Header{"Origin": {"null"}}, false},
		{"a foreign origin with a referer of ours", http.Header{"Origin": {"https://evil.test"}, "Referer": {origin + "/x"}}, false},
		{"fetch metadata alone", http.Header{"Sec-Fetch-Site": {"same-origin"}}, true},
		{"fetch metadata of a sibling", http.Header{"Sec-Fetch-Site": {"same-site"}}, false},
		{"a referer alone", http.Header{"Referer": {origin + "/settings/sessions"}}, true},
		{"a foreign referer", http.Header{"Referer": {"https://grove.place.evil.test/"}}, false},
		{"nothing at all", http.Header{}, false},
	}
	for _, c := range cases {
		if got := sameOrigin(c.header, origin); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestCheckReturnTo(t *testing.T) {
	cases := []struct {
		text string
		want string // "" when it must be refused
	}{
		{"", "/"},
		{"/", "/"},
		{"/settings/sessions?done=revoked#top", "/settings/sessions?done=revoked#top"},
		{"https://grove.place/settings", "https://grove.place/settings"},
		{"https://alice.grove.place/post", "https://alice.grove.place/post"},

		{"//evil.test", ""},
		{"///evil.test", ""},
		{`/\evil.test`, ""},
		{`\/evil.test`, ""},
		{"/\tevil", ""},
		{" /x", ""},
		{"evil.test", ""},
		{"https://evil.test/", ""},
		{"https://grove.place.evil.test/", ""},
		{"https://evilgrove.place/", ""},
		{"https://grove.place@evil.test/", ""},
		{"https://user@grove.place/", ""},
		{"http://grove.place/", ""},
		{"https://grove.place:8443/", ""},
		{"https://www.grove.place/", ""},
		{"https://a.b.grove.place/", ""},
		{"https:///x", ""},
		{"javascript:alert(1)", ""},
		{"data:text/html,x", ""},
		{"/" + strings.Repeat("x", 3000), ""},
	}
	for _, c := range cases {
		got, err := checkReturnTo(c.text, "https://grove.place", "grove.place")
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("checkReturnTo(%q) = %q, %v, want %q", clip(c.text, 60), got, err, c.want)
		}
	}
}

func TestDeviceNames(t *testing.T) {
	for userAgent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0":                                                           "Firefox on Linux",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36":            "Chrome on macOS",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0":        "Edge on Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile Safari/604.1": "Safari on iPhone",
		"Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36": "Samsung Internet on Android",
		"": "Browser on an unknown system",
	} {
		if got := deviceName(userAgent); got != want {
			t.Errorf("deviceName(%q) = %q, want %q", userAgent, got, want)
		}
	}
}

func TestIPPrefix(t *testing.T) {
	for ip, want := range map[string]string{
		"198.51.100.23":           "198.51.100.0/24",
		"::ffff:198.51.100.23":    "198.51.100.0/24",
		"2001:db8:1:2a3:4:5:6:7":  "2001:db8:1:200::/56",
		"fe80::1%eth0":            "fe80::/56",
		"127.0.0.1, 198.51.100.1": "unknown",
		"":                        "unknown",
	} {
		if got := ipPrefix(ip); got != want {
			t.Errorf("ipPrefix(%q) = %q, want %q", ip, got, want)
		}
	}
}

func TestANameCannotReadAsAnothers(t *testing.T) {
	for who, want := range map[oidc.Identity]string{
		{Name: " Ann\n(owner) "}:                       "Ann(owner)",
		{Name: "ann\u202egrove", Email: "x@y.example"}: "anngrove",
		{Name: "\u2066\u2069", Email: "ann@y.example"}: "ann",
		{Name: "של Noël 👩‍🌾"}:                          "של Noël 👩‍🌾",
	} {
		if got := displayName(who); got != want {
			t.Errorf("%+q: %+q, want %+q", who.Name, got, want)
		}
	}
}

// FuzzCheckReturnTo reads what was accepted as a browser would: backslashes are slashes, and tabs and newlines are not there.
func FuzzCheckReturnTo(f *testing.F) {
	for _, seed := range []string{"/", "//evil.test", `/\evil.test`, "https://alice.grove.place/x", "https:grove.place", "/\t/evil.test", "https://grove.place\\@evil.test"} {
		f.Add(seed)
	}
	base, _ := url.Parse("https://grove.place/auth/callback/dev")
	f.Fuzz(func(t *testing.T, text string) {
		accepted, err := checkReturnTo(text, "https://grove.place", "grove.place")
		if err != nil {
			return
		}
		browser := strings.NewReplacer(`\`, "/", "\t", "", "\n", "", "\r", "").Replace(strings.Trim(accepted, "\x00 \t\r\n"))
		at, err := base.Parse(browser)
		if err != nil || at.Scheme != "https" || at.Host != "grove.place" && !strings.HasSuffix(strings.ToLower(at.Host), ".grove.place") && !strings.EqualFold(at.Host, "grove.place") {
			t.Errorf("%q was accepted and leads to %v (%v)", text, at, err)
		}
	})
}
