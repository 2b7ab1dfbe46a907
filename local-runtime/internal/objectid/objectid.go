// Package objectid makes the ids of Durable Objects as workerd makes them (workerd server/actor-id-impl.c++), so that an object has the same id
// on the local host, in wrangler dev and in workerd. The first half of an id is its own, the second signs it with the key of the namespace, which is called
// by the Worker's name, "-", and the class.
package objectid

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// Of is the id that begins with base, of 16 bytes.
func Of(namespace string, base []byte) string {
	return hex.EncodeToString(append(base[:16:16], sign(namespace, base[:16])...))
}

// FromName is the id of the object of a name.
func FromName(namespace, name string) string { return Of(namespace, sign(namespace, []byte(name))) }

// Check returns an id in its one spelling. It is well-formed when it has 64 hexadecimal digits, and valid when the namespace made it.
func Check(namespace, id string) (spelled string, wellFormed, valid bool) {
	raw, err := hex.DecodeString(id)
	if err != nil || len(raw) != 32 {
		return "", false, false
	}
	return hex.EncodeToString(raw), true, hmac.Equal(raw[16:], sign(namespace, raw[:16]))
}

func sign(namespace string, data []byte) []byte {
	secret := sha256.Sum256([]byte(namespace))
	m := hmac.New(sha256.New, secret[:])
	m.Write(data)
	return m.Sum(nil)[:16]
}
