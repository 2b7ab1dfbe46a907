// Package devoidc is an OpenID Connect provider for development and tests: whoever opens its sign-in page says who they
// are. It is a native program that listens on loopback only and is no part of the Wasm module, so that no test login can
// exist in production code.
//
// It is strict where a real provider is strict (registered redirect URI, PKCE S256, one-time codes, client secret), so
// that a client that works here works elsewhere. Start reading at Provider; the pages are in page.go, tokens in tokens.go.
package devoidc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Client is the one client that the provider knows.
type Client struct {
	ID     string
	Secret string // "" for a public client
}

// User is who somebody says they are.
type User struct {
	Subject  string
	Name     string
	Email    string
	Verified bool
}

// ID is the subject under which the provider knows somebody: "dev|" and the e-mail address unless it is given.
func (u User) ID() string {
	if u.Subject != "" {
		return u.Subject
	}
	return "dev|" + u.Email
}

// Provider is the provider. Make it with New; serve it as an http.Handler.
type Provider struct {
	issuer string
	client Client
	mux    *http.ServeMux
	rsa    *rsa.PrivateKey
	ecdsa  *ecdsa.PrivateKey

	mu     sync.Mutex
	codes  map[string]grant // by authorisation code
	access map[string]User  // by access token
}

// grant is an authorisation code that waits to be redeemed.
type grant struct {
	user        User
	redirectURI string
	nonce       string
	challenge   string
	expires     time.Time
	signES256   bool
}

// New makes a provider with fresh keys. issuer is the address that it will be reached at.
func New(issuer string, client Client) (*Provider, error) {
	u, err := url.Parse(issuer)
	if err != nil || u.Scheme != "http" || !isLoopback(u.Hostname()) {
		return nil, fmt.Errorf("devoidc: issuer %q must be an http URL on loopback", issuer)
	}
	p := &Provider{issuer: issuer, client: client, codes: map[string]grant{}, access: map[string]User{}}
	if p.rsa, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, err
	}
	if p.ecdsa, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	p.mux = http.NewServeMux()
	p.mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	p.mux.HandleFunc("GET /jwks", p.keys)
	p.mux.HandleFunc("GET /authorize", p.authorizePage)
	p.mux.HandleFunc("POST /authorize", p.authorize)
	p.mux.HandleFunc("POST /token", p.token)
	p.mux.HandleFunc("GET /userinfo", p.userInfo)
	p.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	return p, nil
}

func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Start listens on a loopback address ("127.0.0.1:0" picks a port) and serves until stop is called.
func Start(address string, client Client) (p *Provider, stop func(), err error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil || !isLoopback(host) {
		return nil, nil, fmt.Errorf("devoidc: %q is not a loopback address such as 127.0.0.1:8799", address)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, nil, fmt.Errorf("devoidc: %w: stop what listens there, or choose another port with -listen", err)
	}
	if p, err = New("http://"+listener.Addr().String(), client); err != nil {
		listener.Close()
		return nil, nil, err
	}
	server := &http.Server{Handler: p, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener)
	return p, func() { server.Close() }, nil
}

// Issuer is the provider's address.
func (p *Provider) Issuer() string { return p.issuer }

// Client is the registered client.
func (p *Provider) Client() Client { return p.client }

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                         p.issuer,
		"authorization_endpoint":                         p.issuer + "/authorize",
		"token_endpoint":                                 p.issuer + "/token",
		"userinfo_endpoint":                              p.issuer + "/userinfo",
		"jwks_uri":                                       p.issuer + "/jwks",
		"response_types_supported":                       []string{"code"},
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          []string{"RS256", "ES256"},
		"scopes_supported":                               []string{"openid", "email", "profile"},
		"token_endpoint_auth_methods_supported":          []string{"client_secret_post", "none"},
		"code_challenge_methods_supported":               []string{"S256"},
		"authorization_response_iss_parameter_supported": true,
	})
}

// request is a checked authorisation request.
type request struct {
	redirect  *url.URL
	state     string
	nonce     string
	challenge string
}

// parse checks an authorisation request. An error here is shown, not redirected: the redirect target is not to be trusted.
func (p *Provider) parse(query url.Values) (request, error) {
	redirect, err := url.Parse(query.Get("redirect_uri"))
	switch {
	case query.Get("client_id") != p.client.ID:
		return request{}, errors.New("unknown client_id")
	case err != nil || redirect.Scheme != "http" || !isLoopback(redirect.Hostname()):
		return request{}, errors.New("redirect_uri is not an http URL on this machine")
	case query.Get("response_type") != "code":
		return request{}, errors.New("response_type must be code")
	case query.Get("state") == "":
		return request{}, errors.New("state is missing")
	case query.Get("code_challenge_method") != "S256" || len(query.Get("code_challenge")) != 43:
		return request{}, errors.New("PKCE with S256 is required")
	}
	return request{redirect, query.Get("state"), query.Get("nonce"), query.Get("code_challenge")}, nil
}

// authorize answers the form of the sign-in page.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	req, err := p.parse(r.URL.Query())
	if err != nil {
		http.Error(w, "devoidc: "+err.Error(), http.StatusBadRequest)
		return
	}
	answer := req.redirect.Query()
	answer.Set("state", req.state)
	answer.Set("iss", p.issuer)
	if r.PostFormValue("deny") != "" {
		answer.Set("error", "access_denied")
	} else {
		user := User{
			Subject:  r.PostFormValue("sub"),
			Name:     r.PostFormValue("name"),
			Email:    r.PostFormValue("email"),
			Verified: r.PostFormValue("email_verified") != "",
		}
		user.Subject = user.ID()
		answer.Set("code", p.grant(grant{
			user: user, redirectURI: r.URL.Query().Get("redirect_uri"), nonce: req.nonce, challenge: req.challenge,
			expires: time.Now().Add(time.Minute), signES256: r.PostFormValue("alg") == "ES256",
		}))
	}
	req.redirect.RawQuery = answer.Encode()
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, req.redirect.String(), http.StatusSeeOther)
}

func (p *Provider) grant(g grant) string {
	code := random()
	p.mu.Lock()
	defer p.mu.Unlock()
	for old, g := range p.codes {
		if time.Now().After(g.expires) {
			delete(p.codes, old)
		}
	}
	p.codes[code] = g
	return code
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func random() string {
	b := make([]byte, 24)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value)
}
