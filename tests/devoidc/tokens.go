package devoidc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"strings"
	"time"
)

const (
	rsaKeyID = "dev-rsa"
	ecKeyID  = "dev-ec"
)

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	encode := base64.RawURLEncoding.EncodeToString
	// The uncompressed form of a point is 4, X, Y.
	point, err := p.ecdsa.PublicKey.Bytes()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"keys": []map[string]string{
		{
			"kty": "RSA", "kid": rsaKeyID, "use": "sig", "alg": "RS256",
			"n": encode(p.rsa.N.Bytes()), "e": encode(big.NewInt(int64(p.rsa.E)).Bytes()),
		},
		{
			"kty": "EC", "kid": ecKeyID, "use": "sig", "alg": "ES256", "crv": "P-256",
			"x": encode(point[1:33]), "y": encode(point[33:]),
		},
	}})
}

// token redeems an authorisation code.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code string) { writeJSON(w, status, map[string]string{"error": code}) }
	secret := []byte(r.PostFormValue("client_secret"))
	if r.PostFormValue("client_id") != p.client.ID || subtle.ConstantTimeCompare(secret, []byte(p.client.Secret)) != 1 {
		refuse(http.StatusUnauthorized, "invalid_client")
		return
	}
	if r.PostFormValue("grant_type") != "authorization_code" {
		refuse(http.StatusBadRequest, "unsupported_grant_type")
		return
	}
	p.mu.Lock()
	g, ok := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	p.mu.Unlock()
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || time.Now().After(g.expires) || g.redirectURI != r.PostFormValue("redirect_uri") ||
		base64.RawURLEncoding.EncodeToString(challenge[:]) != g.challenge {
		refuse(http.StatusBadRequest, "invalid_grant")
		return
	}
	idToken, err := p.sign(p.claims(g), g.signES256)
	if err != nil {
		refuse(http.StatusInternalServerError, "server_error")
		return
	}
	access := random()
	p.mu.Lock()
	p.access[access] = g.user
	p.mu.Unlock()
	writeJSON(w, http.StatusOK, map[string]any{
		"access_token": access, "token_type": "Bearer", "expires_in": 3600, "refresh_token": random(), "id_token": idToken,
	})
}

func (p *Provider) claims(g grant) map[string]any {
	now := time.Now().Unix()
	claims := map[string]any{
		"iss": p.issuer, "aud": p.client.ID, "sub": g.user.Subject, "iat": now, "exp": now + 300,
		"name": g.user.Name, "email": g.user.Email, "email_verified": g.user.Verified,
	}
	if g.nonce != "" {
		claims["nonce"] = g.nonce
	}
	return claims
}

func (p *Provider) userInfo(w http.ResponseWriter, r *http.Request) {
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	p.mu.Lock()
	user, ok := p.access[bearer]
	p.mu.Unlock()
	if !ok {
		w.Header().Set("WWW-Authenticate", "Bearer")
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_token"})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"sub": user.Subject, "name": user.Name, "email": user.Email, "email_verified": user.Verified,
	})
}

// sign makes a JWT, with RS256 unless es256.
func (p *Provider) sign(claims map[string]any, es256 bool) (string, error) {
	header := map[string]string{"alg": "RS256", "kid": rsaKeyID, "typ": "JWT"}
	if es256 {
		header["alg"], header["kid"] = "ES256", ecKeyID
	}
	signed := jsonPart(header) + "." + jsonPart(claims)
	digest := sha256.Sum256([]byte(signed))
	var signature []byte
	if es256 {
		r, s, err := ecdsa.Sign(rand.Reader, p.ecdsa, digest[:])
		if err != nil {
			return "", err
		}
		signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	} else {
		var err error
		if signature, err = rsa.SignPKCS1v15(rand.Reader, p.rsa, crypto.SHA256, digest[:]); err != nil {
			return "", err
		}
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

func jsonPart(value any) string {
	raw, _ := json.Marshal(value)
	return base64.RawURLEncoding.EncodeToString(raw)
}
