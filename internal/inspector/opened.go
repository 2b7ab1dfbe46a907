package inspector

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"grove.place/lattice/internal/relay"
	local "grove.place/lattice/local-runtime"
)

// storesProtocol is what a connection to the stores is upgraded to: a line of JSON each way, and then what package relay says.
const storesProtocol = "lattice-stores"

// Stores are those that a command works on.
type Stores struct {
	Databases map[string]local.Database `json:"databases,omitempty"`
	KV        map[string]string         `json:"kv,omitempty"`
	Buckets   map[string]string         `json:"buckets,omitempty"`
	Wait      time.Duration             `json:"wait"` // for a Worker that is being built
}

// opened is the answer.
type opened struct {
	Error string `json:"error,omitempty"`
	None  bool   `json:"none,omitempty"` // no Worker runs, and the folder is nobody's
}

// ErrNoHost is returned by OpenStores when the server has nothing that works on the folder: the Worker has not been built yet, say.
var ErrNoHost = errors.New("no Worker of lattice dev runs")

// openStores lets a command work on the stores of the server, for as long as the connection is there.
func (i *Inspector) openStores(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != storesProtocol {
		http.Error(w, "the command and the server are of different versions", http.StatusBadRequest)
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		i.o.Log.Debug("the inspector's stores", "error", err)
		return
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "+storesProtocol+"\r\n\r\n"); err != nil {
		return
	}
	var asked Stores
	line, err := buffered.ReadBytes('\n')
	if err != nil || json.Unmarshal(line, &asked) != nil {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	err = i.withAny(ctx, asked.Wait, func(h *local.Host) error {
		stores, err := h.OpenStores(ctx, local.Options{Databases: asked.Databases, KV: asked.KV, Buckets: asked.Buckets, Logger: i.o.Log})
		if err != nil {
			return err
		}
		defer stores.Close()
		if err := json.NewEncoder(conn).Encode(opened{}); err != nil {
			return nil
		}
		_ = relay.Serve(stores.Context(), struct {
			io.Reader
			io.Writer
		}{buffered, conn})
		i.live.changed("state")
		return nil
	})
	if err != nil {
		_ = json.NewEncoder(conn).Encode(opened{err.Error(), errors.Is(err, ErrNoHost)})
	}
}

// countQueues answers with queues, whichever Worker has them, and how many messages wait in each.
func (i *Inspector) countQueues(w http.ResponseWriter, r *http.Request) {
	var q Request
	var a Answer
	err := json.NewDecoder(r.Body).Decode(&q)
	if err == nil {
		err = i.withAny(r.Context(), q.Wait, func(h *local.Host) error {
			bound := map[string]string{}
			for _, name := range q.Queues {
				bound[name] = name
			}
			stores, err := h.OpenStores(r.Context(), local.Options{Queues: bound, Logger: i.o.Log})
			if err != nil {
				return err
			}
			a.Queues, err = stores.Queues()
			return errors.Join(err, stores.Close())
		})
	}
	if err != nil {
		a.Error = err.Error()
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(a)
}

// withAny calls f with the host of the first Worker that runs, or will within a time.
func (i *Inspector) withAny(ctx context.Context, wait time.Duration, f func(*local.Host) error) error {
	for _, w := range i.o.Workers() {
		ctx, cancel := context.WithTimeout(ctx, min(wait, patience))
		host, leave, err := w.Enter(ctx)
		cancel()
		if err != nil {
			continue
		}
		defer leave()
		return f(host)
	}
	return ErrNoHost
}

// OpenStores opens stores through the server. ErrNoHost means that the folder can be opened without it.
func (s *Server) OpenStores(ctx context.Context, asked Stores) (*relay.Client, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.control.URL+controlPath[1:]+"stores", nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+s.control.Token)
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", storesProtocol)
	resp, err := direct.Do(r)
	if err != nil {
		return nil, fmt.Errorf("ask lattice dev (process %d): %w", s.control.Process, err)
	}
	conn, ok := resp.Body.(io.ReadWriteCloser)
	if resp.StatusCode != http.StatusSwitchingProtocols || !ok {
		resp.Body.Close()
		return nil, fmt.Errorf("lattice dev (process %d) answers %s: is it of another version?", s.control.Process, resp.Status)
	}
	if err := json.NewEncoder(conn).Encode(asked); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	from := bufio.NewReader(conn)
	line, err := from.ReadBytes('\n')
	var answer opened
	switch {
	case err != nil || json.Unmarshal(line, &answer) != nil:
		err = fmt.Errorf("lattice dev (process %d) has ended: run the command again", s.control.Process)
	case answer.None:
		err = ErrNoHost
	case answer.Error != "":
		err = errors.New(answer.Error)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return relay.NewClient(struct {
		io.Reader
		io.WriteCloser
	}{from, conn}), nil
}

// Queues counts the messages of queues through the server. ErrNoHost means that the folder can be opened without it.
func (s *Server) Queues(ctx context.Context, names []string, wait time.Duration) ([]local.Queue, error) {
	a, err := s.Call(ctx, "queues", Request{Queues: names, Wait: wait})
	switch {
	case err != nil:
		return nil, err
	case a.Error == ErrNoHost.Error():
		return nil, ErrNoHost
	case a.Error != "":
		return nil, errors.New(a.Error)
	}
	return a.Queues, nil
}
