package workers

import (
	"net/http"

	"grove.place/lattice/internal/guest"
)

// Transport sends requests with the runtime's fetch. In Wasm it is http.DefaultTransport. The context of a request must be that
// of a handler; redirects are left to the http.Client.
//
// See https://developers.cloudflare.com/workers/runtime-apis/fetch/.
var Transport http.RoundTripper = network{fallback: nativeTransport()}

type network struct{ fallback http.RoundTripper }

func (t network) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.fallback != nil {
		return t.fallback.RoundTrip(r)
	}
	return guest.Fetch(r.Context(), guest.NetworkTarget(), r, guest.RedirectManual)
}

// ServiceBinding sends requests to another Worker.
type ServiceBinding struct{ binding string }

// Service returns the service binding of that name in wrangler.toml.
//
// See https://developers.cloudflare.com/workers/runtime-apis/bindings/service-bindings/http/.
func Service(binding string) *ServiceBinding { return &ServiceBinding{binding} }

// RoundTrip implements http.RoundTripper.
func (s *ServiceBinding) RoundTrip(r *http.Request) (*http.Response, error) { return s.Do(r) }

// Do sends a request, whose URL must be absolute, to the service. Redirects are not followed.
func (s *ServiceBinding) Do(r *http.Request) (*http.Response, error) {
	return guest.Fetch(r.Context(), guest.ServiceTarget(s.binding), r, guest.RedirectManual)
}
