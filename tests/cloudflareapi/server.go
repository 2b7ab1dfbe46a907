// Package cloudflareapi is a stand-in for Cloudflare's API, for tests of what deploys: it records each request with everything that was sent but the
// token, keeps the state that a deployment changes, and answers in the API's own form. It can be told to fail.
//
// The one idea: CLOUDFLARE_API_BASE_URL leads both wrangler and `lattice deploy` here, so that what the two send can be compared. Start with Start,
// Server.Environ and Server.Requests.
//
// See https://developers.cloudflare.com/api/.
package cloudflareapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// The account that a new server has, and the token that it takes.
const (
	Token     = "stand-in_0123456789_abcdefghijklmnopqrst"
	AccountID = "0123456789abcdef0123456789abcdef"
)

// Server is a running stand-in.
type Server struct {
	URL string // for CLOUDFLARE_API_BASE_URL

	mu       sync.Mutex
	heard    sync.Cond // a tail is connected; of mu
	tell     func(Request)
	requests []Request
	faults   []*Fault
	state    state
}

// Request is one that the server got.
type Request struct {
	Method, Path string // the path without /client/v4
	Query        url.Values
	Header       http.Header // of Authorization only what kind it was
	Body         []byte      // unless it has parts
	Parts        []Part
	Status       int // of the answer; 0 when the connection was cut
}

// Part is one of a multipart body.
type Part struct {
	Name, Filename, Type string
	Content              []byte
}

// Fault makes requests fail. A zero field matches everything.
type Fault struct {
	Method, Path string // Path is a pattern of path.Match
	Skip         int    // so many requests that it would fit are answered
	Times        int    // how often it happens; 0 is always

	Status     int    // of the answer
	Code       int    // the API's own
	Message    string // in the answer
	RetryAfter string // header
	Cut        bool   // the connection ends without an answer
	Half       bool   // the connection ends in the middle of the answer
	After      bool   // the request is carried out before
	Meanwhile  func() // nothing is wrong, but this happens before the request is carried out; of the Server it may call Put
	Plain      bool   // the answer is HTML, as that of a gateway
}

// Start starts a stand-in that ends with the test.
func Start(t testing.TB) *Server {
	s, stop := Listen(nil)
	t.Cleanup(stop)
	return s
}

// Listen starts a stand-in that runs until stop is called, and tells each request to heard unless that is nil.
func Listen(heard func(Request)) (s *Server, stop func()) {
	s = &Server{state: newState(), tell: heard}
	s.heard.L = &s.mu
	h := httptest.NewServer(http.HandlerFunc(s.serve))
	s.URL, s.state.url = h.URL+"/client/v4", h.URL
	return s, h.Close
}

// Environ are the variables that lead a command here.
func (s *Server) Environ() []string {
	return []string{"CLOUDFLARE_API_BASE_URL=" + s.URL, "CLOUDFLARE_API_TOKEN=" + Token, "CLOUDFLARE_ACCOUNT_ID=" + AccountID}
}

// Fail adds a fault.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// Requests returns those that came so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Forget drops the recorded requests and all faults.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests, s.faults = nil, nil
}

// Find returns the requests of a method whose path fits a pattern of path.Match.
func (s *Server) Find(method, pattern string) (found []Request) {
	for _, r := range s.Requests() {
		if ok, _ := path.Match(pattern, r.Path); ok && r.Method == method {
			found = append(found, r)
		}
	}
	return found
}

// Part returns the part of that name, or nil.
func (r Request) Part(name string) *Part {
	for i := range r.Parts {
		if r.Parts[i].Name == name {
			return &r.Parts[i]
		}
	}
	return nil
}

// JSON is the body, or of a multipart body the part "metadata".
func (r Request) JSON() (v any) {
	body := r.Body
	if p := r.Part("metadata"); p != nil {
		body = p.Content
	}
	_ = json.Unmarshal(body, &v)
	return v
}

func (r Request) String() string {
	text := r.Method + " " + r.Path
	if len(r.Query) > 0 {
		text += "?" + r.Query.Encode()
	}
	return fmt.Sprintf("%s %d", text, r.Status)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/oauth2/token" {
		renew(w, r)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/tail/") {
		s.serveTail(w, r)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	req, err := record(r)
	rec := httptest.NewRecorder()
	fault := s.fault(req)
	if err != nil {
		fail(rec, http.StatusBadRequest, 10001, "Content of the request cannot be read: "+err.Error())
	} else if fault == nil || fault.After || fault.Half || fault.Meanwhile != nil {
		if fault != nil && fault.Meanwhile != nil {
			fault.Meanwhile()
		}
		s.answer(rec, r, req)
	}
	if fault != nil && !fault.Half && fault.Meanwhile == nil {
		rec = fault.answer()
	}
	if rec != nil {
		req.Status = rec.Code
	}
	s.requests = append(s.requests, req)
	if s.tell != nil {
		s.tell(req)
	}
	if rec == nil {
		cut(w)
		return
	}
	for name, values := range rec.Header() {
		w.Header()[name] = values
	}
	body := rec.Body.Bytes()
	if fault != nil && fault.Half {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		body = body[:len(body)/2]
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(body)
	if fault != nil && fault.Half {
		_ = http.NewResponseController(w).Flush()
		cut(w)
	}
}

// Refresh is what a session of `wrangler login` is renewed with, which gives Token.
const Refresh = "stand-in_refresh_0123456789_abcdefghijk"

// renew is where wrangler renews such a session: WRANGLER_TOKEN_URL leads to it.
func renew(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("grant_type") != "refresh_token" || r.FormValue("refresh_token") != Refresh || r.FormValue("client_id") == "" {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"invalid_grant"}`)
		return
	}
	fmt.Fprintf(w, `{"access_token":%q,"expires_in":3600,"refresh_token":"the next one","scope":"account:read workers:write"}`, Token)
}

// cut ends the connection.
func cut(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		conn.Close()
	}
}

// fault returns the first that fits.
func (s *Server) fault(r Request) *Fault {
	for _, f := range s.faults {
		if f.Method != "" && f.Method != r.Method {
			continue
		}
		if ok, _ := path.Match(f.Path, r.Path); f.Path != "" && !ok || f.Times < 0 {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				f.Times = -1
			}
		}
		return f
	}
	return nil
}

func (f *Fault) answer() *httptest.ResponseRecorder {
	if f.Cut {
		return nil
	}
	rec := httptest.NewRecorder()
	if f.RetryAfter != "" {
		rec.Header().Set("Retry-After", f.RetryAfter)
	}
	if f.Plain {
		rec.Header().Set("Content-Type", "text/html")
		rec.WriteHeader(f.Status)
		fmt.Fprintf(rec, "<html><title>%d</title></html>", f.Status)
		return rec
	}
	fail(rec, f.Status, f.Code, f.Message)
	return rec
}

// record takes a request apart.
func record(r *http.Request) (Request, error) {
	req := Request{Method: r.Method, Path: strings.TrimPrefix(r.URL.Path, "/client/v4"), Query: r.URL.Query(), Header: r.Header.Clone()}
	if r.Header.Get("Authorization") != "" {
		req.Header.Set("Authorization", kindOf(r.Header.Get("Authorization")))
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return req, err
	}
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		req.Body = body
		return req, nil
	}
	for parts := multipart.NewReader(bytes.NewReader(body), params["boundary"]); ; {
		p, err := parts.NextRawPart()
		if err == io.EOF {
			return req, nil
		}
		if err != nil {
			return req, err
		}
		content, err := io.ReadAll(p)
		if err != nil {
			return req, err
		}
		req.Parts = append(req.Parts, Part{p.FormName(), p.FileName(), p.Header.Get("Content-Type"), content})
	}
}

func kindOf(authorization string) string {
	switch value, _ := strings.CutPrefix(authorization, "Bearer "); {
	case value == Token:
		return "Bearer (the token)"
	case strings.HasPrefix(value, jwtHeader):
		return "Bearer (a JWT of the assets)"
	default:
		return "another"
	}
}

type apiError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

type envelope struct {
	Success  bool           `json:"success"`
	Errors   []apiError     `json:"errors"`
	Messages []string       `json:"messages"`
	Result   any            `json:"result"`
	Info     map[string]any `json:"result_info,omitempty"`
}

func reply(w http.ResponseWriter, e envelope, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(e)
}

func ok(w http.ResponseWriter, result any) {
	reply(w, envelope{Success: true, Errors: []apiError{}, Messages: []string{}, Result: result}, http.StatusOK)
}

// page answers with a list, all of it on one page.
func page[T any](w http.ResponseWriter, list []T) {
	if list == nil {
		list = []T{}
	}
	info := map[string]any{"page": 1, "per_page": 100, "count": len(list), "total_count": len(list), "total_pages": 1}
	reply(w, envelope{Success: true, Errors: []apiError{}, Messages: []string{}, Result: list, Info: info}, http.StatusOK)
}

func fail(w http.ResponseWriter, status, code int, message string) {
	reply(w, envelope{Errors: []apiError{{code, message}}, Messages: []string{}}, status)
}
