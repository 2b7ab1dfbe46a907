package oidc

import (
	"crypto/sha256"
	"errors"
	"math/big"
)

// p256Key is a public key on the curve P-256 (FIPS 186-5, SEC 1), which checks ES256 signatures.
//
// crypto/ecdsa does the same, and links four curves with their tables into the module: 0.26 MB after compression, a twelfth of what a bundle may have
// (docs/decisions/0002). Here are no secrets, only public keys and signatures, so that nothing has to take the same time for every input.
// The tests compare it with crypto/ecdsa.
type p256Key struct{ x, y *big.Int }

// The curve is y² = x³ - 3x + b over the field of p elements, and the point (gx, gy) generates its n points.
var (
	p256P  = hexNumber("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff")
	p256N  = hexNumber("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
	p256B  = hexNumber("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b")
	p256Gx = hexNumber("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296")
	p256Gy = hexNumber("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
)

func hexNumber(digits string) *big.Int {
	n, ok := new(big.Int).SetString(digits, 16)
	if !ok {
		panic("not a number: " + digits)
	}
	return n
}

// newP256Key refuses a point that is not on the curve.
func newP256Key(x, y []byte) (*p256Key, error) {
	k := &p256Key{new(big.Int).SetBytes(x), new(big.Int).SetBytes(y)}
	if k.x.Cmp(p256P) >= 0 || k.y.Cmp(p256P) >= 0 {
		return nil, errors.New("a point outside the field of P-256")
	}
	right := sum(mul(sub(mul(k.x, k.x), big.NewInt(3)), k.x), p256B)
	if mul(k.y, k.y).Cmp(right) != 0 {
		return nil, errors.New("a point that is not on P-256")
	}
	return k, nil
}

// verify reports whether the signature, r and s side by side in 32 bytes each (RFC 7518, section 3.4), is this key's for the text.
func (k *p256Key) verify(signed, signature []byte) bool {
	if len(signature) != 64 {
		return false
	}
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	if r.Sign() == 0 || s.Sign() == 0 || r.Cmp(p256N) >= 0 || s.Cmp(p256N) >= 0 {
		return false
	}
	digest := sha256.Sum256(signed)
	w := new(big.Int).ModInverse(s, p256N)
	u1 := new(big.Int).Mul(new(big.Int).SetBytes(digest[:]), w)
	u2 := new(big.Int).Mul(r, w)
	sum := addMultiples(u1.Mod(u1, p256N), affine(p256Gx, p256Gy), u2.Mod(u2, p256N), affine(k.x, k.y))
	if sum.z.Sign() == 0 {
		return false
	}
	inverse := new(big.Int).ModInverse(sum.z, p256P)
	x := mul(sum.x, mul(inverse, inverse))
	return x.Mod(x, p256N).Cmp(r) == 0
}

// jacobian is the point (x/z², y/z³), or the neutral one where z is 0. No method changes its numbers.
type jacobian struct{ x, y, z *big.Int }

func affine(x, y *big.Int) jacobian { return jacobian{x, y, big.NewInt(1)} }

// addMultiples is a·p + b·q, both in one pass over the bits.
func addMultiples(a *big.Int, p jacobian, b *big.Int, q jacobian) jacobian {
	terms := [4]jacobian{1: p, 2: q, 3: p.add(q)}
	sum := jacobian{new(big.Int), big.NewInt(1), new(big.Int)}
	for i := max(a.BitLen(), b.BitLen()) - 1; i >= 0; i-- {
		sum = sum.double()
		if which := a.Bit(i) | b.Bit(i)<<1; which != 0 {
			sum = sum.add(terms[which])
		}
	}
	return sum
}

// double is "dbl-2001-b" of the Explicit-Formulas Database.
func (p jacobian) double() jacobian {
	delta, gamma := mul(p.z, p.z), mul(p.y, p.y)
	beta4 := twice(twice(mul(p.x, gamma)))
	alpha := mul(sub(p.x, delta), sum(p.x, delta))
	alpha = sum(twice(alpha), alpha)
	x := sub(mul(alpha, alpha), twice(beta4))
	yz := sum(p.y, p.z)
	return jacobian{
		x,
		sub(mul(alpha, sub(beta4, x)), twice(twice(twice(mul(gamma, gamma))))),
		sub(sub(mul(yz, yz), gamma), delta),
	}
}

// add is "add-1998-cmo-2" of the same place, with the cases that it does not cover.
func (p jacobian) add(q jacobian) jacobian {
	if p.z.Sign() == 0 {
		return q
	}
	if q.z.Sign() == 0 {
		return p
	}
	pp, qq := mul(p.z, p.z), mul(q.z, q.z)
	u1, u2 := mul(p.x, qq), mul(q.x, pp)
	s1, s2 := mul(p.y, mul(q.z, qq)), mul(q.y, mul(p.z, pp))
	h, r := sub(u2, u1), sub(s2, s1)
	if h.Sign() == 0 {
		if r.Sign() == 0 {
			return p.double()
		}
		return jacobian{new(big.Int), big.NewInt(1), new(big.Int)} // the opposite point
	}
	hh := mul(h, h)
	hhh, v := mul(h, hh), mul(u1, hh)
	x := sub(sub(mul(r, r), hhh), twice(v))
	return jacobian{x, sub(mul(r, sub(v, x)), mul(s1, hhh)), mul(mul(p.z, q.z), h)}
}

// Arithmetic in the field: numbers from 0 to p-1 make a new one.
func mul(a, b *big.Int) *big.Int {
	c := new(big.Int).Mul(a, b)
	return c.Mod(c, p256P)
}

func sum(a, b *big.Int) *big.Int {
	c := new(big.Int).Add(a, b)
	if c.Cmp(p256P) >= 0 {
		c.Sub(c, p256P)
	}
	return c
}

func sub(a, b *big.Int) *big.Int {
	c := new(big.Int).Sub(a, b)
	if c.Sign() < 0 {
		c.Add(c, p256P)
	}
	return c
}

func twice(a *big.Int) *big.Int { return sum(a, a) }
