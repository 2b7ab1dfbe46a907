package host

import (
	"net/http"

	"grove.place/lattice/internal/abi"
)

// reach calls to with a Worker: this one, or another of the session, once it runs. missing hears when the session has none of that name, and fail why
// a Worker of the session does not run.
func (h *Host) reach(script string, to func(*Host), missing, fail func(*abi.Error)) {
	if script == h.cfg.Script {
		to(h)
		return
	}
	h.find(script, func(other *Host, why *abi.Error) {
		switch {
		case other != nil:
			to(other)
		case why != nil:
			fail(why)
		default:
			missing(notFound(script))
		}
	})
}

// notFound is what calls of a Worker that is not in the session fail with, in the words of wrangler dev (measured with wrangler 4.164), and what to do.
func notFound(script string) *abi.Error {
	return remote(abi.Errorf("Worker %q not found. Make sure it is running locally. Start it in the same session: lattice dev -c wrangler.toml -c path/to/%s/wrangler.toml", script, script))
}

// unavailable answers a request to a Worker that is not in the session, as wrangler dev does: with a response.
func (r reply) unavailable(why *abi.Error) {
	r.response(&abi.Response{Status: http.StatusServiceUnavailable, StatusText: "Service Unavailable", Headers: []abi.Header{{Name: "Content-Type", Value: "text/plain;charset=UTF-8"}}},
		content{inline: []byte(why.Message)})
}
