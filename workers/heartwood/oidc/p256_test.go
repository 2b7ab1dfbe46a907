package oidc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"math/big"
	"testing"
)

func TestTheCurveIsP256(t *testing.T) {
	want := elliptic.P256().Params()
	for name, pair := range map[string][2]*big.Int{
		"p": {p256P, want.P}, "n": {p256N, want.N}, "b": {p256B, want.B}, "gx": {p256Gx, want.Gx}, "gy": {p256Gy, want.Gy},
	} {
		if pair[0].Cmp(pair[1]) != 0 {
			t.Errorf("%s is %x, want %x", name, pair[0], pair[1])
		}
	}
}

// p256Pair is one key in both implementations.
func p256Pair(t testing.TB, private *ecdsa.PrivateKey) *p256Key {
	t.Helper()
	point, err := private.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	key, err := newP256Key(point[1:33], point[33:])
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// secret is the private key with that number, which may be small: then sums meet the cases that formulas leave out.
func secret(t testing.TB, number []byte) *ecdsa.PrivateKey {
	t.Helper()
	d := new(big.Int).SetBytes(number)
	d.Mod(d, new(big.Int).Sub(p256N, big.NewInt(1))).Add(d, big.NewInt(1))
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d.FillBytes(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return private
}

// signWith is the signature with a chosen nonce k, as FIPS 186-5 defines it, or nil when there is none.
func signWith(t testing.TB, private *ecdsa.PrivateKey, nonce []byte, text []byte) []byte {
	t.Helper()
	point, err := secret(t, nonce).PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := private.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	k := new(big.Int).SetBytes(nonce)
	k.Mod(k, new(big.Int).Sub(p256N, big.NewInt(1))).Add(k, big.NewInt(1))
	r := new(big.Int).SetBytes(point[1:33])
	r.Mod(r, p256N)
	digest := sha256.Sum256(text)
	s := new(big.Int).Mul(r, new(big.Int).SetBytes(raw))
	s.Add(s, new(big.Int).SetBytes(digest[:])).Mul(s, k.ModInverse(k, p256N)).Mod(s, p256N)
	if r.Sign() == 0 || s.Sign() == 0 {
		return nil
	}
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}

func accepts(private *ecdsa.PrivateKey, text, signature []byte) bool {
	digest := sha256.Sum256(text)
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	return ecdsa.Verify(&private.PublicKey, digest[:], r, s)
}

// FuzzP256 asks crypto/ecdsa for a second opinion about signatures that are right, and about ones that are changed in one place.
func FuzzP256(f *testing.F) {
	n := p256N.Bytes()
	for _, number := range [][]byte{{0}, {1}, {2}, {3}, n, new(big.Int).Sub(p256N, big.NewInt(2)).Bytes(), []byte("any number at all, of many bytes")} {
		f.Add(number, []byte{7}, []byte("text"), byte(0), byte(0))
		f.Add([]byte{1}, number, []byte(""), byte(3), byte(1))
		f.Add(number, number, []byte("signed"), byte(63), byte(255))
		f.Add(number, number, []byte("signed"), byte(31), byte(128))
	}
	f.Fuzz(func(t *testing.T, number, nonce, text []byte, place, change byte) {
		private := secret(t, number)
		key := p256Pair(t, private)
		signature := signWith(t, private, nonce, text)
		if signature == nil {
			return
		}
		if !key.verify(text, signature) {
			t.Fatalf("refused a signature of key %x with nonce %x", number, nonce)
		}
		signature[place%64] ^= change
		if got, want := key.verify(text, signature), accepts(private, text, signature); got != want {
			t.Errorf("%v for %x of key %x: crypto/ecdsa says %v", got, signature, number, want)
		}
	})
}

func TestP256AgreesWithTheStandardLibrary(t *testing.T) {
	for range 50 {
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		text := []byte(rand.Text())
		digest := sha256.Sum256(text)
		r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		signature := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		key := p256Pair(t, private)
		if !key.verify(text, signature) || key.verify(append(text, '!'), signature) {
			t.Fatalf("wrong about %x of key %x", signature, private.PublicKey)
		}
	}
}

func TestNumbersOutOfRangeAreNoSignature(t *testing.T) {
	private := secret(t, []byte{41})
	key, text := p256Pair(t, private), []byte("text")
	good := signWith(t, private, []byte{42}, text)
	at := func(i int, number *big.Int) []byte {
		changed := append([]byte{}, good...)
		number.FillBytes(changed[i : i+32])
		return changed
	}
	s := new(big.Int).SetBytes(good[32:])
	for name, signature := range map[string][]byte{
		"r of nothing": at(0, new(big.Int)), "s of nothing": at(32, new(big.Int)),
		"r = n": at(0, p256N), "s = n": at(32, p256N),
		"all ones":  at(0, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))),
		"too short": good[:63], "too long": append(append([]byte{}, good...), 0), "empty": nil,
	} {
		if key.verify(text, signature) {
			t.Errorf("%s: %x is accepted", name, signature)
		}
	}
	// n - s belongs to the opposite nonce and is as good: ES256 knows no lower half.
	if other := at(32, s.Sub(p256N, s)); !key.verify(text, other) || !accepts(private, text, other) {
		t.Error("the twin of a signature is refused")
	}
}

func TestASumThatIsNeutralIsNoSignature(t *testing.T) {
	// With the key -G and u1 = u2, u1·G + u2·Q is the neutral point, for which no x exists: r must be the digest.
	private := secret(t, new(big.Int).Sub(p256N, big.NewInt(2)).Bytes())
	key, text := p256Pair(t, private), []byte("text")
	if key.x.Cmp(p256Gx) != 0 {
		t.Fatal("the key is not the opposite of the generator")
	}
	digest := sha256.Sum256(text)
	r := new(big.Int).SetBytes(digest[:])
	signature := append(r.Mod(r, p256N).FillBytes(make([]byte, 32)), big.NewInt(5).FillBytes(make([]byte, 32))...)
	if key.verify(text, signature) || accepts(private, text, signature) {
		t.Error("accepted")
	}
}

func TestPointsOffTheCurveAreNoKeys(t *testing.T) {
	x, y := p256Gx.FillBytes(make([]byte, 32)), p256Gy.FillBytes(make([]byte, 32))
	if _, err := newP256Key(x, y); err != nil {
		t.Fatal(err)
	}
	y[31] ^= 1
	beyond := p256P.FillBytes(make([]byte, 32)) // as a number 0, whose point would need another y
	for _, pair := range [][2][]byte{{x, y}, {make([]byte, 32), make([]byte, 32)}, {beyond, y}, {x, beyond}} {
		if _, err := newP256Key(pair[0], pair[1]); err == nil {
			t.Errorf("(%x, %x) is taken for a key", pair[0], pair[1])
		}
	}
}

func BenchmarkP256(b *testing.B) {
	private := secret(b, []byte("a key for measurements"))
	key, text := p256Pair(b, private), []byte("text")
	signature := signWith(b, private, []byte("a nonce for measurements"), text)
	for b.Loop() {
		if !key.verify(text, signature) {
			b.Fatal("refused")
		}
	}
}
