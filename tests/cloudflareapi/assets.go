package cloudflareapi

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// jwtHeader begins every JWT of uploads: {"alg":"none"}.
const jwtHeader = "eyJhbGciOiJub25lIn0."

// BucketSize is how many files go into one request.
const BucketSize = 3

func (s *Server) jwt(session string) string {
	payload, _ := json.Marshal(map[string]any{"exp": 4102444800, "session": session})
	return jwtHeader + base64.RawURLEncoding.EncodeToString(payload) + ".x"
}

// startAssets asks for the files that were never seen.
func (s *Server) startAssets(w http.ResponseWriter, _ *http.Request, req Request) {
	body := decode[struct {
		Manifest map[string]struct {
			Hash string
			Size int
		}
	}](req)
	var missing []string
	for path, f := range body.Manifest {
		if !strings.HasPrefix(path, "/") || len(f.Hash) != 32 {
			fail(w, http.StatusBadRequest, 10021, fmt.Sprintf("manifest: %q with the hash %q", path, f.Hash))
			return
		}
		if _, seen := s.state.assets[f.Hash]; !seen && !slices.Contains(missing, f.Hash) {
			missing = append(missing, f.Hash)
		}
	}
	slices.Sort(missing)
	id := s.state.id()
	s.state.sessions[id] = missing
	buckets := [][]string{}
	for b := range slices.Chunk(missing, BucketSize) {
		buckets = append(buckets, b)
	}
	ok(w, map[string]any{"jwt": s.jwt(id), "buckets": buckets})
}

// uploadAssets takes a bucket; the answer to the last has the JWT with which the script is uploaded.
func (s *Server) uploadAssets(w http.ResponseWriter, r *http.Request, req Request) {
	_, token, _ := strings.Cut(r.Header.Get("Authorization"), ".")
	payload, _, _ := strings.Cut(token, ".")
	text, _ := base64.RawURLEncoding.DecodeString(payload)
	var claims struct{ Session string }
	_ = json.Unmarshal(text, &claims)
	missing, known := s.state.sessions[claims.Session]
	if !known {
		fail(w, http.StatusUnauthorized, 10000, "Authentication error")
		return
	}
	for _, p := range req.Parts {
		content, err := base64.StdEncoding.DecodeString(string(p.Content))
		if err != nil || !slices.Contains(missing, p.Name) && s.state.assets[p.Name].Name == "" {
			fail(w, http.StatusBadRequest, 10021, "a file that was not asked for, or not in base64: "+p.Name)
			return
		}
		s.state.assets[p.Name] = Part{p.Name, p.Filename, p.Type, content}
		missing = slices.DeleteFunc(missing, func(h string) bool { return h == p.Name })
	}
	s.state.sessions[claims.Session] = missing
	if len(missing) > 0 {
		reply(w, envelope{Success: true, Errors: []apiError{}, Messages: []string{}, Result: map[string]any{}}, http.StatusAccepted)
		return
	}
	reply(w, envelope{Success: true, Errors: []apiError{}, Messages: []string{}, Result: map[string]any{"jwt": s.jwt(claims.Session)}}, http.StatusCreated)
}

// Assets are the contents of all files, by hash.
func (s *Server) Assets() map[string]Part {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]Part{}
	for h, p := range s.state.assets {
		all[h] = p
	}
	return all
}
