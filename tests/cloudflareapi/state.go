package cloudflareapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// state is what the account has.
type state struct {
	url       string
	accounts  []Account
	zones     []zone
	workers   map[string]*Worker
	queues    []*queue
	kv        []map[string]any
	buckets   []map[string]any
	records   []string // of DNS
	d1        []*database
	uploaded  map[string][]byte
	values    map[string]map[string]Part // of KV, by namespace and key; their types are metadata
	objects   map[string]*Object         // of R2, by bucket/key
	places    map[string]string          // buckets that were made for a jurisdiction
	noRanges  bool                       // of R2's objects
	assets    map[string]Part            // by hash
	sessions  map[string][]string
	tails     map[string]chan []byte
	tailed    chan struct{}
	expires   string // of the next tail
	listeners int    // connections of tails
	serial    int
}

// Account is one that the token may work on.
type Account struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type zone struct {
	ID      string  `json:"id"`
	Name    string  `json:"name"`
	Account Account `json:"account"`
}

// Worker is a script with everything around it.
type Worker struct {
	Name         string
	MigrationTag string
	Classes      []string // of objects
	Tags         []string
	Versions     []*Version // the oldest first
	Deployments  []Deployment
	Secrets      []string // names
	Schedules    []string
	Routes       []string
	Domains      []string
	WorkersDev   bool
	Previews     bool
	Settings     map[string]any
	UsedBy       []string // Workers with bindings to this one
}

// Version is an upload.
type Version struct {
	ID       string
	Number   int
	Metadata map[string]any
	Modules  []Part
}

// Deployment says which versions are live.
type Deployment struct {
	ID       string         `json:"id"`
	Source   string         `json:"source"`
	Strategy string         `json:"strategy"`
	Author   string         `json:"author_email"`
	Created  string         `json:"created_on"`
	Notes    map[string]any `json:"annotations"`
	Versions []Traffic      `json:"versions"`
}

// Traffic is the share of a version.
type Traffic struct {
	Version    string  `json:"version_id"`
	Percentage float64 `json:"percentage"`
}

type queue struct {
	ID        string           `json:"queue_id"`
	Name      string           `json:"queue_name"`
	Consumers []map[string]any `json:"consumers"`
	Producers []map[string]any `json:"producers"`
}

func newState() state {
	account := Account{AccountID, "The account of the tests"}
	return state{
		accounts: []Account{account}, zones: []zone{{"00000000000000000000000000000001", "example.com", account}},
		workers: map[string]*Worker{}, uploaded: map[string][]byte{}, values: map[string]map[string]Part{}, objects: map[string]*Object{}, places: map[string]string{}, assets: map[string]Part{}, sessions: map[string][]string{}, tails: map[string]chan []byte{}, tailed: make(chan struct{}),
	}
}

// id makes ids that look like the API's, the same ones in each run.
func (s *state) id() string {
	s.serial++
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", s.serial, s.serial)
}

const created = "2026-11-01T12:00:00.000000Z"

// SetAccounts replaces the accounts that the token may see.
func (s *Server) SetAccounts(list ...Account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.accounts = list
}

// AddQueues makes queues.
func (s *Server) AddQueues(names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range names {
		s.state.queues = append(s.state.queues, &queue{ID: strings.ReplaceAll(s.state.id(), "-", ""), Name: n, Consumers: []map[string]any{}, Producers: []map[string]any{}})
	}
}

// AddSecrets sets secrets of a Worker that is there.
func (s *Server) AddSecrets(worker string, names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.state.workers[worker]
	w.Secrets = append(w.Secrets, names...)
}

// Use makes another Worker one with a service binding to a Worker that is there.
func (s *Server) Use(worker, by string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.workers[worker].UsedBy = append(s.state.workers[worker].UsedBy, by)
}

// AddWorker makes a Worker without a version.
func (s *Server) AddWorker(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.workers[name] = &Worker{Name: name, Settings: map[string]any{}}
}

// Worker returns a copy of a Worker's state, or nil.
func (s *Server) Worker(name string) *Worker {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.state.workers[name]
	if w == nil {
		return nil
	}
	c := *w
	c.Versions, c.Deployments, c.Secrets = slices.Clone(w.Versions), slices.Clone(w.Deployments), slices.Clone(w.Secrets)
	return &c
}

// Consumers are the bodies of what consumes a queue.
func (s *Server) Consumers(queue string) []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.state.queues {
		if q.Name == queue {
			return slices.Clone(q.Consumers)
		}
	}
	return nil
}

// answer carries out a request.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, req Request) {
	if strings.HasSuffix(req.Path, "/workers/assets/upload") && req.Header.Get("Authorization") == "Bearer (a JWT of the assets)" {
		s.uploadAssets(w, r, req)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/signed/") {
		s.signed(w, r, req)
		return
	}
	key := req.Header.Get("X-Auth-Key") == Token && req.Header.Get("X-Auth-Email") != "" && req.Header.Get("Authorization") == ""
	if req.Header.Get("Authorization") != "Bearer (the token)" && !key {
		if req.Path == "/user/tokens/verify" {
			fail(w, http.StatusUnauthorized, 1000, "Invalid API Token")
			return
		}
		fail(w, http.StatusUnauthorized, 10000, "Authentication error")
		return
	}
	handler, pattern := s.mux(req).Handler(r)
	if pattern == "" {
		fail(w, http.StatusNotFound, 7003, "Could not route to "+req.Path+", perhaps your object identifier is invalid?")
		return
	}
	handler.ServeHTTP(w, r)
}

// mux has all routes. Those of an account that the token may not see are refused.
func (s *Server) mux(req Request) *http.ServeMux {
	m := http.NewServeMux()
	at := func(pattern string, f func(w http.ResponseWriter, r *http.Request, req Request)) {
		method, p, _ := strings.Cut(pattern, " ")
		account := strings.HasPrefix(p, "/accounts/{account}")
		m.HandleFunc(method+" /client/v4"+p, func(w http.ResponseWriter, r *http.Request) {
			// The request that Handler matched is not the one with the values: match again, by hand.
			setPathValues(r, "/client/v4"+p)
			if account && !slices.ContainsFunc(s.state.accounts, func(a Account) bool { return a.ID == r.PathValue("account") }) {
				fail(w, http.StatusForbidden, 10000, "Authentication error")
				return
			}
			f(w, r, req)
		})
	}
	at("GET /user/tokens/verify", func(w http.ResponseWriter, _ *http.Request, _ Request) {
		ok(w, map[string]any{"id": "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a", "status": "active"})
	})
	at("GET /user", func(w http.ResponseWriter, _ *http.Request, _ Request) {
		ok(w, map[string]any{"id": "0b0b", "email": "someone@example.com"})
	})
	at("GET /accounts", func(w http.ResponseWriter, _ *http.Request, _ Request) { page(w, s.state.accounts) })
	at("GET /memberships", func(w http.ResponseWriter, _ *http.Request, _ Request) {
		var list []map[string]any
		for _, a := range s.state.accounts {
			list = append(list, map[string]any{"id": "0c0c", "account": a, "roles": []string{"Administrator"}})
		}
		page(w, list)
	})
	at("GET /zones", func(w http.ResponseWriter, r *http.Request, _ Request) {
		page(w, slices.DeleteFunc(slices.Clone(s.state.zones), func(z zone) bool { return r.FormValue("name") != "" && z.Name != r.FormValue("name") }))
	})
	s.scriptRoutes(at)
	s.versionRoutes(at)
	s.triggerRoutes(at)
	s.storeRoutes(at)
	return m
}

type route = func(pattern string, f func(w http.ResponseWriter, r *http.Request, req Request))

func setPathValues(r *http.Request, pattern string) {
	have, want := strings.Split(r.URL.EscapedPath(), "/"), strings.Split(pattern, "/")
	for i, w := range want {
		if strings.HasPrefix(w, "{") && i < len(have) {
			value, _ := url.PathUnescape(have[i])
			r.SetPathValue(strings.Trim(w, "{}"), value)
		}
	}
}

// worker finds the Worker of a path, or answers that there is none.
func (s *Server) worker(w http.ResponseWriter, r *http.Request) *Worker {
	worker := s.state.workers[r.PathValue("script")]
	if worker == nil {
		fail(w, http.StatusNotFound, 10007, "This Worker does not exist on your account.")
	}
	return worker
}

func decode[T any](req Request) (v T) {
	_ = json.Unmarshal(req.Body, &v)
	return v
}
