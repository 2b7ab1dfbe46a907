package oidc

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// github signs in with GitHub, which speaks OAuth 2 and has a user API in place of ID tokens.
type github struct {
	config    Config
	site, api string
}

func newGitHub(c Config) (Provider, error) {
	p := &github{site: "https://github.com", api: "https://api.github.com"}
	if c.SiteBase != "" {
		p.site = strings.TrimSuffix(c.SiteBase, "/")
	}
	if c.APIBase != "" {
		p.api = strings.TrimSuffix(c.APIBase, "/")
	}
	for _, endpoint := range []string{p.site, p.api} {
		if err := checkEndpoint(endpoint); err != nil {
			return nil, fmt.Errorf("oidc: provider %s: %w", c.ID, err)
		}
	}
	if len(c.Scopes) == 0 {
		c.Scopes = []string{"read:user", "user:email"}
	}
	if c.Name == "Github" {
		c.Name = "GitHub"
	}
	p.config = c
	return p, nil
}

func (p *github) Config() Config { return p.config }

func (p *github) AuthURL(_ context.Context, flow Flow, redirectURI string) (string, error) {
	return withQuery(p.site+"/login/oauth/authorize", url.Values{
		"client_id":             {p.config.ClientID},
		"redirect_uri":          {redirectURI},
		"scope":                 {strings.Join(p.config.Scopes, " ")},
		"state":                 {flow.State},
		"code_challenge":        {Challenge(flow.Verifier)},
		"code_challenge_method": {"S256"},
	})
}

func (p *github) Exchange(ctx context.Context, flow Flow, redirectURI, code, _ string) (Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	answer, err := redeem(ctx, p.site+"/login/oauth/access_token", p.config, false, flow, redirectURI, code)
	if err != nil {
		return Identity{}, err
	}
	var user struct {
		ID      int64  `json:"id"`
		Login   string `json:"login"`
		Name    string `json:"name"`
		Picture string `json:"avatar_url"`
	}
	if err := getJSON(ctx, p.config.Transport, p.api+"/user", answer.AccessToken, &user); err != nil {
		return Identity{}, err
	}
	if user.ID <= 0 {
		return Identity{}, fmt.Errorf("%w: GitHub named no user", ErrUnavailable)
	}
	// The numeric id is the subject: logins can be renamed and taken over.
	identity := Identity{Subject: strconv.FormatInt(user.ID, 10), Name: user.Name, Picture: user.Picture, RefreshToken: answer.RefreshToken}
	if identity.Name == "" {
		identity.Name = user.Login
	}
	var emails []struct {
		Email    string `json:"email"`
		Primary  bool   `json:"primary"`
		Verified bool   `json:"verified"`
	}
	if err := getJSON(ctx, p.config.Transport, p.api+"/user/emails", answer.AccessToken, &emails); err != nil {
		return Identity{}, err
	}
	for _, e := range emails {
		if e.Primary {
			identity.Email, identity.EmailVerified = e.Email, e.Verified
		}
	}
	return identity, nil
}
