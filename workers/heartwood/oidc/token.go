package oidc

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Clocks of two machines differ by less than this.
const leeway = time.Minute

const maxToken = 64 << 10

var errNoKey = errors.New("the ID token is signed with a key that the provider does not publish")

// Expect is what an ID token must say to be accepted.
type Expect struct {
	Issuer   string
	ClientID string
	Nonce    string
	Now      time.Time
}

// Claims are the claims of an ID token, or of a user information answer, that are used.
type Claims struct {
	Issuer        string   `json:"iss"`
	Subject       string   `json:"sub"`
	Audience      audience `json:"aud"`
	Party         string   `json:"azp"`
	Expires       float64  `json:"exp"`
	IssuedAt      float64  `json:"iat"`
	NotBefore     float64  `json:"nbf"`
	Nonce         string   `json:"nonce"`
	Email         string   `json:"email"`
	EmailVerified truth    `json:"email_verified"`
	Name          string   `json:"name"`
	Picture       string   `json:"picture"`
}

// audience is one name or a list of them (RFC 7519, section 4.1.3).
type audience []string

func (a *audience) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(a))
}

// truth is a boolean that some providers write as text.
type truth bool

func (t *truth) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case "true", `"true"`:
		*t = true
	default:
		*t = false
	}
	return nil
}

// VerifyIDToken checks signature and claims of an ID token (OpenID Connect Core 1.0, section 3.1.3.7).
func VerifyIDToken(token string, keys []Key, expect Expect) (Claims, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(token) > maxToken {
		return Claims{}, errors.New("the ID token is not a signed JWT")
	}
	var header struct {
		Algorithm string   `json:"alg"`
		KeyID     string   `json:"kid"`
		Critical  []string `json:"crit"`
	}
	if err := decodePart(parts[0], &header); err != nil {
		return Claims{}, err
	}
	if len(header.Critical) > 0 {
		return Claims{}, fmt.Errorf("the ID token demands the unknown extension %q", header.Critical[0])
	}
	signature, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	if err != nil {
		return Claims{}, errors.New("the ID token's signature is not base64url")
	}
	if err := checkSignature(keys, header.Algorithm, header.KeyID, parts[0]+"."+parts[1], signature); err != nil {
		return Claims{}, err
	}
	var claims Claims
	if err := decodePart(parts[1], &claims); err != nil {
		return Claims{}, err
	}
	return claims, claims.check(expect)
}

func decodePart(part string, result any) error {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err == nil {
		err = json.Unmarshal(raw, result)
	}
	if err != nil {
		return errors.New("the ID token is not a JWT of JSON objects")
	}
	return nil
}

func checkSignature(keys []Key, algorithm, kid, signed string, signature []byte) error {
	if algorithm != "RS256" && algorithm != "ES256" {
		return fmt.Errorf("the ID token is signed with %q: only RS256 and ES256 are accepted", algorithm)
	}
	tried := false
	for _, key := range keys {
		// Without a key id every key of the right kind is tried.
		if key.algorithm != algorithm || kid != "" && key.id != kid {
			continue
		}
		tried = true
		if key.verify([]byte(signed), signature) {
			return nil
		}
	}
	if !tried {
		return errNoKey
	}
	return errors.New("the ID token's signature is wrong")
}

func (c Claims) check(expect Expect) error {
	at := func(seconds float64) time.Time { return time.UnixMilli(int64(seconds * 1000)) }
	switch {
	case c.Issuer != expect.Issuer:
		return fmt.Errorf("the ID token is of issuer %q, not %q", c.Issuer, expect.Issuer)
	case !slices.Contains(c.Audience, expect.ClientID):
		return errors.New("the ID token is for another client")
	case len(c.Audience) > 1 && c.Party == "" || c.Party != "" && c.Party != expect.ClientID:
		return errors.New("the ID token was issued to another party")
	case c.Subject == "" || len(c.Subject) > 255:
		return errors.New("the ID token names no subject")
	case c.Expires == 0 || !expect.Now.Before(at(c.Expires).Add(leeway)):
		return errors.New("the ID token has expired")
	case c.IssuedAt == 0 || at(c.IssuedAt).After(expect.Now.Add(leeway)):
		return errors.New("the ID token was issued in the future")
	case c.NotBefore != 0 && at(c.NotBefore).After(expect.Now.Add(leeway)):
		return errors.New("the ID token is not valid yet")
	case expect.Nonce == "" || subtle.ConstantTimeCompare([]byte(c.Nonce), []byte(expect.Nonce)) != 1:
		return errors.New("the ID token belongs to another sign-in")
	}
	return nil
}

// Key is a public key of a provider.
type Key struct {
	id        string
	algorithm string
	public    any // *rsa.PublicKey or *p256Key
}

func (k Key) verify(signed, signature []byte) bool {
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		digest := sha256.Sum256(signed)
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) == nil
	case *p256Key:
		return public.verify(signed, signature)
	}
	return false
}
