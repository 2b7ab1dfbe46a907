// Package cloudflare speaks to Cloudflare's API for what `lattice deploy` and its siblings do. It owns github.com/cloudflare/cloudflare-go, which nothing
// else imports.
//
// The one idea: every request goes through one door (transport.go), which waits and tries again where that helps, turns refusals into an Error that says
// what to do, and keeps the token out of everything that is printed. Start with New and Client.
//
// Only the service packages of cloudflare-go are linked, not its root: all of it would take a minute and a half more to compile and 15 MB more.
// See https://developers.cloudflare.com/api/.
package cloudflare

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cloudflare/cloudflare-go/v6/accounts"
	"github.com/cloudflare/cloudflare-go/v6/option"
	"github.com/cloudflare/cloudflare-go/v6/queues"
	"github.com/cloudflare/cloudflare-go/v6/user"
	"github.com/cloudflare/cloudflare-go/v6/workers"
)

// DefaultBaseURL is where the API is without CLOUDFLARE_API_BASE_URL.
const DefaultBaseURL = "https://api.cloudflare.com/client/v4"

// Options say who asks, and where. Nothing in them is printed.
type Options struct {
	BaseURL string
	Token   string // an API token; or
	Key     string // a global API key, with
	Email   string
	Source  string // where they come from, for people: "CLOUDFLARE_API_TOKEN in .env"

	// Fresh is asked for the token of each request, by clients that outlive one; nil: it is Token.
	Fresh func(ctx context.Context) (string, error)

	Account string // "" looks for the only one that the token may see

	// Notice is told why a request waits before it is tried again. It may be nil.
	Notice func(text string)
	// Sleep waits; nil is the real clock.
	Sleep func(ctx context.Context, d time.Duration) error
}

// ErrNoCredentials is behind an error that says how to come by some.
var ErrNoCredentials = errors.New("no credentials")

// FromEnvironment reads what wrangler reads, in its order: CLOUDFLARE_API_KEY with CLOUDFLARE_EMAIL, or else CLOUDFLARE_API_TOKEN; CLOUDFLARE_ACCOUNT_ID and
// CLOUDFLARE_API_BASE_URL. The names that begin with CF_, which wrangler gave up, are read for the credentials and the account.
func FromEnvironment(getenv func(string) string) (Options, error) {
	var used string
	first := func(names ...string) string {
		for _, name := range names {
			if v := getenv(name); v != "" {
				used = name
				return v
			}
		}
		return ""
	}
	o := Options{BaseURL: getenv("CLOUDFLARE_API_BASE_URL"), Account: first("CLOUDFLARE_ACCOUNT_ID", "CF_ACCOUNT_ID")}
	if o.Email, o.Key = first("CLOUDFLARE_EMAIL", "CF_EMAIL"), first("CLOUDFLARE_API_KEY", "CF_API_KEY"); o.Key != "" && o.Email != "" {
		o.Source = used
		return o, nil
	}
	o.Key, o.Email, used = "", "", ""
	o.Token = strings.TrimSpace(first("CLOUDFLARE_API_TOKEN", "CF_API_TOKEN"))
	o.Source = used
	if o.Token == "" && getenv("CLOUDFLARE_API_KEY") != "" {
		return o, fmt.Errorf("CLOUDFLARE_API_KEY is set, and CLOUDFLARE_EMAIL is not, which goes with it; an API token in CLOUDFLARE_API_TOKEN is safer%w", silent{ErrNoCredentials})
	}
	if o.Token == "" {
		return o, fmt.Errorf("there is no API token: set CLOUDFLARE_API_TOKEN, in the environment or in .env, to one that may edit Workers. Make it at %s with the template “Edit Cloudflare Workers”; or log in with `wrangler login`%w", tokenPage, silent{ErrNoCredentials})
	}
	if strings.ContainsAny(o.Token, " \t\r\n\"'") {
		return o, fmt.Errorf("CLOUDFLARE_API_TOKEN has blanks or quotes in it: set it to the token alone")
	}
	return o, nil
}

// silent is an error that is found and not seen.
type silent struct{ error }

func (silent) Error() string   { return "" }
func (s silent) Unwrap() error { return s.error }

const tokenPage = "https://dash.cloudflare.com/profile/api-tokens"

// Client speaks to the API on behalf of one account.
type Client struct {
	base    *url.URL
	http    *http.Client
	bare    *http.Client // without the token
	sleep   func(ctx context.Context, d time.Duration) error
	options Options

	accounts  *accounts.AccountService
	tokens    *user.TokenService
	scripts   *workers.ScriptService
	queues    *queues.QueueService
	consumers *queues.ConsumerService
}

// New checks the options. It asks nothing yet.
func New(o Options) (*Client, error) {
	if o.BaseURL == "" {
		o.BaseURL = DefaultBaseURL
	}
	base, err := url.Parse(strings.TrimSuffix(o.BaseURL, "/") + "/")
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return nil, fmt.Errorf("CLOUDFLARE_API_BASE_URL %q is no URL: write it as %s", o.BaseURL, DefaultBaseURL)
	}
	if base.Scheme == "http" && !loopback(base.Hostname()) {
		return nil, fmt.Errorf("CLOUDFLARE_API_BASE_URL %s is not encrypted, and the token would cross the network for all to read: use https", base.Redacted())
	}
	door := newTransport(o)
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c := &Client{base: base, options: o, http: &http.Client{Transport: door, CheckRedirect: stay}, bare: &http.Client{Transport: door.next, CheckRedirect: stay}, sleep: door.options.Sleep}
	opts := []option.RequestOption{option.WithBaseURL(base.String()), option.WithHTTPClient(c.http), option.WithMaxRetries(0)}
	c.accounts, c.tokens, c.scripts = accounts.NewAccountService(opts...), user.NewTokenService(opts...), workers.NewScriptService(opts...)
	c.queues, c.consumers = queues.NewQueueService(opts...), queues.NewConsumerService(opts...)
	return c, nil
}

func loopback(host string) bool {
	return host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.")
}

// who is what is shown to Cloudflare, for people.
func (o Options) who() string {
	switch {
	case o.Source == "" && o.Token == "":
		return "the API key"
	case o.Source == "":
		return "the API token"
	case o.Token == "":
		return "the API key (" + o.Source + ")"
	}
	return "the API token (" + o.Source + ")"
}

// Account is one that a token may work on.
type Account struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Accounts lists those that the token may see.
func (c *Client) Accounts(ctx context.Context) (list []Account, err error) {
	page, err := c.accounts.List(ctx, accounts.AccountListParams{})
	if err != nil {
		return nil, failed("list the accounts", err)
	}
	for _, a := range page.Result {
		list = append(list, Account{a.ID, a.Name})
	}
	return list, nil
}

// Choose settles which account is meant: that of the configuration, that of the environment, or the only one there is.
func (c *Client) Choose(ctx context.Context, configured string) (string, error) {
	if configured != "" {
		c.options.Account = configured
	}
	if c.options.Account != "" {
		return c.options.Account, nil
	}
	list, err := c.Accounts(ctx)
	switch {
	case err != nil:
		return "", err
	case len(list) == 0:
		return "", fmt.Errorf("%s sees no account: set CLOUDFLARE_ACCOUNT_ID, or give the token the permission Account Settings: Read", c.options.who())
	case len(list) > 1:
		text := c.options.who() + " sees several accounts: write account_id in the configuration, or set CLOUDFLARE_ACCOUNT_ID, to one of\n"
		for _, a := range list {
			text += fmt.Sprintf("  %s  %s\n", a.ID, a.Name)
		}
		return "", fmt.Errorf("%s", strings.TrimSuffix(text, "\n"))
	}
	c.options.Account = list[0].ID
	return list[0].ID, nil
}

// Verify asks whether the token is valid, and returns its status.
func (c *Client) Verify(ctx context.Context) (string, error) {
	if c.options.Token == "" {
		return "global API key", nil
	}
	t, err := c.tokens.Verify(ctx)
	if err != nil {
		return "", failed("verify the token", err)
	}
	return string(t.Status), nil
}
