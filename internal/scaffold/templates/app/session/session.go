// Package session tells who a request comes from, by a cookie that only this Worker can sign.
//
// People say their own name here: put a password or a sign-in provider before Begin when that is not enough.
package session

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"grove.place/lattice/workers"
)

const cookie = "session"

// Length is how long a session lasts.
const Length = 7 * 24 * time.Hour

// Begin sets the cookie.
func Begin(ctx context.Context, w http.ResponseWriter, r *http.Request, name string) error {
	key, err := key(ctx)
	if err != nil {
		return err
	}
	until := time.Now().Add(Length)
	http.SetCookie(w, &http.Cookie{
		Name: cookie, Value: sign(key, name, until), Path: "/", Expires: until,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.URL.Scheme == "https",
	})
	return nil
}

// Name returns who the request comes from.
func Name(ctx context.Context, r *http.Request) (name string, ok bool) {
	c, err := r.Cookie(cookie)
	if err != nil {
		return "", false
	}
	key, err := key(ctx)
	if err != nil {
		return "", false
	}
	return verify(key, c.Value, time.Now())
}

func key(ctx context.Context) ([]byte, error) {
	key := workers.Getenv(ctx, "SESSION_KEY")
	if len(key) < 32 {
		return nil, errors.New("SESSION_KEY is a secret of 32 characters or more: set it in .dev.vars, and for Cloudflare with `lattice secret put SESSION_KEY`")
	}
	return []byte(key), nil
}

// sign writes name, end and signature, each in base64 where it may have dots.
func sign(key []byte, name string, until time.Time) string {
	payload := encode([]byte(name)) + "." + strconv.FormatInt(until.Unix(), 10)
	return payload + "." + encode(signature(key, payload))
}

func verify(key []byte, value string, now time.Time) (name string, ok bool) {
	end := strings.LastIndexByte(value, '.')
	if end < 0 {
		return "", false
	}
	payload := value[:end]
	given, err := base64.RawURLEncoding.DecodeString(value[end+1:])
	if err != nil || !hmac.Equal(given, signature(key, payload)) {
		return "", false
	}
	first, second, _ := strings.Cut(payload, ".")
	until, err := strconv.ParseInt(second, 10, 64)
	if err != nil || now.Unix() >= until {
		return "", false
	}
	decoded, err := base64.RawURLEncoding.DecodeString(first)
	return string(decoded), err == nil
}

func signature(key []byte, payload string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(payload))
	return m.Sum(nil)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
