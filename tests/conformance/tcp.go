package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// tcpServers are what the cases about TCP connect to: a server in the clear, the same with TLS, and one whose certificate nobody trusts.
type tcpServers struct {
	plain, secure, untrusted net.Listener
	trusted                  tls.Certificate
	ca                       string // file with the certificate of the authority
}

// startTCP starts the servers, and has this process and those that it starts trust their authority.
func startTCP(dir string) (*tcpServers, error) {
	s := &tcpServers{ca: filepath.Join(dir, "ca.pem")}
	authority, err := newAuthority()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(s.ca, authority.pem(), 0o600); err != nil {
		return nil, err
	}
	if err := os.Setenv("NODE_EXTRA_CA_CERTS", s.ca); err != nil {
		return nil, err
	}
	if s.trusted, err = authority.certificate(); err != nil {
		return nil, err
	}
	stranger, err := newAuthority()
	if err != nil {
		return nil, err
	}
	unknown, err := stranger.certificate()
	if err != nil {
		return nil, err
	}
	for to, certificate := range map[*net.Listener]*tls.Certificate{&s.plain: nil, &s.secure: &s.trusted, &s.untrusted: &unknown} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			s.close()
			return nil, err
		}
		if *to = l; certificate != nil {
			*to = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{*certificate}})
		}
		go s.accept(*to)
	}
	return s, nil
}

func (s *tcpServers) close() {
	for _, l := range []net.Listener{s.plain, s.secure, s.untrusted} {
		if l != nil {
			l.Close()
		}
	}
}

// variables name the servers for the cases.
func (s *tcpServers) variables(to map[string]string) {
	for name, l := range map[string]net.Listener{"TCP": s.plain, "TLS": s.secure, "BAD_TLS": s.untrusted} {
		to[name] = strings.Replace(l.Addr().String(), "127.0.0.1", "localhost", 1)
	}
}

func (s *tcpServers) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go s.serve(conn)
	}
}

// serve does what the first line says.
func (s *tcpServers) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	line, err := in.ReadString('\n')
	if err != nil {
		return
	}
	what, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	switch what {
	case "echo":
		io.Copy(conn, in)
	case "greet": // and close
		fmt.Fprintf(conn, "hello %s", rest)
	case "count": // what comes until the client has closed its half
		n, _ := io.Copy(io.Discard, in)
		fmt.Fprintf(conn, "%d bytes", n)
	case "half": // close this half, and count what comes then
		if half, ok := conn.(interface{ CloseWrite() error }); ok {
			half.CloseWrite()
		}
		io.Copy(io.Discard, in)
	case "late":
		time.Sleep(300 * time.Millisecond)
		fmt.Fprint(conn, "at last")
		io.Copy(io.Discard, in)
	case "drop":
		if tcp, ok := conn.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
	case "starttls":
		fmt.Fprint(conn, "go\n")
		secure := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{s.trusted}})
		io.Copy(secure, secure)
		secure.Close()
	default:
		fmt.Fprintf(conn, "no such command: %s", what)
	}
}

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "conformance"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	cert, err = x509.ParseCertificate(der)
	return &authority{cert, key}, err
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// certificate makes one for this machine.
func (a *authority) certificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: a.cert.NotBefore, NotAfter: a.cert.NotAfter,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, a.cert, &key.PublicKey, a.key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
