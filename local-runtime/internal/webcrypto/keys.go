package webcrypto

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
	"strings"

	"grove.place/lattice/internal/abi"
)

// Key is a key. JavaScript has it as {type, der} or {type: "secret", secret}.
type Key struct {
	secret  []byte
	private any // *rsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PrivateKey or *ecdh.PrivateKey
	public  any
}

var wrongKey = exception("InvalidAccessError", "the key is not one for this algorithm")

var curves = map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}

func badData(text string) error { return exception("DataError", text) }

func symmetric(name string) bool {
	return name == "HMAC" || name == "HKDF" || name == "PBKDF2" || strings.HasPrefix(name, "AES-")
}

// keyOf reads a key as JavaScript has it.
func keyOf(v abi.Value) (Key, error) {
	o, _ := v.(abi.Object)
	if secret, ok := o.Get("secret").([]byte); ok {
		return Key{secret: secret}, nil
	}
	der, _ := o.Get("der").([]byte)
	if o.Get("type") == "private" {
		private, err := x509.ParsePKCS8PrivateKey(der)
		if err != nil {
			return Key{}, badData("Invalid private key.")
		}
		return Key{private: private}, nil
	}
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return Key{}, badData("Invalid public key.")
	}
	return Key{public: public}, nil
}

// secretKey, privateKey and publicKey are keys for JavaScript; extra is what belongs to the algorithm.
func secretKey(secret []byte, extra ...abi.Field) abi.Object {
	return append(abi.Object{{Name: "type", Value: "secret"}, {Name: "secret", Value: secret}}, extra...)
}

func privateKey(k any) (abi.Value, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return nil, badData(err.Error())
	}
	return append(abi.Object{{Name: "type", Value: "private"}, {Name: "der", Value: der}}, facts(k)...), nil
}

func publicKey(k any) (abi.Value, error) {
	der, err := x509.MarshalPKIXPublicKey(k)
	if err != nil {
		return nil, badData(err.Error())
	}
	return append(abi.Object{{Name: "type", Value: "public"}, {Name: "der", Value: der}}, facts(k)...), nil
}

// facts are what key.algorithm says of a key.
func facts(k any) abi.Object {
	switch k := k.(type) {
	case *rsa.PrivateKey:
		return facts(&k.PublicKey)
	case *rsa.PublicKey:
		return abi.Object{{Name: "modulusLength", Value: int64(k.N.BitLen())}, {Name: "publicExponent", Value: big.NewInt(int64(k.E)).Bytes()}}
	case *ecdsa.PrivateKey:
		return facts(&k.PublicKey)
	case *ecdsa.PublicKey:
		return abi.Object{{Name: "namedCurve", Value: k.Curve.Params().Name}}
	}
	return nil
}

// pair is what generateKey returns for keys of two halves.
func pair(private, public any) (abi.Value, error) {
	a, err := privateKey(private)
	if err != nil {
		return nil, err
	}
	b, err := publicKey(public)
	return abi.Object{{Name: "privateKey", Value: a}, {Name: "publicKey", Value: b}}, err
}

func generate(a Algorithm) (abi.Value, error) {
	switch name := a.text("name"); name {
	case "HMAC":
		h, err := a.hash()
		if err != nil {
			return nil, err
		}
		return random(a.number("length", h.New().BlockSize()*8))
	case "AES-GCM", "AES-CBC", "AES-CTR":
		n := a.number("length", 0)
		if n != 128 && n != 192 && n != 256 {
			return nil, operation("Generated AES key length must be 128, 192, or 256 bits.")
		}
		return random(n)
	case "RSASSA-PKCS1-v1_5", "RSA-PSS", "RSA-OAEP":
		bits := a.number("modulusLength", 0)
		if bits < 1024 || bits > 4096 {
			return nil, operation("The modulus length must be from 1024 to 4096 bits on the local host.")
		}
		if _, err := a.hash(); err != nil {
			return nil, err
		}
		k, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			return nil, operation(err.Error())
		}
		return pair(k, &k.PublicKey)
	case "ECDSA", "ECDH":
		curve := curves[a.text("namedCurve")]
		if curve == nil {
			return nil, unsupported("Unrecognized or unimplemented EC curve \"" + a.text("namedCurve") + "\" requested.")
		}
		k, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			return nil, operation(err.Error())
		}
		return pair(k, &k.PublicKey)
	case "Ed25519":
		public, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, operation(err.Error())
		}
		return pair(private, public)
	case "X25519":
		k, err := ecdh.X25519().GenerateKey(rand.Reader)
		if err != nil {
			return nil, operation(err.Error())
		}
		return pair(k, k.PublicKey())
	}
	return nil, unsupported("Unrecognized key generation algorithm \"" + a.text("name") + "\" requested.")
}

func random(bits int) (abi.Value, error) {
	if bits <= 0 || bits%8 != 0 {
		return nil, operation("The length of a key must be a multiple of 8 bits.")
	}
	secret := make([]byte, bits/8)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	return secretKey(secret, abi.Field{Name: "length", Value: int64(bits)}), nil
}

// importKey reads a key: importKey(algorithm, format, bytes or JWK).
func importKey(a Algorithm, format string, data abi.Value) (abi.Value, error) {
	name := a.text("name")
	raw, isBytes := data.([]byte)
	if format != "jwk" && !isBytes {
		return nil, abi.TypeErrorf("Import data provided for import formats raw, spki, and pkcs8 must be of type ArrayBuffer, TypedArray, or DataView.")
	}
	switch {
	case format == "jwk":
		o, ok := data.(abi.Object)
		if !ok {
			return nil, abi.TypeErrorf("Import data provided for import format jwk must be of type JsonWebKey.")
		}
		return importJWK(a, o)
	case symmetric(name):
		if format != "raw" {
			return nil, unsupported("Unrecognized key import format \"" + format + "\" for " + name + ".")
		}
		return importSecret(name, raw)
	case format == "pkcs8":
		k, err := x509.ParsePKCS8PrivateKey(raw)
		if err != nil {
			return nil, badData("Invalid PKCS8 input.")
		}
		if err := fits(a, k); err != nil {
			return nil, err
		}
		return privateKey(k)
	case format == "spki":
		k, err := x509.ParsePKIXPublicKey(raw)
		if err != nil {
			return nil, badData("Invalid SPKI input.")
		}
		if err := fits(a, k); err != nil {
			return nil, err
		}
		return publicKey(k)
	case format == "raw":
		return importRaw(a, raw)
	}
	return nil, unsupported("Unrecognized key import format \"" + format + "\".")
}

func importSecret(name string, raw []byte) (abi.Value, error) {
	bits := len(raw) * 8
	if strings.HasPrefix(name, "AES-") && bits != 128 && bits != 192 && bits != 256 {
		return nil, badData("Imported AES key length must be 128, 192, or 256 bits but provided " + big.NewInt(int64(bits)).String() + ".")
	}
	if name == "HMAC" && bits == 0 {
		return nil, badData("Imported HMAC key length (0) must be a non-zero value up to 7 bits less than, and no greater than, the bit length of the raw key data (0).")
	}
	return secretKey(raw, abi.Field{Name: "length", Value: int64(bits)}), nil
}

// importRaw reads the public half of a key on a curve.
func importRaw(a Algorithm, raw []byte) (abi.Value, error) {
	switch name := a.text("name"); name {
	case "ECDSA", "ECDH":
		curve := curves[a.text("namedCurve")]
		if curve == nil {
			return nil, unsupported("Unrecognized or unimplemented EC curve \"" + a.text("namedCurve") + "\" requested.")
		}
		k, err := ecdsa.ParseUncompressedPublicKey(curve, raw)
		if err != nil {
			return nil, badData("Invalid EC point.")
		}
		return publicKey(k)
	case "Ed25519":
		if len(raw) != ed25519.PublicKeySize {
			return nil, badData("Ed25519 raw keys must be exactly 32 bytes.")
		}
		return publicKey(ed25519.PublicKey(raw))
	case "X25519":
		k, err := ecdh.X25519().NewPublicKey(raw)
		if err != nil {
			return nil, badData("X25519 raw keys must be exactly 32 bytes.")
		}
		return publicKey(k)
	}
	return nil, unsupported("Unrecognized key import format \"raw\" for " + a.text("name") + ".")
}

// fits reports a key that is not one of the algorithm.
func fits(a Algorithm, k any) error {
	ok := false
	switch k.(type) {
	case *rsa.PrivateKey, *rsa.PublicKey:
		ok = strings.HasPrefix(a.text("name"), "RSA")
	case *ecdsa.PrivateKey, *ecdsa.PublicKey:
		ok = strings.HasPrefix(a.text("name"), "EC") && facts(k).Get("namedCurve") == a.text("namedCurve")
	case ed25519.PrivateKey, ed25519.PublicKey:
		ok = a.text("name") == "Ed25519"
	case *ecdh.PrivateKey, *ecdh.PublicKey:
		ok = a.text("name") == "X25519"
	}
	if !ok {
		return badData("the key is not one of " + a.text("name"))
	}
	return nil
}

// export writes a key.
func (k Key) export(a Algorithm, format string) (abi.Value, error) {
	refused := exception("NotSupportedError", "Unimplemented key export format \""+format+"\" for this key.")
	switch format {
	case "jwk":
		return k.exportJWK(a)
	case "raw":
		switch public := k.public.(type) {
		case *ecdsa.PublicKey:
			return public.Bytes()
		case ed25519.PublicKey:
			return []byte(public), nil
		case *ecdh.PublicKey:
			return public.Bytes(), nil
		}
		if k.secret != nil {
			return k.secret, nil
		}
	case "pkcs8":
		if k.private != nil {
			return x509.MarshalPKCS8PrivateKey(k.private)
		}
	case "spki":
		if k.public != nil {
			return x509.MarshalPKIXPublicKey(k.public)
		}
	}
	return nil, refused
}
