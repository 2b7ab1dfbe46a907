package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	metadataAge = time.Hour
	// A token signed with a key that is not in the set makes us fetch the set again, but not more often than this.
	keysRetry = time.Minute
)

// metadata is the part of a discovery document that is used (OpenID Connect Discovery 1.0, section 3).
type metadata struct {
	Issuer       string   `json:"issuer"`
	Authorize    string   `json:"authorization_endpoint"`
	Token        string   `json:"token_endpoint"`
	UserInfo     string   `json:"userinfo_endpoint"`
	Keys         string   `json:"jwks_uri"`
	TokenAuth    []string `json:"token_endpoint_auth_methods_supported"`
	CodeMethods  []string `json:"code_challenge_methods_supported"`
	IssInReplies bool     `json:"authorization_response_iss_parameter_supported"`
}

// issuer is an OpenID Connect provider. What it learnt of the provider is kept in the isolate for an hour.
type issuer struct {
	config Config

	mu       sync.Mutex // guards what follows; never held across I/O
	meta     metadata
	metaAt   time.Time
	keys     []Key
	keysAt   time.Time
	keysFrom string
}

func (p *issuer) Config() Config { return p.config }

func (p *issuer) AuthURL(ctx context.Context, flow Flow, redirectURI string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	meta, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	return withQuery(meta.Authorize, url.Values{
		"response_type":         {"code"},
		"client_id":             {p.config.ClientID},
		"redirect_uri":          {redirectURI},
		"scope":                 {strings.Join(p.config.Scopes, " ")},
		"state":                 {flow.State},
		"nonce":                 {flow.Nonce},
		"code_challenge":        {Challenge(flow.Verifier)},
		"code_challenge_method": {"S256"},
	})
}

func (p *issuer) Exchange(ctx context.Context, flow Flow, redirectURI, code, iss string) (Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	meta, err := p.discover(ctx)
	if err != nil {
		return Identity{}, err
	}
	// RFC 9207: the answer of another issuer must not be redeemed here (mix-up).
	if iss != "" && iss != meta.Issuer || iss == "" && meta.IssInReplies {
		return Identity{}, fmt.Errorf("%w: the callback came from another issuer", ErrRejected)
	}
	basic := p.config.ClientSecret != "" && len(meta.TokenAuth) > 0 && !slices.Contains(meta.TokenAuth, "client_secret_post")
	answer, err := redeem(ctx, meta.Token, p.config, basic, flow, redirectURI, code)
	if err != nil {
		return Identity{}, err
	}
	claims, err := p.verify(ctx, meta, answer.IDToken, flow.Nonce)
	if err != nil {
		return Identity{}, err
	}
	identity := Identity{
		Subject: claims.Subject, Email: claims.Email, EmailVerified: bool(claims.EmailVerified),
		Name: claims.Name, Picture: claims.Picture, RefreshToken: answer.RefreshToken,
	}
	if identity.Email == "" && meta.UserInfo != "" {
		return identity, p.userInfo(ctx, meta, answer.AccessToken, &identity)
	}
	return identity, nil
}

func (p *issuer) verify(ctx context.Context, meta metadata, token, nonce string) (Claims, error) {
	keys, err := p.keySet(ctx, meta, false)
	if err != nil {
		return Claims{}, err
	}
	expect := Expect{Issuer: meta.Issuer, ClientID: p.config.ClientID, Nonce: nonce, Now: time.Now()}
	claims, err := VerifyIDToken(token, keys, expect)
	if errors.Is(err, errNoKey) { // the provider may have rotated its keys
		if keys, err = p.keySet(ctx, meta, true); err != nil {
			return Claims{}, err
		}
		claims, err = VerifyIDToken(token, keys, expect)
	}
	if err != nil {
		return Claims{}, fmt.Errorf("%w: %w", ErrRejected, err)
	}
	return claims, nil
}

// userInfo completes an identity whose ID token carries no e-mail.
func (p *issuer) userInfo(ctx context.Context, meta metadata, accessToken string, identity *Identity) error {
	var claims Claims
	if err := getJSON(ctx, p.config.Transport, meta.UserInfo, accessToken, &claims); err != nil {
		return err
	}
	// OpenID Connect Core 1.0, section 5.3.2: another subject's answer must not be used.
	if claims.Subject != identity.Subject {
		return fmt.Errorf("%w: the user information is about another subject", ErrRejected)
	}
	identity.Email, identity.EmailVerified = claims.Email, bool(claims.EmailVerified)
	if identity.Name == "" {
		identity.Name = claims.Name
	}
	if identity.Picture == "" {
		identity.Picture = claims.Picture
	}
	return nil
}

func (p *issuer) discover(ctx context.Context) (metadata, error) {
	p.mu.Lock()
	meta, fresh := p.meta, !p.metaAt.IsZero() && time.Since(p.metaAt) < metadataAge
	p.mu.Unlock()
	if fresh {
		return meta, nil
	}
	meta = metadata{}
	address := strings.TrimSuffix(p.config.Issuer, "/") + "/.well-known/openid-configuration"
	if err := getJSON(ctx, p.config.Transport, address, "", &meta); err != nil {
		return metadata{}, err
	}
	if meta.Issuer != p.config.Issuer {
		return metadata{}, fmt.Errorf("%w: %s is the document of issuer %q", ErrUnavailable, address, meta.Issuer)
	}
	for name, endpoint := range map[string]string{"authorization_endpoint": meta.Authorize, "token_endpoint": meta.Token, "jwks_uri": meta.Keys} {
		if err := checkEndpoint(endpoint); err != nil {
			return metadata{}, fmt.Errorf("%w: its %s: %w", ErrUnavailable, name, err)
		}
	}
	if meta.UserInfo != "" && checkEndpoint(meta.UserInfo) != nil {
		meta.UserInfo = ""
	}
	if len(meta.CodeMethods) > 0 && !slices.Contains(meta.CodeMethods, "S256") {
		return metadata{}, fmt.Errorf("%w: it does not support PKCE with S256", ErrUnavailable)
	}
	p.mu.Lock()
	p.meta, p.metaAt = meta, time.Now()
	p.mu.Unlock()
	return meta, nil
}

// keySet returns the provider's keys. again asks for them anew, which happens at most once a minute.
func (p *issuer) keySet(ctx context.Context, meta metadata, again bool) ([]Key, error) {
	p.mu.Lock()
	keys, age, known := p.keys, time.Since(p.keysAt), !p.keysAt.IsZero() && p.keysFrom == meta.Keys
	p.mu.Unlock()
	if known && (age < keysRetry || age < metadataAge && !again) {
		return keys, nil
	}
	var set KeySet
	if err := getJSON(ctx, p.config.Transport, meta.Keys, "", &set); err != nil {
		return nil, err
	}
	keys = set.Usable()
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: %s holds no RS256 or ES256 key", ErrUnavailable, meta.Keys)
	}
	p.mu.Lock()
	p.keys, p.keysAt, p.keysFrom = keys, time.Now(), meta.Keys
	p.mu.Unlock()
	return keys, nil
}
