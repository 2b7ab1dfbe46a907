package r2_test

import (
	"io"
	"net/http"

	"grove.place/lattice/workers/r2"
)

var images = r2.Bucket("IMAGES")

func ExampleBucketBinding_Get() {
	serve := func(w http.ResponseWriter, req *http.Request) {
		o, err := images.Get(req.Context(), req.PathValue("key"), nil)
		switch {
		case err != nil:
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		case o == nil:
			http.NotFound(w, req)
			return
		}
		defer o.Body.Close()
		o.HTTPMetadata.WriteTo(w.Header())
		w.Header().Set("ETag", o.HTTPETag)
		io.Copy(w, o.Body)
	}
	http.HandleFunc("GET /images/{key}", serve)
}
