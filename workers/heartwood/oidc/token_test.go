package oidc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"strings"
	"testing"
	"time"
)

var (
	now       = time.Unix(1_800_000_000, 0)
	rsaKey, _ = rsa.GenerateKey(rand.Reader, 2048)
	ecKey, _  = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	expect    = Expect{Issuer: "https://issuer.test", ClientID: "grove", Nonce: "n-1", Now: now}
)

func keySet(t *testing.T) []Key {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	point, err := ecKey.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	keys := KeySet{Keys: []JSONKey{
		{Type: "RSA", ID: "r", Use: "sig", N: encode(rsaKey.N.Bytes()), E: encode(big.NewInt(int64(rsaKey.E)).Bytes())},
		{Type: "EC", ID: "e", Curve: "P-256", X: encode(point[1:33]), Y: encode(point[33:])},
		{Type: "RSA", ID: "encryption", Use: "enc", N: encode(rsaKey.N.Bytes()), E: "AQAB"},
		{Type: "EC", ID: "off the curve", Curve: "P-256", X: encode(make([]byte, 32)), Y: encode(point[33:])},
		{Type: "RSA", ID: "small", N: encode(make([]byte, 64)), E: "AQAB"},
		{Type: "oct", ID: "shared"},
	}}.Usable()
	if len(keys) != 2 {
		t.Fatalf("%d usable keys, want the RSA and the EC one", len(keys))
	}
	return keys
}

func part(value any) string {
	raw, _ := json.Marshal(value)
	return base64.RawURLEncoding.EncodeToString(raw)
}

func sign(header, claims map[string]any) string {
	signed := part(header) + "." + part(claims)
	digest := sha256.Sum256([]byte(signed))
	var signature []byte
	switch header["alg"] {
	case "RS256":
		signature, _ = rsa.SignPKCS1v15(rand.Reader, rsaKey, crypto.SHA256, digest[:])
	case "ES256":
		r, s, _ := ecdsa.Sign(rand.Reader, ecKey, digest[:])
		signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	case "HS256": // the classic confusion: the public key used as a shared secret
		mac := hmac.New(sha256.New, rsaKey.N.Bytes())
		mac.Write([]byte(signed))
		signature = mac.Sum(nil)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func with(base map[string]any, name string, value any) map[string]any {
	changed := maps.Clone(base)
	if value == nil {
		delete(changed, name)
	} else {
		changed[name] = value
	}
	return changed
}

func TestVerifyIDToken(t *testing.T) {
	rs := map[string]any{"alg": "RS256", "kid": "r"}
	good := map[string]any{
		"iss": "https://issuer.test", "aud": "grove", "sub": "s-1", "nonce": "n-1", "iat": now.Unix(), "exp": now.Unix() + 300,
		"email": "a@example.test", "email_verified": true,
	}
	valid := sign(rs, good)
	pieces := strings.Split(valid, ".")
	cases := []struct {
		name  string
		token string
		fails string // part of the error; "" when it must be accepted
	}{
		{"an RS256 token", valid, ""},
		{"an ES256 token", sign(map[string]any{"alg": "ES256", "kid": "e"}, good), ""},
		{"no key id", sign(map[string]any{"alg": "RS256"}, good), ""},
		{"an audience list with our party", sign(rs, with(with(good, "aud", []string{"grove", "other"}), "azp", "grove")), ""},
		{"a clock half a minute ahead", sign(rs, with(good, "iat", now.Unix()+30)), ""},

		{"nothing", "", "not a signed JWT"},
		{"two parts", pieces[0] + "." + pieces[1], "not a signed JWT"},
		{"no signature", pieces[0] + "." + pieces[1] + ".", "signature is wrong"},
		{"other claims under the signature", pieces[0] + "." + part(with(good, "sub", "s-2")) + "." + pieces[2], "signature is wrong"},
		{"the algorithm none", sign(map[string]any{"alg": "none"}, good), "only RS256 and ES256"},
		{"a MAC with the public key", sign(map[string]any{"alg": "HS256", "kid": "r"}, good), "only RS256 and ES256"},
		{"an unpublished key", sign(map[string]any{"alg": "RS256", "kid": "gone"}, good), "does not publish"},
		{"the other kind of key", sign(map[string]any{"alg": "RS256", "kid": "e"}, good), "does not publish"},
		{"an unknown critical extension", sign(map[string]any{"alg": "RS256", "kid": "r", "crit": []string{"x"}}, good), "unknown extension"},
		{"another issuer", sign(rs, with(good, "iss", "https://evil.test")), "issuer"},
		{"another client", sign(rs, with(good, "aud", "other")), "another client"},
		{"an audience list without a party", sign(rs, with(good, "aud", []string{"grove", "other"})), "another party"},
		{"another party", sign(rs, with(good, "azp", "other")), "another party"},
		{"no subject", sign(rs, with(good, "sub", nil)), "no subject"},
		{"expired", sign(rs, with(good, "exp", now.Unix()-61)), "expired"},
		{"no expiry", sign(rs, with(good, "exp", nil)), "expired"},
		{"issued in the future", sign(rs, with(good, "iat", now.Unix()+120)), "future"},
		{"not valid yet", sign(rs, with(good, "nbf", now.Unix()+120)), "not valid yet"},
		{"another nonce", sign(rs, with(good, "nonce", "n-2")), "another sign-in"},
		{"no nonce", sign(rs, with(good, "nonce", nil)), "another sign-in"},
		{"claims that are no object", pieces[0] + "." + part("text") + "." + pieces[2], "signature is wrong"},
	}
	keys := keySet(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			claims, err := VerifyIDToken(c.token, keys, expect)
			if c.fails == "" {
				if err != nil || claims.Subject != "s-1" || !claims.EmailVerified {
					t.Fatalf("got %+v, %v", claims, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Fatalf("got %v, want an error about %q", err, c.fails)
			}
		})
	}
}

func TestEmailVerifiedIsTrueOnlyWhenSaid(t *testing.T) {
	for text, want := range map[string]bool{
		`{"email_verified":true}`: true, `{"email_verified":"true"}`: true, `{"email_verified":"false"}`: false,
		`{"email_verified":false}`: false, `{"email_verified":1}`: false, `{"email_verified":null}`: false, `{}`: false,
	} {
		var claims Claims
		if err := json.Unmarshal([]byte(text), &claims); err != nil || bool(claims.EmailVerified) != want {
			t.Errorf("%s: %v, %v, want %v", text, claims.EmailVerified, err, want)
		}
	}
}

func TestChallengeIsTheExampleOfRFC7636(t *testing.T) {
	// Appendix B of the RFC.
	const want = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	if got := Challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"); got != want {
		t.Errorf("Challenge = %q, want %q", got, want)
	}
}

// FuzzVerifyIDToken: nothing but the tokens signed here is accepted, and nothing panics.
func FuzzVerifyIDToken(f *testing.F) {
	f.Add("a.b.c")
	f.Add(part(map[string]any{"alg": "RS256"}) + "." + part(map[string]any{"iss": "https://issuer.test"}) + ".AAAA")
	f.Add(part(map[string]any{"alg": "ES256", "kid": "e"}) + "." + part([]int{1}) + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64)))
	point, _ := ecKey.PublicKey.Bytes()
	keys := KeySet{Keys: []JSONKey{{Type: "EC", ID: "e", Curve: "P-256",
		X: base64.RawURLEncoding.EncodeToString(point[1:33]), Y: base64.RawURLEncoding.EncodeToString(point[33:])}}}.Usable()
	f.Fuzz(func(t *testing.T, token string) {
		if claims, err := VerifyIDToken(token, keys, expect); err == nil {
			t.Errorf("%q was accepted: %+v", token, claims)
		}
	})
}
