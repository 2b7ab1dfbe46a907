// Package workerd starts real workerd for tests and benchmarks: a bundle directory and its bindings become a server on a
// free loopback port, with objects on SQLite and D1 as wrangler's Miniflare provides them.
//
// The packages come from tests/package.json; Install runs npm ci when they are missing or older than the lock. Start is
// where to begin reading; serve.mjs is the half that runs under Node.
package workerd

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// CompatibilityDate is the date used when a Worker names none.
const CompatibilityDate = "2026-10-01"

//go:embed serve.mjs
var serveScript string

// Worker is one script and its bindings.
type Worker struct {
	Name    string            `json:"name"`              // script name; ids of objects depend on it
	Dir     string            `json:"dir"`               // folder with the modules: *.mjs, *.js and *.wasm
	Main    string            `json:"main"`              // entry module, "worker.mjs" when empty
	Date    string            `json:"date"`              // compatibility date, CompatibilityDate when empty
	Flags   []string          `json:"flags,omitempty"`   // compatibility flags
	Objects map[string]string `json:"objects,omitempty"` // binding to class, SQLite-backed
	Unbound []string          `json:"unbound,omitempty"` // classes with a namespace in ctx.exports only
	D1      []string          `json:"d1,omitempty"`      // bindings, each its own database
	Limits  map[string]int    `json:"limits,omitempty"`  // rate limiting bindings: so many in a minute
	Points  []string          `json:"points,omitempty"`  // Analytics Engine bindings
	Version string            `json:"version,omitempty"` // binding of the version metadata
	Vars    map[string]string `json:"vars,omitempty"`    // environment variables
	Queues  map[string]string `json:"queues,omitempty"`  // binding to queue, each of which this Worker consumes too, unless there are Others
	R2      []string          `json:"r2,omitempty"`      // bindings, each its own bucket
	KV      []string          `json:"kv,omitempty"`      // bindings, each its own namespace

	JSONVars map[string]json.RawMessage `json:"jsonVars,omitempty"` // environment variables that are not strings
	Services map[string]string          `json:"services,omitempty"` // service binding to script name: this one, or one of Options.Others
	Scripts  map[string]string          `json:"scripts,omitempty"`  // of Objects: binding to the script that has its class, if it is another
	Consumes []string                   `json:"consumes,omitempty"` // further queues that this Worker consumes; then it consumes none of Queues

	Entrypoints map[string]Entrypoint `json:"entrypoints,omitempty"` // service binding to what it goes to in that script
}

// Entrypoint is what a service binding goes to in its script.
type Entrypoint struct {
	Name  string         `json:"entrypoint,omitempty"` // default: the default one
	Props map[string]any `json:"props,omitempty"`
}

// Options says what to run.
type Options struct {
	Worker
	Others []Worker  // that run beside it, in the same workerd
	State  string    // folder of the stored state; a temporary one, removed by Close, when empty
	Log    io.Writer // receives what the Worker logs; discarded when nil
}

// Server is a running workerd.
type Server struct {
	URL   string // the Worker itself, without a trailing slash
	Entry string // wrangler's front, which also answers /cdn-cgi/local/scheduled

	cmd   *exec.Cmd
	stdin io.Closer
	done  chan struct{}
	temp  string
	tail  *tail
	close sync.Once
}

// ready is the line that serve.mjs prints when requests can be sent.
type ready struct{ URL, Entry string }

// Start starts workerd and returns when it accepts requests. The server ends with Close, when ctx ends, or with this
// process.
func Start(ctx context.Context, o Options) (*Server, error) {
	root, err := Install(ctx)
	if err != nil {
		return nil, err
	}
	s := &Server{done: make(chan struct{}), tail: &tail{}}
	if o.State == "" {
		if s.temp, err = os.MkdirTemp("", "lattice-workerd-"); err != nil {
			return nil, fmt.Errorf("workerd: %w", err)
		}
		o.State = s.temp
	}
	config, err := o.config(root)
	if err == nil {
		err = s.start(ctx, root, config, o.Log)
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("workerd: start %s: %w", o.Name, err)
	}
	return s, nil
}

// config fills in defaults and encodes o for serve.mjs.
func (o Options) config(root string) ([]byte, error) {
	all := append([]Worker{o.Worker}, o.Others...)
	for i := range all {
		if err := all[i].complete(); err != nil {
			return nil, err
		}
	}
	state, err := filepath.Abs(o.State)
	if err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		Packages string   `json:"packages"`
		State    string   `json:"state"`
		Workers  []Worker `json:"workers"`
	}{filepath.Join(root, "node_modules") + "/", state, all})
}

func (w *Worker) complete() (err error) {
	if w.Main == "" {
		w.Main = "worker.mjs"
	}
	if w.Date == "" {
		w.Date = CompatibilityDate
	}
	if w.Dir, err = filepath.Abs(w.Dir); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(w.Dir, w.Main)); err != nil {
		return fmt.Errorf("entry module: %w", err)
	}
	return nil
}

func (s *Server) start(ctx context.Context, root string, config []byte, log io.Writer) error {
	s.cmd = exec.CommandContext(ctx, node(root), "--input-type=module", "--eval", serveScript)
	s.cmd.Dir = root
	s.cmd.Env = append(os.Environ(), "NO_COLOR=1", "WRANGLER_SEND_METRICS=false", "CI=1")
	stdin, err := s.cmd.StdinPipe()
	if err != nil {
		return err
	}
	s.stdin = stdin
	s.cmd.Cancel = stdin.Close // node ends workerd then; killed, it would leave it behind
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	s.cmd.Stderr = s.tail
	if log != nil {
		s.cmd.Stderr = io.MultiWriter(s.tail, log)
	}
	s.cmd.WaitDelay = 5 * time.Second
	if err := s.cmd.Start(); err != nil {
		return err
	}
	if _, err := stdin.Write(append(config, '\n')); err != nil {
		return err
	}
	first := make(chan ready, 1)
	go s.read(stdout, first, s.cmd.Stderr)
	select {
	case r, ok := <-first:
		if !ok {
			<-s.done
			return fmt.Errorf("it ended before it was ready:\n%s", s.tail)
		}
		s.URL, s.Entry = strings.TrimSuffix(r.URL, "/"), strings.TrimSuffix(r.Entry, "/")
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(3 * time.Minute):
		return fmt.Errorf("not ready after three minutes:\n%s", s.tail)
	}
}

// read takes the ready line and copies what follows to the log until the process ends.
func (s *Server) read(stdout io.Reader, first chan<- ready, log io.Writer) {
	defer close(s.done)
	lines := bufio.NewReader(stdout)
	for {
		line, err := lines.ReadBytes('\n')
		var r ready
		if first != nil && json.Unmarshal(line, &r) == nil && r.URL != "" {
			first <- r
			first = nil
		} else {
			log.Write(line)
		}
		if err != nil {
			break
		}
	}
	if first != nil {
		close(first)
	}
	s.cmd.Wait()
}

// Close stops the server and removes its temporary state.
func (s *Server) Close() error {
	s.close.Do(func() {
		if s.stdin != nil {
			s.stdin.Close()
		}
		if s.cmd != nil && s.cmd.Process != nil {
			select {
			case <-s.done:
			case <-time.After(5 * time.Second):
				s.cmd.Process.Kill()
				<-s.done
			}
		}
		if s.temp != "" {
			os.RemoveAll(s.temp)
		}
	})
	return nil
}

// PID returns the process id of workerd itself, whose memory and processor time a benchmark measures.
func (s *Server) PID() (int, error) {
	children, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for _, file := range children {
		list, _ := os.ReadFile(file)
		for _, field := range strings.Fields(string(list)) {
			name, _ := os.ReadFile("/proc/" + field + "/comm")
			if strings.TrimSpace(string(name)) == "workerd" {
				var pid int
				_, err := fmt.Sscan(field, &pid)
				return pid, err
			}
		}
	}
	return 0, errors.New("workerd: its process was not found among the children of node")
}

// Output returns the end of what the Worker logged, for a failing test to show.
func (s *Server) Output() string { return s.tail.String() }

// tail keeps the last part of what is written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

const tailSize = 16 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if len(t.buf) > 2*tailSize {
		t.buf = bytes.Clone(t.buf[len(t.buf)-tailSize:])
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf)
}
