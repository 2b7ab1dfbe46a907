package oidc

import (
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"math/big"
)

// KeySet is a JSON Web Key Set (RFC 7517, section 5).
type KeySet struct {
	Keys []JSONKey `json:"keys"`
}

// JSONKey is a JSON Web Key (RFC 7518, section 6) of a public key for signatures.
type JSONKey struct {
	Type      string `json:"kty"`
	ID        string `json:"kid,omitempty"`
	Use       string `json:"use,omitempty"`
	Algorithm string `json:"alg,omitempty"`
	Curve     string `json:"crv,omitempty"`
	X         string `json:"x,omitempty"`
	Y         string `json:"y,omitempty"`
	N         string `json:"n,omitempty"`
	E         string `json:"e,omitempty"`
}

// Usable returns the keys that can check RS256 or ES256; others (encryption keys, unknown curves) are left out.
func (s KeySet) Usable() []Key {
	var keys []Key
	for _, jwk := range s.Keys {
		if jwk.Use != "" && jwk.Use != "sig" {
			continue
		}
		var key Key
		var err error
		switch jwk.Type {
		case "RSA":
			key, err = jwk.rsaKey()
		case "EC":
			key, err = jwk.ecKey()
		default:
			continue
		}
		if err == nil && (jwk.Algorithm == "" || jwk.Algorithm == key.algorithm) {
			keys = append(keys, key)
		}
	}
	return keys
}

func (k JSONKey) rsaKey() (Key, error) {
	n, err := bigInt(k.N)
	if err != nil {
		return Key{}, err
	}
	e, err := bigInt(k.E)
	if err != nil {
		return Key{}, err
	}
	if bits := n.BitLen(); bits < 2048 || bits > 8192 || !e.IsInt64() || e.Int64() < 3 || e.Int64() > 1<<31-1 {
		return Key{}, errors.New("an RSA key of an unsafe size")
	}
	return Key{k.ID, "RS256", &rsa.PublicKey{N: n, E: int(e.Int64())}}, nil
}

func (k JSONKey) ecKey() (Key, error) {
	if k.Curve != "P-256" {
		return Key{}, errors.New("a curve other than P-256")
	}
	x, errX := base64.RawURLEncoding.DecodeString(k.X)
	y, errY := base64.RawURLEncoding.DecodeString(k.Y)
	if errX != nil || errY != nil || len(x) != 32 || len(y) != 32 {
		return Key{}, errors.New("a point that is not two numbers of 32 bytes")
	}
	public, err := newP256Key(x, y)
	if err != nil {
		return Key{}, err
	}
	return Key{k.ID, "ES256", public}, nil
}

func bigInt(text string) (*big.Int, error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) == 0 {
		return nil, errors.New("a number that is not base64url")
	}
	return new(big.Int).SetBytes(raw), nil
}
