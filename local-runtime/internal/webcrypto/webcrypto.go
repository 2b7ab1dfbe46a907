// Package webcrypto is what crypto.subtle of the local host's JavaScript does, on Go's own cryptography. JavaScript keeps a key as Key: its kind and
// its bytes, and checks who may use it for what; this package works with them.
//
// Start with Perform. keys.go makes, reads and writes keys, jwk.go those of the format jwk.
package webcrypto

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/subtle"
	"math/big"

	"grove.place/lattice/internal/abi"
)

// Algorithm is an algorithm as JavaScript names it, with its parameters.
type Algorithm struct{ abi.Object }

func (a Algorithm) text(name string) string  { s, _ := a.Get(name).(string); return s }
func (a Algorithm) bytes(name string) []byte { b, _ := a.Get(name).([]byte); return b }

// number returns a parameter, or otherwise when it is not there.
func (a Algorithm) number(name string, otherwise int) int {
	switch n := a.Get(name).(type) {
	case int64:
		return int(n)
	case float64:
		return int(n)
	}
	return otherwise
}

var hashes = map[string]crypto.Hash{"SHA-1": crypto.SHA1, "SHA-256": crypto.SHA256, "SHA-384": crypto.SHA384, "SHA-512": crypto.SHA512}

func (a Algorithm) hash() (crypto.Hash, error) {
	h, ok := hashes[a.text("hash")]
	if !ok {
		return 0, unsupported("Unrecognized or unimplemented digest algorithm requested.")
	}
	return h, nil
}

func exception(name, text string) error { return &abi.Error{Name: name, Message: text} }

func unsupported(text string) error { return exception("NotSupportedError", text) }

func operation(text string) error { return exception("OperationError", text) }

// Perform does what a method of crypto.subtle does: its name, the algorithm, the key if there is one, and the data.
func Perform(method string, args []abi.Value) (abi.Value, error) {
	at := func(i int) abi.Value {
		if i < len(args) {
			return args[i]
		}
		return nil
	}
	o, _ := at(0).(abi.Object)
	a := Algorithm{o}
	switch method {
	case "generateKey":
		return generate(a)
	case "importKey":
		format, _ := at(1).(string)
		return importKey(a, format, at(2))
	}
	key, err := keyOf(at(1))
	if err != nil {
		return nil, err
	}
	data, _ := at(2).([]byte)
	switch method {
	case "exportKey":
		format, _ := at(2).(string)
		return key.export(a, format)
	case "sign":
		return sign(a, key, data)
	case "verify":
		signature, _ := at(3).([]byte)
		return verify(a, key, data, signature)
	case "encrypt":
		return crypt(a, key, data, true)
	case "decrypt":
		return crypt(a, key, data, false)
	case "deriveBits":
		return derive(a, key, at(2), at(3))
	}
	return nil, unsupported("crypto.subtle has no " + method)
}

func digest(h crypto.Hash, data []byte) []byte {
	d := h.New()
	d.Write(data)
	return d.Sum(nil)
}

func sign(a Algorithm, k Key, data []byte) (abi.Value, error) {
	switch name := a.text("name"); name {
	case "HMAC":
		h, err := a.hash()
		if err != nil {
			return nil, err
		}
		mac := hmac.New(h.New, k.secret)
		mac.Write(data)
		return mac.Sum(nil), nil
	case "Ed25519":
		private, ok := k.private.(ed25519.PrivateKey)
		if !ok {
			return nil, wrongKey
		}
		return ed25519.Sign(private, data), nil
	case "ECDSA":
		h, err := a.hash()
		private, ok := k.private.(*ecdsa.PrivateKey)
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return nil, wrongKey
		}
		r, s, err := ecdsa.Sign(rand.Reader, private, digest(h, data))
		if err != nil {
			return nil, operation(err.Error())
		}
		size := (private.Curve.Params().BitSize + 7) / 8
		return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...), nil
	case "RSASSA-PKCS1-v1_5", "RSA-PSS":
		h, err := a.hash()
		private, ok := k.private.(*rsa.PrivateKey)
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return nil, wrongKey
		}
		var signature []byte
		if name == "RSA-PSS" {
			signature, err = rsa.SignPSS(rand.Reader, private, h, digest(h, data), pss(a))
		} else {
			signature, err = rsa.SignPKCS1v15(nil, private, h, digest(h, data))
		}
		if err != nil {
			return nil, operation(err.Error())
		}
		return signature, nil
	}
	return nil, unsupported("Unrecognized key import algorithm \"" + a.text("name") + "\" requested.")
}

func pss(a Algorithm) *rsa.PSSOptions {
	if n := a.number("saltLength", 0); n > 0 {
		return &rsa.PSSOptions{SaltLength: n}
	}
	return &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
}

func verify(a Algorithm, k Key, data, signature []byte) (abi.Value, error) {
	switch name := a.text("name"); name {
	case "HMAC":
		made, err := sign(a, k, data)
		if err != nil {
			return nil, err
		}
		return hmac.Equal(made.([]byte), signature), nil
	case "Ed25519":
		public, ok := k.public.(ed25519.PublicKey)
		if !ok {
			return nil, wrongKey
		}
		return ed25519.Verify(public, data, signature), nil
	case "ECDSA":
		h, err := a.hash()
		public, ok := k.public.(*ecdsa.PublicKey)
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return nil, wrongKey
		}
		size := (public.Curve.Params().BitSize + 7) / 8
		if len(signature) != 2*size {
			return false, nil
		}
		return ecdsa.Verify(public, digest(h, data), new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])), nil
	case "RSASSA-PKCS1-v1_5", "RSA-PSS":
		h, err := a.hash()
		public, ok := k.public.(*rsa.PublicKey)
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return nil, wrongKey
		case name == "RSA-PSS":
			return rsa.VerifyPSS(public, h, digest(h, data), signature, pss(a)) == nil, nil
		}
		return rsa.VerifyPKCS1v15(public, h, digest(h, data), signature) == nil, nil
	}
	return nil, unsupported("The verify operation is not implemented for \"" + a.text("name") + "\".")
}

// crypt encrypts or decrypts.
func crypt(a Algorithm, k Key, data []byte, encrypt bool) (abi.Value, error) {
	name := a.text("name")
	if name == "RSA-OAEP" {
		return oaep(a, k, data, encrypt)
	}
	block, err := aes.NewCipher(k.secret)
	if err != nil {
		return nil, wrongKey
	}
	iv := a.bytes("iv")
	switch name {
	case "AES-GCM":
		return gcm(a, block, iv, data, encrypt)
	case "AES-CBC":
		return cbc(block, iv, data, encrypt)
	case "AES-CTR":
		counter := a.bytes("counter")
		if n := a.number("length", 0); len(counter) != aes.BlockSize || n < 1 || n > 128 {
			return nil, operation("AES-CTR needs a counter of 16 bytes, and how many of its bits count.")
		}
		out := make([]byte, len(data))
		cipher.NewCTR(block, counter).XORKeyStream(out, data)
		return out, nil
	}
	return nil, unsupported("The encrypt operation is not implemented for \"" + name + "\".")
}

func gcm(a Algorithm, block cipher.Block, iv, data []byte, encrypt bool) (abi.Value, error) {
	tag := a.number("tagLength", 128) / 8
	if len(iv) == 0 {
		return nil, operation("AES-GCM IV must not be empty.")
	}
	var aead cipher.AEAD
	var err error
	if tag == 16 {
		aead, err = cipher.NewGCMWithNonceSize(block, len(iv))
	} else {
		if len(iv) != 12 {
			return nil, unsupported("AES-GCM with a tag shorter than 128 bits needs an IV of 12 bytes on the local host.")
		}
		aead, err = cipher.NewGCMWithTagSize(block, tag)
	}
	if err != nil {
		return nil, operation("Invalid AES-GCM tag length.")
	}
	if encrypt {
		return aead.Seal(nil, iv, data, a.bytes("additionalData")), nil
	}
	out, err := aead.Open(nil, iv, data, a.bytes("additionalData"))
	if err != nil {
		return nil, operation("Decryption failed. This could be due to a ciphertext authentication failure, bad padding, incorrect CryptoKey, or another algorithm-specific reason.")
	}
	return orEmpty(out), nil
}

func cbc(block cipher.Block, iv, data []byte, encrypt bool) (abi.Value, error) {
	if len(iv) != aes.BlockSize {
		return nil, operation("AES-CBC IV must be 16 bytes long.")
	}
	if encrypt {
		pad := aes.BlockSize - len(data)%aes.BlockSize
		out := append([]byte{}, data...)
		for range pad {
			out = append(out, byte(pad))
		}
		cipher.NewCBCEncrypter(block, iv).CryptBlocks(out, out)
		return out, nil
	}
	failed := operation("Decryption failed. This could be due to a ciphertext authentication failure, bad padding, incorrect CryptoKey, or another algorithm-specific reason.")
	if len(data) == 0 || len(data)%aes.BlockSize != 0 {
		return nil, failed
	}
	out := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(out, data)
	pad := int(out[len(out)-1])
	if pad == 0 || pad > aes.BlockSize {
		return nil, failed
	}
	good := 1
	for _, b := range out[len(out)-pad:] {
		good &= subtle.ConstantTimeByteEq(b, byte(pad))
	}
	if good != 1 {
		return nil, failed
	}
	return out[:len(out)-pad], nil
}

func oaep(a Algorithm, k Key, data []byte, encrypt bool) (abi.Value, error) {
	h, err := a.hash()
	if err != nil {
		return nil, err
	}
	var out []byte
	if encrypt {
		public, ok := k.public.(*rsa.PublicKey)
		if !ok {
			return nil, wrongKey
		}
		out, err = rsa.EncryptOAEP(h.New(), rand.Reader, public, data, a.bytes("label"))
	} else {
		private, ok := k.private.(*rsa.PrivateKey)
		if !ok {
			return nil, wrongKey
		}
		out, err = rsa.DecryptOAEP(h.New(), nil, private, data, a.bytes("label"))
	}
	if err != nil {
		return nil, operation("RSA-OAEP failed encrypt/decrypt.")
	}
	return orEmpty(out), nil
}

// derive returns bits: derive(algorithm, key, length or null, public key).
func derive(a Algorithm, k Key, length, other abi.Value) (abi.Value, error) {
	bits := -1
	switch n := length.(type) {
	case int64:
		bits = int(n)
	case float64:
		bits = int(n)
	}
	if bits == 0 || bits%8 != 0 && bits != -1 {
		return nil, operation("The length of what is derived must be a multiple of 8, and not 0.")
	}
	switch name := a.text("name"); name {
	case "PBKDF2", "HKDF":
		h, err := a.hash()
		if err != nil {
			return nil, err
		}
		if bits < 0 {
			return nil, operation(name + " needs the number of bits to derive.")
		}
		var out []byte
		if name == "HKDF" {
			out, err = hkdf.Key(h.New, k.secret, a.bytes("salt"), string(a.bytes("info")), bits/8)
		} else {
			n := a.number("iterations", 0)
			switch {
			case n <= 0:
				return nil, operation("PBKDF2 requires a positive number of iterations.")
			case n > 100_000:
				return nil, unsupported("Pbkdf2 failed: iteration counts above 100000 are not supported (requested " + big.NewInt(int64(n)).String() + ").")
			}
			out, err = pbkdf2.Key(h.New, string(k.secret), a.bytes("salt"), n, bits/8)
		}
		if err != nil {
			return nil, operation(err.Error())
		}
		return out, nil
	case "ECDH", "X25519":
		peer, err := keyOf(other)
		if err != nil {
			return nil, err
		}
		return agree(k, peer, bits)
	}
	return nil, unsupported("The deriveBits operation is not implemented for \"" + a.text("name") + "\".")
}

func agree(k, peer Key, bits int) (abi.Value, error) {
	private, err := exchangePrivate(k.private)
	if err != nil {
		return nil, err
	}
	public, err := exchangePublic(peer.public)
	if err != nil {
		return nil, err
	}
	secret, err := private.ECDH(public)
	if err != nil {
		return nil, exception("InvalidAccessError", "the two keys are not of one curve")
	}
	if bits < 0 {
		return secret, nil
	}
	if bits/8 > len(secret) {
		return nil, operation("Derived key length is too long.")
	}
	return secret[:bits/8], nil
}

func exchangePrivate(k any) (*ecdh.PrivateKey, error) {
	switch k := k.(type) {
	case *ecdh.PrivateKey:
		return k, nil
	case *ecdsa.PrivateKey:
		if e, err := k.ECDH(); err == nil {
			return e, nil
		}
	}
	return nil, wrongKey
}

func exchangePublic(k any) (*ecdh.PublicKey, error) {
	switch k := k.(type) {
	case *ecdh.PublicKey:
		return k, nil
	case *ecdsa.PublicKey:
		if e, err := k.ECDH(); err == nil {
			return e, nil
		}
	}
	return nil, wrongKey
}

func orEmpty(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
