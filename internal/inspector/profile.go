package inspector

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"time"

	local "grove.place/lattice/local-runtime"
)

// longestProfile is how long a profile may take.
const longestProfile = 10 * time.Minute

// profile makes a CPU profile of a Worker, for so many seconds, and answers with it as "go tool pprof" reads it. A build that wants to take over meanwhile
// is not kept waiting.
func (i *Inspector) profile(w http.ResponseWriter, r *http.Request) {
	seconds, err := strconv.ParseFloat(r.URL.Query().Get("seconds"), 64)
	d := time.Duration(seconds * float64(time.Second))
	if err != nil || d <= 0 || d > longestProfile {
		http.Error(w, fmt.Sprintf("seconds must be a number above 0, of at most %.0f", longestProfile.Seconds()), http.StatusBadRequest)
		return
	}
	var host *local.Host
	if err := i.with(r, r.URL.Query().Get("worker"), func(h *local.Host) error { host = h; return nil }); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	var out bytes.Buffer
	if err := host.Profile(r.Context(), d, &out); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Write(out.Bytes())
}
