package heartwood

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"sync"

	"grove.place/lattice/workers"
	"grove.place/lattice/workers/grove/hosts"
	"grove.place/lattice/workers/heartwood/keyring"
	"grove.place/lattice/workers/heartwood/oidc"
)

// config is what the variables and secrets say, checked.
//
//	GROVE_DOMAIN          the apex host, "grove.place"
//	SESSION_KEYS          key ring for cookies and CSRF tokens
//	TOKEN_KEYS            key ring for secrets at rest (SessionDO uses it too)
//	COOKIE_DOMAIN         Domain of the session cookie; "" keeps it on the apex host
//	OIDC_PROVIDERS        JSON list of providers, see oidc.Config
//	GOOGLE_CLIENT_ID      with GOOGLE_CLIENT_SECRET: sign in with Google
//	GITHUB_CLIENT_ID      with GITHUB_CLIENT_SECRET: sign in with GitHub
type config struct {
	domain       string
	origin       string
	secure       bool
	cookieDomain string
	sessionKeys  keyring.Ring
	tokenKeys    keyring.Ring
	providers    []oidc.Provider
	wrongs       []error // what is wrong with the providers: it must not take sessions down
}

func (c *config) provider(id string) (oidc.Provider, bool) {
	for _, p := range c.providers {
		if p.Config().ID == id {
			return p, true
		}
	}
	return nil, false
}

func (c *config) redirectURI(providerID string) string {
	return c.origin + "/auth/callback/" + url.PathEscape(providerID)
}

// The variables of a deployment do not change, so they are read once in an isolate, in its first event.
var loaded struct {
	sync.Mutex
	config *config
}

func loadConfig(ctx context.Context) (*config, error) {
	loaded.Lock()
	defer loaded.Unlock()
	if loaded.config != nil {
		return loaded.config, nil
	}
	c, err := newConfig(func(name string) string { return workers.Getenv(ctx, name) })
	if err != nil {
		return nil, err
	}
	loaded.config = c
	return c, nil
}

func newConfig(getenv func(string) string) (*config, error) {
	c := &config{domain: getenv("GROVE_DOMAIN"), cookieDomain: getenv("COOKIE_DOMAIN")}
	if c.domain == "" {
		return nil, errors.New("heartwood: GROVE_DOMAIN is not set: give the apex host, such as grove.place")
	}
	c.secure = !hosts.IsLocal(c.domain)
	c.origin = c.scheme() + c.domain
	var err error
	if c.sessionKeys, err = keyring.Parse(getenv("SESSION_KEYS")); err != nil {
		return nil, fmt.Errorf("heartwood: SESSION_KEYS: %w", err)
	}
	if c.tokenKeys, err = keyring.Parse(getenv("TOKEN_KEYS")); err != nil {
		return nil, fmt.Errorf("heartwood: TOKEN_KEYS: %w", err)
	}
	c.addProviders(getenv)
	return c, nil
}

func (c *config) scheme() string {
	if c.secure {
		return "https://"
	}
	return "http://"
}

func (c *config) addProviders(getenv func(string) string) {
	var list []oidc.Config
	if id := getenv("GOOGLE_CLIENT_ID"); id != "" {
		list = append(list, oidc.Config{ID: "google", Kind: oidc.KindGoogle, Name: "Google", ClientID: id, SecretEnv: "GOOGLE_CLIENT_SECRET"})
	}
	if id := getenv("GITHUB_CLIENT_ID"); id != "" {
		list = append(list, oidc.Config{ID: "github", Kind: oidc.KindGitHub, Name: "GitHub", ClientID: id, SecretEnv: "GITHUB_CLIENT_SECRET"})
	}
	if text := getenv("OIDC_PROVIDERS"); text != "" {
		var more []oidc.Config
		if err := json.Unmarshal([]byte(text), &more); err != nil {
			c.wrongs = append(c.wrongs, fmt.Errorf("heartwood: OIDC_PROVIDERS must be a JSON list of providers: %w", err))
		}
		list = append(list, more...)
	}
	for _, p := range list {
		p.Transport = workers.Transport
		if p.SecretEnv != "" {
			if p.ClientSecret = getenv(p.SecretEnv); p.ClientSecret == "" {
				c.wrongs = append(c.wrongs, fmt.Errorf("heartwood: provider %s: its secret %s is not set", p.ID, p.SecretEnv))
				continue
			}
		}
		if _, twice := c.provider(p.ID); twice {
			c.wrongs = append(c.wrongs, fmt.Errorf("heartwood: provider %s is there twice", p.ID))
			continue
		}
		provider, err := oidc.New(p)
		if err != nil {
			c.wrongs = append(c.wrongs, err)
			continue
		}
		c.providers = append(c.providers, provider)
	}
}
