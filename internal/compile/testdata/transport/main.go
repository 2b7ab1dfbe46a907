// Command transport sends with the default client, which it gives a transport.
package main

import (
	"net/http"

	"grove.place/lattice/workers"
)

func main() {
	workers.UseDefaultTransport()
	workers.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if resp, err := http.DefaultClient.Do(r); err == nil {
			resp.Body.Close()
		}
	}))
}
