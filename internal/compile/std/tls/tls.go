// Package tls stands in for crypto/tls in modules in which only net/http imports it. A Worker has no TLS of its own, the runtime does it, so that of
// the genuine package nothing but its names is ever used there: net/http mentions them in types and in code that no Worker reaches. But linked it
// brings X.509, four curves and HPKE by the variables of its packages, 0.14 to 0.4 MB of a compressed module.
//
// Only what net/http of Go 1.26 mentions is here. Whatever would need a connection fails with an error that says so.
package tls

import (
	"context"
	"errors"
	"net"
)

var errNone = errors.New("crypto/tls: a Worker has no TLS of its own: send requests with workers.Fetch")

// Numbers of versions and cipher suites, from the registries of RFC 8446 and RFC 5246.
const (
	VersionTLS12 = 0x0303
	VersionTLS13 = 0x0304

	TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256   uint16 = 0xc02f
	TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 uint16 = 0xc02b
)

// Config configures nothing.
type Config struct {
	NextProtos               []string
	ServerName               string
	Certificates             []Certificate
	GetCertificate           func(*ClientHelloInfo) (*Certificate, error)
	GetConfigForClient       func(*ClientHelloInfo) (*Config, error)
	InsecureSkipVerify       bool
	MinVersion               uint16
	CipherSuites             []uint16
	PreferServerCipherSuites bool
}

// Clone copies a Config.
func (c *Config) Clone() *Config {
	if c == nil {
		return nil
	}
	clone := *c
	return &clone
}

// Certificate is a chain of certificates.
type Certificate struct{ Certificate [][]byte }

// LoadX509KeyPair fails.
func LoadX509KeyPair(certFile, keyFile string) (Certificate, error) { return Certificate{}, errNone }

// ClientHelloInfo is what a client would say first.
type ClientHelloInfo struct{ ServerName string }

// ConnectionState describes a connection, of which there are none.
type ConnectionState struct {
	Version                    uint16
	HandshakeComplete          bool
	CipherSuite                uint16
	NegotiatedProtocol         string
	NegotiatedProtocolIsMutual bool
	ServerName                 string
}

// Conn is a connection that never comes to be.
type Conn struct{ net.Conn }

// Client returns a connection that cannot shake hands.
func Client(conn net.Conn, config *Config) *Conn { return &Conn{conn} }

// ConnectionState is empty.
func (c *Conn) ConnectionState() ConnectionState { return ConnectionState{} }

// HandshakeContext fails.
func (c *Conn) HandshakeContext(ctx context.Context) error { return errNone }

// VerifyHostname fails.
func (c *Conn) VerifyHostname(host string) error { return errNone }

// NetConn is the connection below.
func (c *Conn) NetConn() net.Conn { return c.Conn }

// NewListener returns a listener that accepts nothing.
func NewListener(inner net.Listener, config *Config) net.Listener { return listener{inner} }

type listener struct{ net.Listener }

func (listener) Accept() (net.Conn, error) { return nil, errNone }

// Dialer connects nowhere.
type Dialer struct {
	NetDialer *net.Dialer
	Config    *Config
}

// DialContext fails.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return nil, errNone
}

// RecordHeaderError is what a server says to a client that speaks no TLS.
type RecordHeaderError struct {
	Msg          string
	RecordHeader [5]byte
	Conn         net.Conn
}

func (e RecordHeaderError) Error() string { return "tls: " + e.Msg }
