package ratelimit_test

import (
	"net/http"

	"grove.place/lattice/workers/ratelimit"
)

var logins = ratelimit.Limiter("LOGINS")

func ExampleLimiterBinding_Limit() {
	http.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		if ok, err := logins.Limit(r.Context(), r.FormValue("user")); err == nil && !ok {
			http.Error(w, "too many attempts: try again in a minute", http.StatusTooManyRequests)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}
