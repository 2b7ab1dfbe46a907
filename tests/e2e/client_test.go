package e2e

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"grove.place/lattice/tests/devoidc"
)

// visitor is a browser without JavaScript: it keeps cookies, follows no redirect by itself, and says where it comes from.
type visitor struct {
	t      *testing.T
	site   site
	client *http.Client
	agent  string
	csrf   string
}

func (s site) visitor(t *testing.T, agent string) *visitor {
	jar, _ := cookiejar.New(nil)
	return &visitor{t: t, site: s, agent: agent, client: &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is a response, read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) location() string { return a.header.Get("Location") }

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var value map[string]any
	if err := json.Unmarshal([]byte(a.body), &value); err != nil {
		t.Fatalf("the answer is no JSON object: %q", a.body)
	}
	return value
}

func (v *visitor) send(method, address, body string, header map[string]string) answer {
	v.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = v.site.url + address
	}
	req, err := http.NewRequestWithContext(v.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("User-Agent", v.agent)
	for name, value := range header {
		if name == "Host" {
			req.Host = value
		}
		req.Header.Set(name, value)
	}
	resp, err := v.client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(content)}
}

func (v *visitor) get(address string) answer {
	v.t.Helper()
	return v.send(http.MethodGet, address, "", map[string]string{"Accept": "text/html"})
}

// change sends what a page's script would send: from our origin, with the token.
func (v *visitor) change(method, address, body string, changed map[string]string) answer {
	v.t.Helper()
	header := map[string]string{"Origin": v.site.url, "X-CSRF-Token": v.csrf, "Content-Type": "application/json"}
	maps.Copy(header, changed)
	return v.send(method, address, body, header)
}

// submit sends a form of a page.
func (v *visitor) submit(address string, form url.Values) answer {
	v.t.Helper()
	form.Set("csrf_token", v.csrf)
	return v.send(http.MethodPost, address, form.Encode(), map[string]string{
		"Origin": v.site.url, "Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html",
	})
}

// begin goes from Grove to the provider and returns the address of its sign-in page.
func (v *visitor) begin(returnTo string) string {
	v.t.Helper()
	a := v.get("/auth/login/dev?return_to=" + url.QueryEscape(returnTo))
	if a.status != http.StatusSeeOther || !strings.HasPrefix(a.location(), v.site.provider.Issuer()) {
		v.t.Fatalf("begin: %d to %q, want the provider\n%s", a.status, a.location(), a.body)
	}
	return a.location()
}

// identify fills in the provider's form and returns the address that it sends the browser back to.
func (v *visitor) identify(authorize string, user devoidc.User) string {
	v.t.Helper()
	form := url.Values{"sub": {user.Subject}, "name": {user.Name}, "email": {user.Email}}
	if user.Verified {
		form.Set("email_verified", "1")
	}
	a := v.send(http.MethodPost, authorize, form.Encode(), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
	if a.status != http.StatusSeeOther {
		v.t.Fatalf("the provider answered %d: %s", a.status, a.body)
	}
	return a.location()
}

// signIn does all of it, and keeps the CSRF token.
func (v *visitor) signIn(user devoidc.User) map[string]any {
	v.t.Helper()
	a := v.get(v.identify(v.begin("/settings/sessions"), user))
	if a.status != http.StatusSeeOther || a.location() != "/settings/sessions" {
		v.t.Fatalf("callback: %d to %q\n%s", a.status, a.location(), a.body)
	}
	return v.whoAmI()
}

func (v *visitor) whoAmI() map[string]any {
	v.t.Helper()
	a := v.get("/auth/session")
	if a.status != http.StatusOK {
		v.t.Fatalf("/auth/session: %d %s", a.status, a.body)
	}
	who := a.json(v.t)
	v.csrf, _ = who["csrfToken"].(string)
	return who
}

func (v *visitor) signedIn() bool {
	v.t.Helper()
	switch a := v.get("/auth/session"); a.status {
	case http.StatusOK:
		return true
	case http.StatusUnauthorized:
		return false
	default:
		v.t.Fatalf("/auth/session: %d %s", a.status, a.body)
		return false
	}
}

// sessions lists the visitor's sessions by API.
func (v *visitor) sessions() []map[string]any {
	v.t.Helper()
	a := v.get("/auth/sessions")
	if a.status != http.StatusOK {
		v.t.Fatalf("/auth/sessions: %d %s", a.status, a.body)
	}
	var list struct{ Sessions []map[string]any }
	if err := json.Unmarshal([]byte(a.body), &list); err != nil {
		v.t.Fatal(err)
	}
	return list.Sessions
}
