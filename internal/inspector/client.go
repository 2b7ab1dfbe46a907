package inspector

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Server is a server that runs, for those who call its control API.
type Server struct{ control Control }

// FindServer returns the server that works on a storage folder, or nil when there is none that answers. The file of one that was killed counts for nothing.
func FindServer(ctx context.Context, dir string) *Server {
	text, err := os.ReadFile(filepath.Join(dir, ControlFile))
	if err != nil {
		return nil
	}
	s := &Server{}
	if json.Unmarshal(text, &s.control) != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if resp, err := s.post(ctx, "hello", Request{}); err != nil {
		return nil
	} else {
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return nil
		}
	}
	return s
}

func (s *Server) post(ctx context.Context, name string, q Request) (*http.Response, error) {
	text, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.control.URL+controlPath[1:]+name, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+s.control.Token)
	return direct.Do(r)
}

// Profile has a Worker of the server profiled for a number of seconds; an empty name is the Worker that answers requests. It returns what "go tool pprof" reads.
func (s *Server) Profile(ctx context.Context, seconds float64, worker string) ([]byte, error) {
	query := url.Values{"seconds": {fmt.Sprint(seconds)}, "worker": {worker}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.control.URL+controlPath[1:]+"profile?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+s.control.Token)
	resp, err := direct.Do(r)
	if err != nil {
		return nil, fmt.Errorf("ask lattice dev for a profile: %w; is it still running?", err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("lattice dev made no profile: %s", strings.TrimSpace(string(data)))
	}
	return data, err
}

// direct goes to this machine, whatever proxy the environment names.
var direct = &http.Client{Transport: &http.Transport{}}

// Call performs a call of the control API.
func (s *Server) Call(ctx context.Context, name string, q Request) (a Answer, err error) {
	resp, err := s.post(ctx, name, q)
	if err != nil {
		return a, fmt.Errorf("ask lattice dev (process %d): %w", s.control.Process, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return a, fmt.Errorf("lattice dev (process %d) answers %s", s.control.Process, resp.Status)
	}
	return a, json.NewDecoder(resp.Body).Decode(&a)
}
