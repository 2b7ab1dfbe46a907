package analyticsengine_test

import (
	"net/http"

	"grove.place/lattice/workers/analyticsengine"
)

var visits = analyticsengine.Dataset("VISITS")

func ExampleDatasetBinding_WriteDataPoint() {
	http.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		_ = visits.WriteDataPoint(r.Context(), analyticsengine.DataPoint{
			Indexes: []string{r.Host}, Blobs: []string{r.URL.Path, r.Header.Get("CF-IPCountry")}, Doubles: []float64{1},
		})
		w.WriteHeader(http.StatusNoContent)
	})
}
