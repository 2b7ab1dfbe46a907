package oidc_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"grove.place/lattice/tests/devoidc"
	"grove.place/lattice/workers/heartwood/oidc"
)

const redirectURI = "http://localhost:8787/auth/callback/dev"

func devProvider(t *testing.T, change func(*oidc.Config)) oidc.Provider {
	t.Helper()
	p, stop, err := devoidc.Start("127.0.0.1:0", devoidc.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	config := oidc.Config{ID: "dev", Issuer: p.Issuer(), ClientID: p.Client().ID, ClientSecret: p.Client().Secret, Transport: http.DefaultTransport}
	if change != nil {
		change(&config)
	}
	provider, err := oidc.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return provider
}

// signIn sends the browser's form to the provider and returns what it brings back.
func signIn(t *testing.T, provider oidc.Provider, flow oidc.Flow, form url.Values) url.Values {
	t.Helper()
	address, err := provider.AuthURL(t.Context(), flow, redirectURI)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := browser.PostForm(address, form)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	back, err := resp.Location()
	if err != nil || !strings.HasPrefix(back.String(), redirectURI+"?") {
		t.Fatalf("sent back to %v (%d, %v), want %s", back, resp.StatusCode, err, redirectURI)
	}
	return back.Query()
}

func TestSignInWithAnIssuerFoundByDiscovery(t *testing.T) {
	for _, algorithm := range []string{"RS256", "ES256"} {
		t.Run(algorithm, func(t *testing.T) {
			provider, flow := devProvider(t, nil), oidc.NewFlow()
			back := signIn(t, provider, flow, url.Values{
				"sub": {"s-1"}, "name": {"Alice"}, "email": {"alice@example.test"}, "email_verified": {"1"}, "alg": {algorithm},
			})
			if back.Get("state") != flow.State {
				t.Errorf("state %q came back as %q", flow.State, back.Get("state"))
			}
			got, err := provider.Exchange(t.Context(), flow, redirectURI, back.Get("code"), back.Get("iss"))
			if err != nil {
				t.Fatal(err)
			}
			if got.RefreshToken == "" {
				t.Error("the refresh token is lost")
			}
			got.RefreshToken = ""
			if want := (oidc.Identity{Subject: "s-1", Email: "alice@example.test", EmailVerified: true, Name: "Alice"}); got != want {
				t.Errorf("identity %+v, want %+v", got, want)
			}
			if _, err := provider.Exchange(t.Context(), flow, redirectURI, back.Get("code"), back.Get("iss")); !errors.Is(err, oidc.ErrRejected) {
				t.Errorf("the same code again: %v, want ErrRejected", err)
			}
		})
	}
}

func TestExchangeRefuses(t *testing.T) {
	cases := map[string]struct {
		config func(*oidc.Config)
		change func(flow *oidc.Flow, back url.Values)
		want   error
	}{
		"another verifier":    {change: func(f *oidc.Flow, _ url.Values) { f.Verifier = oidc.Random() }, want: oidc.ErrRejected},
		"another nonce":       {change: func(f *oidc.Flow, _ url.Values) { f.Nonce = oidc.Random() }, want: oidc.ErrRejected},
		"an invented code":    {change: func(_ *oidc.Flow, b url.Values) { b.Set("code", "x") }, want: oidc.ErrRejected},
		"another issuer":      {change: func(_ *oidc.Flow, b url.Values) { b.Set("iss", "https://evil.test") }, want: oidc.ErrRejected},
		"a missing issuer":    {change: func(_ *oidc.Flow, b url.Values) { b.Del("iss") }, want: oidc.ErrRejected},
		"a wrong secret":      {config: func(c *oidc.Config) { c.ClientSecret = "guess" }, want: oidc.ErrRejected},
		"no secret when told": {config: func(c *oidc.Config) { c.ClientSecret = "" }, want: oidc.ErrRejected},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			provider, flow := devProvider(t, c.config), oidc.NewFlow()
			back := signIn(t, provider, flow, url.Values{"email": {"a@example.test"}})
			if c.change != nil {
				c.change(&flow, back)
			}
			if _, err := provider.Exchange(t.Context(), flow, redirectURI, back.Get("code"), back.Get("iss")); !errors.Is(err, c.want) {
				t.Fatalf("%v, want %v", err, c.want)
			}
		})
	}
}

func TestAProviderThatIsNotThereIsUnavailable(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	defer gone.Close()
	provider, err := oidc.New(oidc.Config{ID: "dev", Issuer: gone.URL, ClientID: "grove", Transport: http.DefaultTransport})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.AuthURL(t.Context(), oidc.NewFlow(), redirectURI); !errors.Is(err, oidc.ErrUnavailable) {
		t.Errorf("%v, want ErrUnavailable", err)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, c := range map[string]oidc.Config{
		"no id":                  {Issuer: "https://issuer.test", ClientID: "grove"},
		"an id with a slash":     {ID: "a/b", Issuer: "https://issuer.test", ClientID: "grove"},
		"no client":              {ID: "dev", Issuer: "https://issuer.test"},
		"no issuer":              {ID: "dev", ClientID: "grove"},
		"an issuer without TLS":  {ID: "dev", Issuer: "http://issuer.test", ClientID: "grove"},
		"an issuer with a login": {ID: "dev", Issuer: "https://a:b@issuer.test", ClientID: "grove"},
		"an unknown kind":        {ID: "dev", Kind: "saml", Issuer: "https://issuer.test", ClientID: "grove"},
		"GitHub without TLS":     {ID: "gh", Kind: oidc.KindGitHub, APIBase: "http://api.test", ClientID: "grove"},
	} {
		t.Run(name, func(t *testing.T) {
			c.Transport = http.DefaultTransport
			if _, err := oidc.New(c); err == nil {
				t.Fatal("it was accepted")
			}
		})
	}
}

func TestGitHubIdentityIsTheNumericIDAndThePrimaryEmail(t *testing.T) {
	flow := oidc.NewFlow()
	mux := http.NewServeMux()
	answer := func(pattern string, value any) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && r.Header.Get("Authorization") != "Bearer at" {
				w.WriteHeader(http.StatusUnauthorized)
			}
			json.NewEncoder(w).Encode(value)
		})
	}
	mux.HandleFunc("POST /login/oauth/access_token", func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("code_verifier") != flow.Verifier || r.PostFormValue("client_secret") != "s" {
			json.NewEncoder(w).Encode(map[string]string{"error": "bad_verification_code"}) // with status 200, as GitHub does
			return
		}
		json.NewEncoder(w).Encode(map[string]string{"access_token": "at", "token_type": "bearer"})
	})
	answer("GET /user", map[string]any{"id": 583231, "login": "octocat", "avatar_url": "https://example.test/a.png"})
	answer("GET /user/emails", []map[string]any{
		{"email": "old@example.test", "primary": false, "verified": true},
		{"email": "octocat@example.test", "primary": true, "verified": true},
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	provider, err := oidc.New(oidc.Config{ID: "github", Kind: oidc.KindGitHub, ClientID: "grove", ClientSecret: "s", SiteBase: server.URL, APIBase: server.URL, Transport: http.DefaultTransport})
	if err != nil {
		t.Fatal(err)
	}
	got, err := provider.Exchange(t.Context(), flow, redirectURI, "code", "")
	want := oidc.Identity{Subject: "583231", Email: "octocat@example.test", EmailVerified: true, Name: "octocat", Picture: "https://example.test/a.png"}
	if err != nil || got != want {
		t.Errorf("identity %+v, %v, want %+v", got, err, want)
	}
	if _, err := provider.Exchange(t.Context(), oidc.NewFlow(), redirectURI, "code", ""); !errors.Is(err, oidc.ErrRejected) {
		t.Errorf("another verifier: %v, want ErrRejected", err)
	}
}
