package webcrypto

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"strings"

	"grove.place/lattice/internal/abi"
)

// jwk is a JSON Web Key (RFC 7517, 7518, 8037).
type jwk struct{ abi.Object }

func (j jwk) text(name string) string { s, _ := j.Get(name).(string); return s }

// bytes decodes a member; one that is missing or broken is empty.
func (j jwk) bytes(name string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(j.text(name), "="))
	if err != nil {
		return nil
	}
	return b
}

func (j jwk) number(name string) *big.Int { return new(big.Int).SetBytes(j.bytes(name)) }

func importJWK(a Algorithm, o abi.Object) (abi.Value, error) {
	j := jwk{o}
	switch j.text("kty") {
	case "oct":
		if !symmetric(a.text("name")) {
			break
		}
		return importSecret(a.text("name"), j.bytes("k"))
	case "RSA":
		return j.rsa(a)
	case "EC":
		return j.curve(a)
	case "OKP":
		return j.edwards(a)
	}
	return nil, badData("Unsupported or missing key type \"" + j.text("kty") + "\" in the JSON Web Key for " + a.text("name") + ".")
}

func (j jwk) rsa(a Algorithm) (abi.Value, error) {
	public := rsa.PublicKey{N: j.number("n"), E: int(j.number("e").Int64())}
	if err := fits(a, &public); err != nil {
		return nil, err
	}
	if public.N.BitLen() < 512 || public.E < 3 {
		return nil, badData("Invalid RSA key in JSON Web Key: missing or invalid public components.")
	}
	if len(j.bytes("d")) == 0 {
		return publicKey(&public)
	}
	k := &rsa.PrivateKey{PublicKey: public, D: j.number("d"), Primes: []*big.Int{j.number("p"), j.number("q")}}
	if err := k.Validate(); err != nil {
		return nil, badData("Invalid RSA key in JSON Web Key; invalid private components.")
	}
	k.Precompute()
	return privateKey(k)
}

func (j jwk) curve(a Algorithm) (abi.Value, error) {
	c := curves[j.text("crv")]
	if c == nil || j.text("crv") != a.text("namedCurve") {
		return nil, badData("Elliptic curve of the JSON Web Key does not match the algorithm's.")
	}
	size := (c.Params().BitSize + 7) / 8
	point := append([]byte{4}, append(j.number("x").FillBytes(make([]byte, max(size, len(j.bytes("x"))))), j.number("y").FillBytes(make([]byte, max(size, len(j.bytes("y")))))...)...)
	public, err := ecdsa.ParseUncompressedPublicKey(c, point)
	if err != nil {
		return nil, badData("Invalid EC point in JSON Web Key.")
	}
	if err := fits(a, public); err != nil {
		return nil, err
	}
	if len(j.bytes("d")) == 0 {
		return publicKey(public)
	}
	private, err := ecdsa.ParseRawPrivateKey(c, j.number("d").FillBytes(make([]byte, max(size, len(j.bytes("d"))))))
	if err != nil || !private.PublicKey.Equal(public) {
		return nil, badData("Invalid EC private key in JSON Web Key.")
	}
	return privateKey(private)
}

func (j jwk) edwards(a Algorithm) (abi.Value, error) {
	x, d := j.bytes("x"), j.bytes("d")
	if j.text("crv") != a.text("name") || len(x) != 32 || len(d) != 0 && len(d) != 32 {
		return nil, badData("Invalid " + a.text("name") + " key in JSON Web Key.")
	}
	if a.text("name") == "Ed25519" {
		if len(d) == 0 {
			return publicKey(ed25519.PublicKey(x))
		}
		return privateKey(ed25519.NewKeyFromSeed(d))
	}
	if len(d) == 0 {
		return importRaw(a, x)
	}
	k, err := ecdh.X25519().NewPrivateKey(d)
	if err != nil {
		return nil, badData("Invalid X25519 key in JSON Web Key.")
	}
	return privateKey(k)
}

// members writes members of a JSON Web Key: name, bytes, name, bytes…
func members(kty string, list ...any) abi.Object {
	o := abi.Object{{Name: "kty", Value: kty}}
	for i := 0; i < len(list); i += 2 {
		value := list[i+1]
		if b, ok := value.([]byte); ok {
			value = base64.RawURLEncoding.EncodeToString(b)
		}
		o = append(o, abi.Field{Name: list[i].(string), Value: value})
	}
	return o
}

func (k Key) exportJWK(a Algorithm) (abi.Value, error) {
	if k.secret != nil {
		return members("oct", "k", k.secret), nil
	}
	switch private := k.private.(type) {
	case *rsa.PrivateKey:
		private.Precompute()
		p := private.Precomputed
		return append(rsaMembers(&private.PublicKey), members("", "d", private.D.Bytes(), "p", private.Primes[0].Bytes(), "q", private.Primes[1].Bytes(),
			"dp", p.Dp.Bytes(), "dq", p.Dq.Bytes(), "qi", p.Qinv.Bytes())[1:]...), nil
	case *ecdsa.PrivateKey:
		d, err := private.Bytes()
		if err != nil {
			return nil, operation(err.Error())
		}
		o, err := curveMembers(&private.PublicKey)
		return append(o, members("", "d", d)[1:]...), err
	case ed25519.PrivateKey:
		return members("OKP", "crv", "Ed25519", "x", []byte(private.Public().(ed25519.PublicKey)), "d", private.Seed()), nil
	case *ecdh.PrivateKey:
		return members("OKP", "crv", "X25519", "x", private.PublicKey().Bytes(), "d", private.Bytes()), nil
	}
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		return rsaMembers(public), nil
	case *ecdsa.PublicKey:
		return curveMembers(public)
	case ed25519.PublicKey:
		return members("OKP", "crv", "Ed25519", "x", []byte(public)), nil
	case *ecdh.PublicKey:
		return members("OKP", "crv", "X25519", "x", public.Bytes()), nil
	}
	return nil, wrongKey
}

func rsaMembers(k *rsa.PublicKey) abi.Object {
	return members("RSA", "n", k.N.Bytes(), "e", big.NewInt(int64(k.E)).Bytes())
}

func curveMembers(k *ecdsa.PublicKey) (abi.Object, error) {
	point, err := k.Bytes()
	if err != nil {
		return nil, operation(err.Error())
	}
	half := (len(point) - 1) / 2
	return members("EC", "crv", k.Curve.Params().Name, "x", point[1:1+half], "y", point[1+half:]), nil
}
