package cloudflare

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Renewed is a session of `wrangler login` with its next token.
type Renewed struct {
	Token, Refresh string
	Expires        time.Time
	Scopes         []string
}

// wranglerClient is the program that `wrangler login` has let in, whose session it is. See
// https://developers.cloudflare.com/workers/wrangler/commands/#login.
const wranglerClient = "54d11594-84e4-41aa-b438-e81b8fa78ee7"

// Renew gets the next token of a session, as wrangler does. The one before, and what it was got with, are worth nothing afterwards: who asks has to keep what
// comes back.
func Renew(ctx context.Context, getenv func(string) string, refresh string) (Renewed, error) {
	const attempt = "renew the session of `wrangler login`"
	domain, address, client := getenv("WRANGLER_AUTH_DOMAIN"), getenv("WRANGLER_TOKEN_URL"), getenv("WRANGLER_CLIENT_ID")
	if domain == "" {
		domain = "dash.cloudflare.com"
	}
	if address == "" {
		address = "https://" + domain + "/oauth2/token"
	}
	if client == "" {
		client = wranglerClient
	}
	at, err := url.Parse(address)
	if err != nil || at.Scheme != "https" && !(at.Scheme == "http" && loopback(at.Hostname())) {
		return Renewed{}, fmt.Errorf("%s: WRANGLER_TOKEN_URL must be an address with https", attempt)
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_id": {client}}
	ctx, stop := context.WithTimeout(ctx, 30*time.Second)
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return Renewed{}, fmt.Errorf("%s: %w", attempt, err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultTransport.RoundTrip(req) // which follows no redirect with the session in it
	if err != nil {
		return Renewed{}, fmt.Errorf("%s: no answer from %s: %w. The session is as it was: look at the network, and run the command again", attempt, at.Host, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	var answer struct {
		Token   string `json:"access_token"`
		Seconds int    `json:"expires_in"`
		Refresh string `json:"refresh_token"`
		Scope   string `json:"scope"`
		Error   string `json:"error"`
	}
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	switch {
	case res.StatusCode >= 500:
		return Renewed{}, fmt.Errorf("%s: %s answered %d: run the command again", attempt, at.Host, res.StatusCode)
	case err != nil || answer.Error != "" || answer.Token == "":
		return Renewed{}, fmt.Errorf("%s: %s refused it (%d %s): log in again with `wrangler login`, or set CLOUDFLARE_API_TOKEN", attempt, at.Host, res.StatusCode, answer.Error)
	}
	if answer.Refresh == "" {
		answer.Refresh = refresh
	}
	return Renewed{answer.Token, answer.Refresh, time.Now().Add(time.Duration(answer.Seconds) * time.Second), strings.Fields(answer.Scope)}, nil
}
