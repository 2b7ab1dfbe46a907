// Package keyring holds Grove's symmetric keys: named, several at a time, so that a key is rotated by adding a new one
// in front and keeping the old one until nothing made with it is left.
//
// A ring is configured as text: "kid:base64,kid:base64,…", each key 32 bytes. The first key makes new values, every key
// checks old ones. MACs are separated by a label, so that a value made for one purpose is never good for another.
package keyring

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// KeySize is the length of every key, in bytes.
const KeySize = 32

var (
	// ErrUnknownKey means that a value names a key that the ring does not hold (any more).
	ErrUnknownKey = errors.New("keyring: the key that made this value is not in the ring")
	// ErrForged means that a value was not made with the key it names, or was made for something else.
	ErrForged = errors.New("keyring: the value does not fit its key")
)

type key struct {
	id     string
	secret []byte
}

// Ring is an ordered set of keys. The zero value holds none and can neither make nor check anything.
type Ring struct{ keys []key }

// Parse reads a ring from its configuration text.
func Parse(text string) (Ring, error) {
	var ring Ring
	seen := map[string]bool{}
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		id, encoded, ok := strings.Cut(part, ":")
		if !ok || !ValidID(id) {
			return Ring{}, errors.New(`keyring: write each key as kid:base64, with a kid of 1 to 16 letters, digits, "-" or "_"`)
		}
		if seen[id] {
			return Ring{}, fmt.Errorf("keyring: the key id %q is there twice: give each key its own", id)
		}
		seen[id] = true
		secret, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			secret, err = base64.RawURLEncoding.DecodeString(encoded)
		}
		if err != nil || len(secret) != KeySize {
			return Ring{}, fmt.Errorf("keyring: key %q must be %d bytes of base64, such as `openssl rand -base64 %d` prints", id, KeySize, KeySize)
		}
		ring.keys = append(ring.keys, key{id, secret})
	}
	if len(ring.keys) == 0 {
		return Ring{}, errors.New("keyring: it is empty: give at least one kid:base64")
	}
	return ring, nil
}

// Generate returns the configuration text of a new ring with one random key.
func Generate(id string) string {
	secret := make([]byte, KeySize)
	rand.Read(secret)
	return id + ":" + base64.StdEncoding.EncodeToString(secret)
}

// ValidID reports whether id can name a key: it travels inside cookies, so it holds no separators.
func ValidID(id string) bool {
	if len(id) == 0 || len(id) > 16 {
		return false
	}
	return strings.IndexFunc(id, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
	}) < 0
}

// Current is the id of the key that makes new values, "" when the ring is empty.
func (r Ring) Current() string {
	if len(r.keys) == 0 {
		return ""
	}
	return r.keys[0].id
}

func (r Ring) find(id string) ([]byte, bool) {
	for _, k := range r.keys {
		if k.id == id {
			return k.secret, true
		}
	}
	return nil, false
}

// Sum is the base64url MAC of message, for the purpose label, with the key kid.
func (r Ring) Sum(kid, label, message string) (string, error) {
	secret, ok := r.find(kid)
	if !ok {
		return "", ErrUnknownKey
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(label))
	mac.Write([]byte{0})
	mac.Write([]byte(message))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), nil
}

// Check reports, in constant time, whether sum is the MAC of message for label under the key kid.
func (r Ring) Check(kid, label, message, sum string) error {
	want, err := r.Sum(kid, label, message)
	if err != nil {
		return err
	}
	if !hmac.Equal([]byte(want), []byte(sum)) {
		return ErrForged
	}
	return nil
}

// Seal encrypts plain with AES-256-GCM under the current key. The result names the key, and opens only with the same
// additional data: a sealed value moved to another owner's row is refused.
func (r Ring) Seal(plain, additional string) (string, error) {
	if len(r.keys) == 0 {
		return "", errors.New("keyring: it is empty: give at least one kid:base64")
	}
	k := r.keys[0]
	gcm, err := aead(k.secret)
	if err != nil {
		return "", err
	}
	nonce := make([]byte, gcm.NonceSize())
	rand.Read(nonce)
	sealed := gcm.Seal(nonce, nonce, []byte(plain), []byte(additional))
	return "v1." + k.id + "." + base64.RawURLEncoding.EncodeToString(sealed), nil
}

// Open decrypts what Seal made with the same additional data.
func (r Ring) Open(sealed, additional string) (string, error) {
	parts := strings.Split(sealed, ".")
	if len(parts) != 3 || parts[0] != "v1" {
		return "", ErrForged
	}
	secret, ok := r.find(parts[1])
	if !ok {
		return "", ErrUnknownKey
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return "", ErrForged
	}
	gcm, err := aead(secret)
	if err != nil {
		return "", err
	}
	if len(raw) < gcm.NonceSize() {
		return "", ErrForged
	}
	plain, err := gcm.Open(nil, raw[:gcm.NonceSize()], raw[gcm.NonceSize():], []byte(additional))
	if err != nil {
		return "", ErrForged
	}
	return string(plain), nil
}

func aead(secret []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
