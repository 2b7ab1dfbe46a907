package host

import (
	"net/http"

	"grove.place/lattice/internal/abi"
)

// reach calls to with a Worker: this one, or another of the session, once it runs. missing is called when the session has none of that name; what it
// returns, unless it is nil, is passed to fail, as is the reason why a Worker of the session does not run.
func (h *Host) reach(script string, to func(*Host), missing func() *abi.Error, fail func(*abi.Error)) {
	if script == h.cfg.Script {
		to(h)
		return
	}
	h.find(script, func(other *Host, why *abi.Error) {
		if other != nil {
			to(other)
			return
		}
		if why == nil {
			if why = missing(); why == nil {
				return
			}
		}
		fail(why)
	})
}

// howToAdd says how a Worker comes into the session.
const howToAdd = ": start it in the same session, with lattice dev -c wrangler.toml -c path/to/its/wrangler.toml"

// noService and noObjects are what calls of a Worker that is not in the session fail with, in the words of wrangler dev (workers-sdk,
// packages/miniflare/src/workers/core/dev-registry-proxy.worker.ts).
func noService(script, entrypoint string) *abi.Error {
	return abi.Errorf("Couldn't find a local dev session for the %q entrypoint of service %q to proxy to%s", entrypoint, script, howToAdd)
}

func noObjects(class, script string) *abi.Error {
	return abi.Errorf("Couldn't find a local dev session for Durable Object %q of service %q to proxy to%s", class, script, howToAdd)
}

// unavailable answers a request to a Worker that is not in the session, as wrangler dev does: with a response.
func unavailable(why *abi.Error, r reply) {
	r.response(&abi.Response{Status: http.StatusServiceUnavailable, StatusText: "Service Unavailable", Headers: []abi.Header{{Name: "Content-Type", Value: "text/plain;charset=UTF-8"}}},
		content{inline: []byte(why.Message)})
}
