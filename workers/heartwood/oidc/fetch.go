package oidc

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Documents of a provider are small; more than this is not one.
const maxDocument = 1 << 20

func getJSON(ctx context.Context, t http.RoundTripper, address, bearer string, result any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("%w: %q is not a URL", ErrUnavailable, address)
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	status, err := send(t, req, result)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("%w: GET %s answered %d", ErrUnavailable, address, status)
	}
	return nil
}

// send performs the request and decodes a JSON answer, whatever its status. It does not follow redirects: a discovery
// document, a key set or a token comes from exactly where it was asked for. (An http.Client would make the module
// 1.2 MB larger, compressed, because it brings all of http.Transport with it.)
func send(t http.RoundTripper, req *http.Request, result any) (int, error) {
	req.Header.Set("Accept", "application/json")
	// GitHub refuses requests without one.
	req.Header.Set("User-Agent", "grove-heartwood")
	resp, err := t.RoundTrip(req)
	if err != nil {
		return 0, fmt.Errorf("%w: %s %s: %v", ErrUnavailable, req.Method, req.URL.Redacted(), err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	if err != nil {
		return 0, fmt.Errorf("%w: read the answer of %s: %v", ErrUnavailable, req.URL.Host, err)
	}
	if len(body) > maxDocument {
		return 0, fmt.Errorf("%w: %s answered with more than %d bytes", ErrUnavailable, req.URL.Host, maxDocument)
	}
	if err := json.Unmarshal(body, result); err != nil && resp.StatusCode == http.StatusOK {
		return 0, fmt.Errorf("%w: %s did not answer with JSON", ErrUnavailable, req.URL.Host)
	}
	return resp.StatusCode, nil
}

// tokens is the answer of a token endpoint (RFC 6749, sections 5.1 and 5.2).
type tokens struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	RefreshToken string `json:"refresh_token"`
	IDToken      string `json:"id_token"`
	Error        string `json:"error"`
}

// redeem exchanges an authorisation code. The client authenticates in the body unless basic is asked for.
func redeem(ctx context.Context, endpoint string, c Config, basic bool, flow Flow, redirectURI, code string) (tokens, error) {
	form := url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {code},
		"redirect_uri":  {redirectURI},
		"code_verifier": {flow.Verifier},
	}
	if !basic {
		form.Set("client_id", c.ClientID)
		if c.ClientSecret != "" {
			form.Set("client_secret", c.ClientSecret)
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return tokens{}, fmt.Errorf("%w: its token endpoint is not a URL", ErrUnavailable)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if basic {
		req.SetBasicAuth(url.QueryEscape(c.ClientID), url.QueryEscape(c.ClientSecret))
	}
	var answer tokens
	status, err := send(c.Transport, req, &answer)
	switch {
	case err != nil:
		return tokens{}, err
	case status >= 500:
		return tokens{}, fmt.Errorf("%w: its token endpoint answered %d", ErrUnavailable, status)
	case answer.Error != "":
		return tokens{}, fmt.Errorf("%w: the code was not accepted: %q", ErrRejected, answer.Error)
	case status != http.StatusOK || answer.AccessToken == "":
		return tokens{}, fmt.Errorf("%w: its token endpoint answered %d without a token", ErrUnavailable, status)
	case !strings.EqualFold(answer.TokenType, "Bearer"):
		return tokens{}, fmt.Errorf("%w: it gave a token of type %q, not Bearer", ErrUnavailable, answer.TokenType)
	}
	return answer, nil
}
