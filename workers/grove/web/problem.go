// Package web is what all of Grove's pages and APIs share: problems that a visitor is told about, as a page or as JSON; pages in one layout; stylesheets
// and scripts. It knows nothing of sessions or tenants.
//
// Start with Problem and Fail, then Render.
package web

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"grove.place/lattice/workers"
	"grove.place/lattice/workers/grove/markup"
)

// Problem is an error that the visitor is told about.
type Problem struct {
	Status  int
	Code    string         // for programs
	Title   string         // for people
	Message string         // what to do
	Retry   time.Duration  // when to try again; 0: not said
	SignIn  bool           // somebody who signs in may get further: pages are redirected there
	Away    bool           // there is no site at this address: the page leads to Grove itself
	Extra   map[string]any // further fields of the JSON body
}

// Error implements error.
func (p *Problem) Error() string { return p.Code + ": " + p.Message }

// What handlers answer with most often.
var (
	ErrNotFound = &Problem{Status: http.StatusNotFound, Code: "not_found", Title: "There is nothing here",
		Message: "Look at the address once more, or go to the home page."}
	ErrForbidden = &Problem{Status: http.StatusForbidden, Code: "forbidden", Title: "That is not yours to do",
		Message: "Ask the owner of the site for a role that can do it."}
	ErrTooLarge = &Problem{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Title: "That was too much", Message: "Send less."}
)

// BadRequest returns a problem with what the visitor sent. message says what to send instead.
func BadRequest(code, message string) *Problem {
	return &Problem{Status: http.StatusBadRequest, Code: code, Title: "That was not understood", Message: message}
}

// Conflict returns a problem with a state that has changed meanwhile.
func Conflict(code, message string, extra map[string]any) *Problem {
	return &Problem{Status: http.StatusConflict, Code: code, Title: "Somebody was faster", Message: message, Extra: extra}
}

// Unavailable wraps the failure of something that a safe answer needs: nothing was done, and it can be tried again.
func Unavailable(what string, err error) error {
	return errors.Join(&Problem{
		Status: http.StatusServiceUnavailable, Code: "unavailable", Title: "That does not work just now",
		Message: what + " cannot be reached. Nothing was changed; try again in a moment.", Retry: 5 * time.Second,
	}, err)
}

// Told passes on what an object says of a value that came from the visitor; any other error means that what cannot be reached. It returns nil for nil.
func Told(what string, err error) error {
	var remote *workers.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &remote) && remote.Remote && remote.Name == "TypeError":
		return BadRequest("bad_value", remote.Message)
	}
	return Unavailable(what, err)
}

// Fail answers with an error. What is not meant for the visitor is logged.
func Fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	if p.Status >= 500 {
		slog.ErrorContext(r.Context(), "request failed", "path", r.URL.Path, "status", p.Status, "error", err)
	}
	if p.Retry > 0 {
		w.Header().Set("Retry-After", RetryAfter(p.Retry))
	}
	if p.SignIn && r.Method == http.MethodGet && !WantsJSON(r) {
		http.Redirect(w, r, "/auth/login?return_to="+url.QueryEscape(r.URL.Path), http.StatusSeeOther)
		return
	}
	if WantsJSON(r) {
		writeProblem(w, p)
		return
	}
	renderProblem(w, r, p)
}

func writeProblem(w http.ResponseWriter, p *Problem) {
	body := map[string]any{"error": map[string]string{"code": p.Code, "message": p.Message}}
	for name, value := range p.Extra {
		body[name] = value
	}
	WriteJSON(w, p.Status, body)
}

func renderProblem(w http.ResponseWriter, r *http.Request, p *Problem) {
	data := markup.Data{"title": p.Title, "message": p.Message, "code": strconv.Itoa(p.Status), "wait": "", "signIn": p.SignIn, "apex": ""}
	if p.Retry > 0 {
		data["wait"] = "a few seconds"
		if p.Retry > 10*time.Second {
			data["wait"] = RetryAfter(p.Retry) + " seconds"
		}
	}
	if p.Away {
		data["apex"] = Origin(r.Context())
	}
	Render(w, r, p.Status, "problem", data)
}

func problemOf(err error) *Problem {
	var p *Problem
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return ErrTooLarge
	case errors.As(err, &p):
		return p
	}
	return &Problem{Status: http.StatusInternalServerError, Code: "internal", Title: "Something went wrong here", Message: "It is not your fault. Try again in a moment."}
}

// WantsJSON tells programs from people: the APIs always answer with JSON, the rest when it is asked for it and not for HTML.
func WantsJSON(r *http.Request) bool {
	if strings.HasPrefix(r.URL.Path, "/auth/session") || strings.HasPrefix(r.URL.Path, "/api/") {
		return true
	}
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
}

// WriteJSON answers with value.
func WriteJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value)
}

// ReadJSON stores the request's JSON body in dest. Unknown fields are refused, so that a misspelt one is not taken for none. The
// body's size is limited by whoever set up r.Body.
func ReadJSON(r *http.Request, dest any) error {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	err := decoder.Decode(dest)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return ErrTooLarge
	case err != nil:
		return BadRequest("bad_body", "Send a JSON object. "+strings.TrimPrefix(err.Error(), "json: "))
	case decoder.More():
		return BadRequest("bad_body", "Send one JSON object, and nothing after it.")
	}
	return nil
}

// RetryAfter is a Retry-After of at least one whole second.
func RetryAfter(d time.Duration) string {
	return strconv.FormatInt(int64(max(1, (d+time.Second-1)/time.Second)), 10)
}
