package r2_test

import (
	"io"
	"net/http"

	"grove.place/lattice/workers/cloudflare/r2"
)

func ExampleBucket_Get() {
	http.HandleFunc("GET /images/{key}", func(w http.ResponseWriter, r *http.Request) {
		images, err := r2.NewBucket("IMAGES")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		image, err := images.Get(r.PathValue("key"))
		if err != nil || image == nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", image.HTTPMetadata.ContentType)
		_, _ = io.Copy(w, image.Body)
	})
}
