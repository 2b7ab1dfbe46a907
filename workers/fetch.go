package workers

import (
	"net/http"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/guest"
	"grove.place/lattice/workers/rpc"
)

// Fetch sends a request and follows redirects as the runtime's fetch does, up to 20 of them. The request's context must be that
// of a handler, its URL absolute. A response of any status is no error; close its body.
//
// Prefer Fetch to http.Client: mentioning http.Client or http.DefaultTransport links Go's own HTTP and TLS client into the
// module, some 650 KB after compression, which a Worker never uses.
//
// See https://developers.cloudflare.com/workers/runtime-apis/fetch/.
func Fetch(r *http.Request) (*http.Response, error) {
	return guest.Fetch(r.Context(), abi.Target{}, r, guest.RedirectFollow)
}

// Transport sends requests as Fetch does, but leaves redirects to the caller. It is for code that wants an http.RoundTripper: put it
// into an http.Client, or call UseDefaultTransport in main for libraries that use http.DefaultClient.
var Transport http.RoundTripper = network{}

type network struct{}

func (network) RoundTrip(r *http.Request) (*http.Response, error) {
	return guest.Fetch(r.Context(), abi.Target{}, r, guest.RedirectManual)
}

// UseDefaultTransport makes Transport the http.DefaultTransport. Natively it does nothing. See Fetch for what it costs.
func UseDefaultTransport() { useDefaultTransport() }

// ServiceBinding is another Worker, or an entrypoint of one. It answers HTTP requests, and the methods of its entrypoint can be called:
//
//	user, err := Verify.Call(ctx, workers.Service("AUTH"), token) // var Verify = rpc.Remote[string, User]("verify")
type ServiceBinding struct {
	target abi.Target
	export string // name of the entrypoint, where it is one of the Worker itself without a binding
	broken error
}

// Service returns the service binding of that name in wrangler.toml.
//
// See https://developers.cloudflare.com/workers/runtime-apis/bindings/service-bindings/.
func Service(binding string) *ServiceBinding {
	return &ServiceBinding{target: abi.Target{Kind: abi.TargetService, Service: binding}}
}

// RoundTrip implements http.RoundTripper.
func (s *ServiceBinding) RoundTrip(r *http.Request) (*http.Response, error) { return s.Do(r) }

// Do sends a request, whose URL must be absolute, to the service. Redirects are not followed.
func (s *ServiceBinding) Do(r *http.Request) (*http.Response, error) {
	if s.broken != nil {
		return nil, s.broken
	}
	return guest.Fetch(r.Context(), s.target, r, guest.RedirectManual)
}

// Any returns a stub of the service, for calls without types. The methods that package rpc and this one declare take the service itself.
func (s *ServiceBinding) Any() *rpc.Any {
	if s.broken != nil {
		return guest.BrokenStub(s.broken)
	}
	return guest.NewStub(s.target)
}

// Self returns this Worker itself as a service, without a binding: ctx.exports.default. On Cloudflare a request or call may be
// handled in another isolate.
//
// See https://developers.cloudflare.com/workers/runtime-apis/context/#exports.
func Self() *ServiceBinding {
	return &ServiceBinding{target: abi.Target{Kind: abi.TargetService, Service: "exports:default"}, export: "default"}
}
