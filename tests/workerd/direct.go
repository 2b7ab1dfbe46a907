package workerd

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// DirectOptions says what StartDirect runs. D1 bindings are not available there.
type DirectOptions struct {
	Worker
	V8Flags []string  // such as "--expose-gc"
	Log     io.Writer // receives what the Worker logs; discarded when nil
}

// Direct is a workerd without Node and Miniflare around it: it takes V8 flags, and a benchmark measures nothing else.
type Direct struct {
	URL string // without a trailing slash

	cmd  *exec.Cmd
	dir  string
	tail *tail
}

// StartDirect starts workerd on a configuration of its own, with fresh state that Close removes.
func StartDirect(ctx context.Context, o DirectOptions) (*Direct, error) {
	root, err := Install(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "lattice-workerd-")
	if err != nil {
		return nil, fmt.Errorf("workerd: %w", err)
	}
	d := &Direct{dir: dir, tail: &tail{}}
	if err = o.write(dir); err == nil {
		err = d.start(ctx, root, o.Log)
	}
	if err != nil {
		d.Close()
		return nil, fmt.Errorf("workerd: start %s: %w", o.Name, err)
	}
	return d, nil
}

// write puts the modules and config.capnp into dir.
func (o DirectOptions) write(dir string) error {
	if o.Main == "" {
		o.Main = "worker.mjs"
	}
	if o.Date == "" {
		o.Date = CompatibilityDate
	}
	if err := os.Mkdir(filepath.Join(dir, "state"), 0o700); err != nil {
		return err
	}
	modules, err := o.copyModules(dir)
	if err != nil {
		return err
	}
	var classes, bindings []string
	for _, name := range slices.Sorted(maps.Keys(o.Objects)) {
		class := o.Objects[name]
		bindings = append(bindings, fmt.Sprintf("(name = %q, durableObjectNamespace = %q)", name, class))
		classes = append(classes, fmt.Sprintf("(className = %q, uniqueKey = %q, enableSql = true)", class, o.Name+"-"+class))
	}
	for _, class := range o.Unbound {
		classes = append(classes, fmt.Sprintf("(className = %q, uniqueKey = %q, enableSql = true)", class, o.Name+"-"+class))
	}
	for name, value := range o.Vars {
		bindings = append(bindings, fmt.Sprintf("(name = %q, text = %q)", name, value))
	}
	config := fmt.Sprintf(`using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker), (name = "disk", disk = (path = %q, writable = true))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
  v8Flags = [%s],
);
const worker :Workerd.Worker = (
  modules = [%s],
  compatibilityDate = %q,
  compatibilityFlags = [%s],
  bindings = [%s],
  durableObjectNamespaces = [%s],
  durableObjectStorage = (localDisk = "disk"),
);
`, filepath.Join(dir, "state"), quoted(o.V8Flags), strings.Join(modules, ", "), o.Date, quoted(o.Flags),
		strings.Join(bindings, ", "), strings.Join(classes, ", "))
	return os.WriteFile(filepath.Join(dir, "config.capnp"), []byte(config), 0o600)
}

// copyModules copies the modules next to the configuration, which embeds them, the entry module first.
func (o DirectOptions) copyModules(dir string) ([]string, error) {
	files, err := os.ReadDir(o.Dir)
	if err != nil {
		return nil, err
	}
	names := []string{o.Main}
	for _, f := range files {
		if f.Name() != o.Main {
			names = append(names, f.Name())
		}
	}
	kinds := map[string]string{".mjs": "esModule", ".js": "esModule", ".wasm": "wasm"}
	var modules []string
	for _, name := range names {
		kind, ok := kinds[filepath.Ext(name)]
		if !ok {
			continue
		}
		content, err := os.ReadFile(filepath.Join(o.Dir, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), content, 0o600)
		}
		if err != nil {
			return nil, err
		}
		modules = append(modules, fmt.Sprintf("(name = %q, %s = embed %q)", name, kind, name))
	}
	return modules, nil
}

func quoted(list []string) string {
	var b strings.Builder
	for i, s := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", s)
	}
	return b.String()
}

func (d *Direct) start(ctx context.Context, root string, log io.Writer) error {
	control, theirs, err := os.Pipe()
	if err != nil {
		return err
	}
	defer control.Close()
	d.cmd = exec.CommandContext(ctx, filepath.Join(root, "node_modules", "@cloudflare", "workerd-linux-64", "bin", "workerd"),
		"serve", "--experimental", "--control-fd=3", filepath.Join(d.dir, "config.capnp"))
	d.cmd.ExtraFiles = []*os.File{theirs}
	d.cmd.Stderr = d.tail
	if log != nil {
		d.cmd.Stderr = io.MultiWriter(d.tail, log)
	}
	d.cmd.Stdout = d.cmd.Stderr
	d.cmd.WaitDelay = 5 * time.Second
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // nobody closes it when a test is killed
	err = d.cmd.Start()
	theirs.Close()
	if err != nil {
		d.cmd = nil
		return err
	}
	control.SetReadDeadline(time.Now().Add(30 * time.Second))
	for lines := bufio.NewScanner(control); lines.Scan(); {
		var event struct {
			Event, Socket string
			Port          int
		}
		if json.Unmarshal(lines.Bytes(), &event) == nil && event.Event == "listen" {
			d.URL = fmt.Sprintf("http://127.0.0.1:%d", event.Port)
			return nil
		}
	}
	return errors.New("it did not listen:\n" + d.tail.String())
}

// PID returns the process id of workerd.
func (d *Direct) PID() int { return d.cmd.Process.Pid }

// Output returns the end of what workerd and the Worker logged.
func (d *Direct) Output() string { return d.tail.String() }

// Close stops workerd and removes its state.
func (d *Direct) Close() error {
	if d.cmd != nil {
		d.cmd.Process.Kill()
		d.cmd.Wait()
		d.cmd = nil
	}
	return os.RemoveAll(d.dir)
}
