package devserver

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// scheduledPaths are where releases of wrangler run the scheduled handler; the last is that of Miniflare before them.
var scheduledPaths = []string{"/cdn-cgi/handler/scheduled", "/cdn-cgi/local/scheduled", "/cdn-cgi/mf/scheduled"}

// handler is the front: addresses of its own, and the program for all others, with a line in the log for each request.
// There is no http.ServeMux, for it redirects paths like //a and /a/../b that the program must see as they are.
func (s *Server) handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/healthz" && (r.Method == http.MethodGet || r.Method == http.MethodHead):
			s.health(w, r)
		case slices.Contains(scheduledPaths, r.URL.Path), r.URL.Path == "/__scheduled" && (s.opts.TestScheduled || s.programs[0].crons.any()):
			s.scheduledNow(w, r)
		default:
			s.serve(w, r)
		}
	})
}

func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	for _, r := range s.programs {
		if ok, reason := r.door.ready(); !ok {
			w.Header().Set("Retry-After", "1")
			http.Error(w, reason, http.StatusServiceUnavailable)
			return
		}
	}
	fmt.Fprintln(w, "ok")
}

// scheduledNow answers as wrangler's address of that name does: with the outcome as text, or with ?format=json as JSON. ?cron= and ?time= (milliseconds)
// are optional, and ?worker=, which is another's name.
func (s *Server) scheduledNow(w http.ResponseWriter, r *http.Request) {
	p, at := s.program(r.URL.Query().Get("worker")), time.Now()
	if ms := r.URL.Query().Get("time"); ms != "" {
		var n int64
		if _, err := fmt.Sscanf(ms, "%d", &n); err != nil {
			http.Error(w, "time must be in milliseconds since 1970", http.StatusBadRequest)
			return
		}
		at = time.UnixMilli(n)
	}
	host, leave, err := p.door.enter(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer leave()
	noRetry, err := host.ScheduledOutcome(r.Context(), r.URL.Query().Get("cron"), at)
	outcome, status := "ok", http.StatusOK
	if err != nil {
		p.scheduledFailed(r.URL.Query().Get("cron"), err)
		outcome, status = "exception", http.StatusInternalServerError
	}
	kind := "text/plain;charset=UTF-8"
	if r.URL.Query().Get("format") == "json" {
		kind, outcome = "application/json", fmt.Sprintf(`{"outcome":%q,"noRetry":%t}`, outcome, noRetry)
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	io.WriteString(w, outcome)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	rec := &recorder{ResponseWriter: w}
	defer func() {
		crash := recover()
		logRequest(s.programs[0].log, r, rec.status, crash != nil, time.Since(began))
		if crash != nil {
			panic(crash) // the server ends the connection; the host has reported it
		}
	}()
	host, leave, err := s.programs[0].door.enter(r.Context())
	if err != nil {
		rec.Header().Set("Retry-After", "1")
		http.Error(rec, "the program is not running:\n\n"+err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer leave()
	host.ServeHTTP(rec, r)
}

// recorder notes the status on its way out.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(p)
}

// Flush is here for hosts that ask for an http.Flusher, and Unwrap for those that use http.ResponseController.
func (r *recorder) Flush() {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	http.NewResponseController(r.ResponseWriter).Flush()
}

// Hijack hands the connection over, for WebSockets.
func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	r.status = http.StatusSwitchingProtocols
	return http.NewResponseController(r.ResponseWriter).Hijack()
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// longestPath is how much of an address a line of the log shows.
const longestPath = 200

// logRequest prints one line. The query stays out of it, for it carries codes and tokens.
func logRequest(log *slog.Logger, r *http.Request, status int, crashed bool, took time.Duration) {
	where := (&url.URL{Path: r.URL.Path}).EscapedPath()
	if name, _, ok := strings.Cut(r.Host, ".localhost"); ok && !strings.ContainsAny(name, "\x00\n\x1b") {
		where = r.Host + where
	}
	if len(where) > longestPath {
		where = where[:longestPath] + "…"
	}
	result := fmt.Sprint(status)
	switch {
	case crashed:
		result = "failed"
	case status == 0 && r.Context().Err() != nil:
		result = "cancelled"
	case status == 0:
		result = "200"
	}
	log.Info(fmt.Sprintf("%s %s %s %s", r.Method, where, result, duration(took)))
}
