// Package oidc is the client side of OpenID Connect and of GitHub's OAuth 2: the authorisation code flow with PKCE S256,
// and ID tokens checked with Go's own cryptography.
//
// A Provider is asked twice: AuthURL sends the browser away, Exchange turns the code it comes back with into an Identity.
// Nothing is kept between the two; the caller stores the Flow. Start reading at Provider; the checks are in token.go.
package oidc

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Kinds of provider.
const (
	KindOIDC   = "oidc"   // any OpenID Connect issuer, by discovery
	KindGoogle = "google" // OpenID Connect with Google's issuer
	KindGitHub = "github" // OAuth 2 with GitHub's user API
)

const (
	googleIssuer = "https://accounts.google.com"
	// A deadline for each step that talks to the provider.
	stepTimeout = 10 * time.Second
)

// Config describes a provider, as the configuration holds it.
type Config struct {
	ID           string `json:"id"`
	Kind         string `json:"kind"` // "" is KindOIDC
	Name         string `json:"name"` // what people see
	Issuer       string `json:"issuer"`
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"-"`
	// SecretEnv names the secret that holds the client secret; "" when the client has none.
	SecretEnv string   `json:"secretEnv"`
	Scopes    []string `json:"scopes"`
	// Transport sends requests to the provider; it is required.
	Transport http.RoundTripper `json:"-"`
	// APIBase and SiteBase replace https://api.github.com and https://github.com (GitHub Enterprise).
	APIBase  string `json:"apiBase"`
	SiteBase string `json:"siteBase"`
}

// Flow is what one sign-in keeps while the browser is away.
type Flow struct {
	State    string
	Nonce    string
	Verifier string
}

// Identity is who the provider says signed in.
type Identity struct {
	Subject       string
	Email         string
	EmailVerified bool
	Name          string
	Picture       string
	RefreshToken  string
}

var (
	// ErrRejected means that the provider, or a check of what it said, turned the sign-in down.
	ErrRejected = errors.New("the sign-in was rejected")
	// ErrUnavailable means that the provider could not be reached or did not answer as the protocol says.
	ErrUnavailable = errors.New("the provider cannot be used now")
)

// Provider is one configured provider. It is safe for concurrent use.
type Provider interface {
	Config() Config
	// AuthURL is where the browser goes to sign in.
	AuthURL(ctx context.Context, flow Flow, redirectURI string) (string, error)
	// Exchange turns the code of a callback into the identity it stands for. issuer is the callback's "iss", if any.
	Exchange(ctx context.Context, flow Flow, redirectURI, code, issuer string) (Identity, error)
}

// New checks a configuration and returns its provider.
func New(c Config) (Provider, error) {
	if !validID(c.ID) {
		return nil, fmt.Errorf("oidc: provider id %q: use 1 to 32 lower-case letters, digits or \"-\"", c.ID)
	}
	if c.ClientID == "" {
		return nil, fmt.Errorf("oidc: provider %s has no clientId", c.ID)
	}
	if c.Transport == nil {
		return nil, fmt.Errorf("oidc: provider %s has no Transport to reach it with", c.ID)
	}
	if c.Name == "" {
		c.Name = strings.ToUpper(c.ID[:1]) + c.ID[1:]
	}
	switch c.Kind {
	case KindGitHub:
		return newGitHub(c)
	case KindGoogle:
		c.Issuer = googleIssuer
	case "", KindOIDC:
	default:
		return nil, fmt.Errorf("oidc: provider %s has the unknown kind %q: use %q, %q or %q", c.ID, c.Kind, KindOIDC, KindGoogle, KindGitHub)
	}
	if err := checkEndpoint(c.Issuer); err != nil {
		return nil, fmt.Errorf("oidc: provider %s: issuer: %w", c.ID, err)
	}
	if len(c.Scopes) == 0 {
		c.Scopes = []string{"openid", "email", "profile"}
	}
	return &issuer{config: c}, nil
}

// NewFlow makes the secrets of one sign-in.
func NewFlow() Flow {
	return Flow{State: Random(), Nonce: Random(), Verifier: Random()}
}

// Random is 256 random bits as base64url text.
func Random() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// Challenge is the PKCE S256 challenge of a verifier (RFC 7636, section 4.2).
func Challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func validID(id string) bool {
	if len(id) == 0 || len(id) > 32 {
		return false
	}
	return strings.IndexFunc(id, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-') }) < 0
}

// checkEndpoint refuses plain HTTP to anywhere but this machine: tokens and client secrets travel there.
func checkEndpoint(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return fmt.Errorf("%q is not an absolute URL", text)
	}
	if u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()) {
		return nil
	}
	return fmt.Errorf("%q must be an https URL", text)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func withQuery(endpoint string, values url.Values) (string, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return "", fmt.Errorf("%w: its authorisation endpoint is not a URL", ErrUnavailable)
	}
	query := u.Query()
	for name, list := range values {
		query[name] = list
	}
	u.RawQuery = query.Encode()
	return u.String(), nil
}
