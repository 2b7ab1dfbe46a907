// Package e2e runs Grove as people meet it: the same module on the local host (lattice dev) and on real workerd (wrangler
// dev), with the development provider, over HTTP and in a browser.
//
// Each test is written once and runs on both hosts; onBothHosts is where to start.
package e2e

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"grove.place/lattice/tests/devoidc"
	"grove.place/lattice/tests/workerd"
)

// site is Grove, running somewhere.
type site struct {
	url      string // http://localhost:port
	provider *devoidc.Provider
}

// onBothHosts runs a test against the local host and, at the same time, against workerd: each is a site of its own, and both wait a lot.
func onBothHosts(t *testing.T, test func(t *testing.T, s site)) {
	for _, host := range []struct {
		name  string
		start func() (site, error)
	}{{"local", localSite}, {"workerd", workerdSite}} {
		t.Run(host.name, func(t *testing.T) {
			t.Parallel()
			s, err := host.start()
			if err != nil {
				t.Fatal(err)
			}
			test(t, s)
		})
	}
}

var (
	background, stopAll = context.WithCancel(context.Background())
	running             sync.WaitGroup
	work                string // temporary folder of this run
)

func TestMain(m *testing.M) {
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		_ = parallel.Value.Set("8") // those that run beside one another wait, half a minute each, for what Grove does in its own time
	}
	var err error
	if work, err = os.MkdirTemp("", "grove-e2e-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	closeChromium()
	stopAll()
	running.Wait()
	os.RemoveAll(work)
	os.Exit(code)
}

// command is the lattice command.
var command = sync.OnceValues(func() (string, error) {
	path := filepath.Join(work, "lattice")
	if out, err := exec.Command("go", "build", "-o", path, "grove.place/lattice/cmd/lattice").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the command: %w\n%s", err, out)
	}
	return path, nil
})

var localSite = sync.OnceValues(func() (site, error) {
	return start("local", func(dir string, port int) (*exec.Cmd, error) {
		cli, err := command()
		if err != nil {
			return nil, err
		}
		return exec.CommandContext(background, cli, "dev", "--config", filepath.Join(dir, "wrangler.toml"), "--port", fmt.Sprint(port),
			"--persist-to", filepath.Join(dir, "state"), "--out", filepath.Join(dir, "dist"), "./workers/grove"), nil
	})
})

var workerdSite = sync.OnceValues(func() (site, error) {
	return start("workerd", func(dir string, port int) (*exec.Cmd, error) {
		cli, err := command()
		if err != nil {
			return nil, err
		}
		build := exec.Command(cli, "build", "--config", filepath.Join(dir, "wrangler.toml"), "--out", filepath.Join(dir, "dist"), "./workers/grove")
		build.Dir = filepath.Dir(root())
		if out, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build Grove: %w\n%s", err, out)
		}
		migrate, err := workerd.Wrangler(background, "d1", "migrations", "apply", "DB", "--local", "--persist-to", "state")
		if err != nil {
			return nil, err
		}
		migrate.Dir = dir
		if out, err := migrate.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("apply the migrations: %w\n%s", err, out)
		}
		return workerd.Wrangler(background, "dev", "--port", fmt.Sprint(port), "--ip", "127.0.0.1", "--persist-to", "state",
			"--inspector-port", "0", "--show-interactive-dev-session=false")
	})
})

// start runs Grove with command in a project folder of its own, and waits until it is ready.
func start(name string, command func(dir string, port int) (*exec.Cmd, error)) (site, error) {
	port, err := freePort()
	if err != nil {
		return site{}, err
	}
	provider, stop, err := devoidc.Start("127.0.0.1:0", devoidc.DefaultClient)
	if err != nil {
		return site{}, err
	}
	context.AfterFunc(background, stop)
	dir := filepath.Join(work, name)
	domain := fmt.Sprintf("localhost:%d", port)
	if err := writeProject(dir, devoidc.Vars(domain, provider.Issuer(), provider.Client())); err != nil {
		return site{}, err
	}
	cmd, err := command(dir, port)
	if err != nil {
		return site{}, err
	}
	cmd.Dir = dir
	if name == "local" {
		cmd.Dir = filepath.Dir(root())
	}
	log, err := run(cmd)
	if err != nil {
		return site{}, err
	}
	s := site{"http://" + domain, provider}
	if err := s.waitReady(3 * time.Minute); err != nil {
		return site{}, fmt.Errorf("%s: %w\n%s", name, err, log())
	}
	return s, nil
}

// routes are left out of the copy: with them wrangler dev gives every request the host of the first route.
var routes = regexp.MustCompile(`(?ms)^routes = \[.*?^\]\n`)

// writeProject makes a copy of the repository's configuration that can stand anywhere.
func writeProject(dir string, vars devoidc.Variables) error {
	repository := filepath.Dir(root())
	config, err := os.ReadFile(filepath.Join(repository, "wrangler.toml"))
	if err != nil {
		return err
	}
	text := strings.NewReplacer(
		`main = "build/dist/`, `main = "dist/`,
		"[build]\n", "[unused]\n",
	).Replace(string(config))
	text = routes.ReplaceAllString(text, "")
	begin, end := strings.Index(text, "[unused]"), strings.Index(text, "[vars]")
	if begin >= 0 && end > begin {
		text = text[:begin] + text[end:]
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := writeMigrations(filepath.Join(repository, "migrations"), filepath.Join(dir, "migrations")); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "wrangler.toml"), []byte(text), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, ".dev.vars"), []byte(vars.File()), 0o600)
}

// writeMigrations copies the migrations and adds one that fills the database with what the tests of the pages need.
func writeMigrations(from, to string) error {
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(to, "9000_people.sql"), []byte(seed(time.Now())), 0o644)
}

// run starts a server that ends with the tests, with all its children, and returns what it has printed.
func run(cmd *exec.Cmd) (log func() string, err error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var text strings.Builder
	running.Go(func() {
		lines := bufio.NewScanner(output)
		for lines.Scan() {
			mu.Lock()
			fmt.Fprintln(&text, lines.Text())
			mu.Unlock()
		}
		cmd.Wait()
	})
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return text.String()
	}, nil
}

func (s site) waitReady(patience time.Duration) error {
	var last error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		resp, err := http.Get(s.url + "/healthz")
		if last = err; err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return nil
		}
		last = fmt.Errorf("/healthz answered %d", resp.StatusCode)
	}
	return fmt.Errorf("not ready after %v: %w", patience, last)
}

func freePort() (int, error) {
	// Below the ports that the kernel gives to connections: the stress tests open thousands of those at the same time.
	for range 100 {
		port := 20000 + rand.IntN(10000)
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		return port, listener.Close()
	}
	return 0, errors.New("no free port between 20000 and 30000")
}

// root is the folder tests/ of the repository.
var root = sync.OnceValue(func() string {
	dir, err := workerd.Root()
	if err != nil {
		panic(err)
	}
	return dir
})
