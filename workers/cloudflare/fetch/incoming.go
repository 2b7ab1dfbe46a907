package fetch

import (
	"context"
	"errors"

	"grove.place/lattice/internal/ambient"
	"grove.place/lattice/internal/guest"
	"grove.place/lattice/workers/cloudflare/js"
)

// IncomingProperties is the cf object of a request.
//
// See https://developers.cloudflare.com/workers/runtime-apis/request/#incomingrequestcfproperties.
type IncomingProperties struct {
	Longitude                string
	Latitude                 string
	TLSCipher                string
	Continent                string
	Asn                      int
	ClientAcceptEncoding     string
	Country                  string
	TLSClientAuth            *IncomingTLSClientAuth
	TLSExportedAuthenticator *IncomingTLSExportedAuthenticator
	TLSVersion               string
	Colo                     string
	Timezone                 string
	City                     string
	VerifiedBotCategory      string
	RequestPriority          string
	HttpProtocol             string
	Region                   string
	RegionCode               string
	AsOrganization           string
	PostalCode               string
	BotManagement            *IncomingBotManagement
}

// NewIncomingProperties returns the properties of the request whose context it is.
func NewIncomingProperties(ctx context.Context) (*IncomingProperties, error) {
	ctx, err := ambient.Within(ctx)
	if err != nil {
		return nil, err
	}
	cf, err := js.Parse(guest.CF(ctx))
	if err != nil || cf.Type() != js.TypeObject {
		return nil, errors.New("runtime is not cloudflare")
	}
	asn := 0
	if v := cf.Get("asn"); v.Type() == js.TypeNumber {
		asn = v.Int()
	}
	text := func(name string) string { return maybe(cf.Get(name)) }
	return &IncomingProperties{
		Longitude: text("longitude"), Latitude: text("latitude"), TLSCipher: text("tlsCipher"), Continent: text("continent"), Asn: asn,
		ClientAcceptEncoding: text("clientAcceptEncoding"), Country: text("country"),
		TLSClientAuth:            NewIncomingTLSClientAuth(cf.Get("tlsClientAuth")),
		TLSExportedAuthenticator: NewIncomingTLSExportedAuthenticator(cf.Get("tlsExportedAuthenticator")),
		TLSVersion:               cf.Get("tlsVersion").String(), Colo: cf.Get("colo").String(), Timezone: cf.Get("timezone").String(), City: text("city"),
		VerifiedBotCategory: text("verifiedBotCategory"), RequestPriority: text("requestPriority"), HttpProtocol: cf.Get("httpProtocol").String(),
		Region: text("region"), RegionCode: text("regionCode"), AsOrganization: cf.Get("asOrganization").String(), PostalCode: text("postalCode"),
		BotManagement: NewIncomingBotManagement(cf.Get("botManagement")),
	}, nil
}

// maybe is a string, or nothing for undefined.
func maybe(v js.Value) string {
	if v.IsUndefined() {
		return ""
	}
	return v.String()
}

// absent reports whether a part of the cf object is not there.
func absent(cf js.Value) bool { return cf.IsUndefined() || cf.IsNull() }

// IncomingBotManagement is what Bot Management knows of the client.
type IncomingBotManagement struct {
	CorporateProxy bool
	VerifiedBot    bool
	JsDetection    *IncomingBotManagementJsDetection
	StaticResource bool
	Score          int
}

// NewIncomingBotManagement reads cf.botManagement.
func NewIncomingBotManagement(cf js.Value) *IncomingBotManagement {
	if absent(cf) {
		return nil
	}
	return &IncomingBotManagement{
		CorporateProxy: cf.Get("corporateProxy").Truthy(), VerifiedBot: cf.Get("verifiedBot").Truthy(),
		JsDetection: NewIncomingBotManagementJsDetection(cf.Get("jsDetection")), StaticResource: cf.Get("staticResource").Truthy(), Score: score(cf.Get("score")),
	}
}

func score(v js.Value) int {
	if v.Type() != js.TypeNumber {
		return 0
	}
	return v.Int()
}

// IncomingBotManagementJsDetection is the outcome of a JavaScript detection.
type IncomingBotManagementJsDetection struct{ Passed bool }

// NewIncomingBotManagementJsDetection reads cf.botManagement.jsDetection.
func NewIncomingBotManagementJsDetection(cf js.Value) *IncomingBotManagementJsDetection {
	if absent(cf) {
		return nil
	}
	return &IncomingBotManagementJsDetection{cf.Get("passed").Truthy()}
}

// IncomingTLSClientAuth is the certificate of the client.
type IncomingTLSClientAuth struct {
	CertIssuerDNLegacy    string
	CertIssuerSKI         string
	CertSubjectDNRFC2253  string
	CertSubjectDNLegacy   string
	CertFingerprintSHA256 string
	CertNotBefore         string
	CertSKI               string
	CertSerial            string
	CertIssuerDN          string
	CertVerified          string
	CertNotAfter          string
	CertSubjectDN         string
	CertPresented         string
	CertRevoked           string
	CertIssuerSerial      string
	CertIssuerDNRFC2253   string
	CertFingerprintSHA1   string
}

// NewIncomingTLSClientAuth reads cf.tlsClientAuth.
func NewIncomingTLSClientAuth(cf js.Value) *IncomingTLSClientAuth {
	if absent(cf) {
		return nil
	}
	text := func(name string) string { return maybe(cf.Get(name)) }
	return &IncomingTLSClientAuth{
		CertIssuerDNLegacy: text("certIssuerDNLegacy"), CertIssuerSKI: text("certIssuerSKI"), CertSubjectDNRFC2253: text("certSubjectDNRFC2253"),
		CertSubjectDNLegacy: text("certSubjectDNLegacy"), CertFingerprintSHA256: text("certFingerprintSHA256"), CertNotBefore: text("certNotBefore"),
		CertSKI: text("certSKI"), CertSerial: text("certSerial"), CertIssuerDN: text("certIssuerDN"), CertVerified: text("certVerified"),
		CertNotAfter: text("certNotAfter"), CertSubjectDN: text("certSubjectDN"), CertPresented: text("certPresented"), CertRevoked: text("certRevoked"),
		CertIssuerSerial: text("certIssuerSerial"), CertIssuerDNRFC2253: text("certIssuerDNRFC2253"), CertFingerprintSHA1: text("certFingerprintSHA1"),
	}
}

// IncomingTLSExportedAuthenticator is what proves to an origin which TLS session it is.
type IncomingTLSExportedAuthenticator struct {
	ClientFinished  string
	ClientHandshake string
	ServerHandshake string
	ServerFinished  string
}

// NewIncomingTLSExportedAuthenticator reads cf.tlsExportedAuthenticator.
func NewIncomingTLSExportedAuthenticator(cf js.Value) *IncomingTLSExportedAuthenticator {
	if absent(cf) {
		return nil
	}
	return &IncomingTLSExportedAuthenticator{
		ClientFinished: maybe(cf.Get("clientFinished")), ClientHandshake: maybe(cf.Get("clientHandshake")),
		ServerHandshake: maybe(cf.Get("serverHandshake")), ServerFinished: maybe(cf.Get("serverFinished")),
	}
}
