// Package fetch is workers.Fetch with what a RequestInit can say on Cloudflare: what becomes of redirects, and the `cf` properties of outbound
// requests. It also has the `cf` properties of incoming ones as a struct.
//
//	resp, err := fetch.Do(r, fetch.Options{Redirect: fetch.Manual, CF: &fetch.CF{CacheEverything: true, CacheTTL: 5 * time.Minute}})
//
// It is apart from package workers so that only programs that need it pay for it. Start with Do and Incoming.
package fetch

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/guest"
)

// Redirect says what becomes of a redirect.
type Redirect byte

const (
	// Follow is the default: up to 20 redirects are followed, by GET after a 303, and after a 301 or 302 that answers a POST. A body that is a
	// stream cannot be sent a second time, which is an error after a 307 or 308.
	Follow Redirect = guest.RedirectFollow
	// Manual returns the redirect as the response. The runtime has no third mode: what a redirect shall be an error for looks at the status.
	Manual Redirect = guest.RedirectManual
)

// Options say how a request is sent; the zero value is workers.Fetch.
type Options struct {
	Redirect Redirect
	CF       *CF // nil: none
}

// CF are properties for Cloudflare's edge. wrangler dev and the local host take them, and do nothing about them.
//
// See https://developers.cloudflare.com/workers/runtime-apis/request/#the-cf-property-requestinitcfproperties.
type CF struct {
	CacheEverything  bool           `json:"cacheEverything,omitempty"`  // whatever its type, as a Cache Rule "Cache Everything" does
	CacheKey         string         `json:"cacheKey,omitempty"`         // in place of the URL; Enterprise
	CacheTags        []string       `json:"cacheTags,omitempty"`        // what a purge names; Enterprise
	CacheTTL         time.Duration  `json:"-"`                          // whole seconds; less than 0: not cached
	CacheTTLByStatus map[string]int `json:"cacheTtlByStatus,omitempty"` // seconds, by status ("404") or range ("200-299")
	ResolveOverride  string         `json:"resolveOverride,omitempty"`  // a host of the same zone that is connected to instead
	ScrapeShield     *bool          `json:"scrapeShield,omitempty"`     // false switches it off
	Polish           string         `json:"polish,omitempty"`           // "lossy", "lossless" or "off"
	Image            map[string]any `json:"image,omitempty"`            // how the image is transformed
	// Other are properties that have no field here, under their names.
	Other map[string]any `json:"-"`
}

func (c *CF) encode() (string, error) {
	if c == nil {
		return "", nil
	}
	text, err := json.Marshal(c)
	if err != nil || c.CacheTTL == 0 && len(c.Other) == 0 {
		return string(text), err
	}
	all := map[string]any{}
	if err := json.Unmarshal(text, &all); err != nil {
		return "", err
	}
	for name, v := range c.Other {
		all[name] = v
	}
	if c.CacheTTL != 0 {
		all["cacheTtl"] = int64(c.CacheTTL / time.Second)
		if c.CacheTTL < 0 {
			all["cacheTtl"] = -1
		}
	}
	text, err = json.Marshal(all)
	return string(text), err
}

// Do sends a request, whose context must be that of a handler and whose URL must be absolute. When the context is done before the response is there,
// or while its body is read, the request is aborted. A response of any status is no error; close its body. One that came with Content-Encoding gzip or
// br is decoded, as net/http does it: Uncompressed is true, and the header is gone.
//
// See https://developers.cloudflare.com/workers/runtime-apis/fetch/.
func Do(r *http.Request, o Options) (*http.Response, error) {
	cf, err := o.CF.encode()
	if err != nil {
		return nil, fmt.Errorf("fetch %s: cf: %w", r.URL.Redacted(), err)
	}
	return guest.FetchWith(r.Context(), abi.Target{}, r, byte(o.Redirect), cf)
}

// Transport is Do as an http.RoundTripper.
func Transport(o Options) http.RoundTripper { return transport(o) }

type transport Options

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return Do(r, Options(t)) }

// Properties are what Cloudflare knows of an incoming request. What it does not know is zero. The local host has placeholders, those of wrangler dev
// when that is offline.
//
// See https://developers.cloudflare.com/workers/runtime-apis/request/#incomingrequestcfproperties.
type Properties struct {
	ASN                   int     `json:"asn"`
	ASOrganization        string  `json:"asOrganization"`
	City                  string  `json:"city"`
	ClientAcceptEncoding  string  `json:"clientAcceptEncoding"`
	ClientTCPRTT          float64 `json:"clientTcpRtt"` // ms
	Colo                  string  `json:"colo"`
	Continent             string  `json:"continent"`
	Country               string  `json:"country"`
	HTTPProtocol          string  `json:"httpProtocol"`
	IsEUCountry           string  `json:"isEUCountry"` // "1" or empty
	Latitude              string  `json:"latitude"`
	Longitude             string  `json:"longitude"`
	MetroCode             string  `json:"metroCode"`
	PostalCode            string  `json:"postalCode"`
	Region                string  `json:"region"`
	RegionCode            string  `json:"regionCode"`
	RequestPriority       string  `json:"requestPriority"`
	Timezone              string  `json:"timezone"`
	TLSCipher             string  `json:"tlsCipher"`
	TLSVersion            string  `json:"tlsVersion"`
	TLSClientHelloLength  string  `json:"tlsClientHelloLength"`
	TLSClientRandom       string  `json:"tlsClientRandom"`
	VerifiedBotCategory   string  `json:"verifiedBotCategory"`
	BotManagement         any     `json:"botManagement"`
	TLSClientAuth         any     `json:"tlsClientAuth"`
	TLSExportedAuth       any     `json:"tlsExportedAuthenticator"`
	HostMetadata          any     `json:"hostMetadata"`
	TLSClientExtensions   string  `json:"tlsClientExtensionsSha1"`
	TLSClientCiphers      string  `json:"tlsClientCiphersSha1"`
	EdgeRequestKeepAlives int     `json:"edgeRequestKeepAliveStatus"`
}

// ErrNoProperties is returned for a request that has no `cf` object, as those that Workers make themselves.
var ErrNoProperties = errors.New("the request has no cf properties")

// Incoming returns the `cf` properties of a request that a handler got. workers.CF has them as JSON.
func Incoming(r *http.Request) (*Properties, error) {
	text := guest.CF(r.Context())
	if len(text) == 0 {
		return nil, ErrNoProperties
	}
	p := &Properties{}
	if err := json.Unmarshal(text, p); err != nil {
		return nil, fmt.Errorf("cf properties: %w", err)
	}
	return p, nil
}
