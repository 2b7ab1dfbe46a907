package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"grove.place/lattice/build"
	"grove.place/lattice/tests/workerd"
)

// target is a running server to measure.
type target struct {
	name string
	url  string
	pid  int
	stop func()
	// settle makes the process give unused memory back, where it can be asked to.
	settle func() error
}

// starter starts a target and returns when it listens.
type starter struct {
	name  string
	start func(context.Context, programSet) (target, error)
}

const date = "2026-11-17"

var benchObjects = map[string]string{"BENCH": "Bench", "ROOMS": "Room"}

var (
	lattice    = starter{"Lattice", func(ctx context.Context, p programSet) (target, error) { return direct(ctx, p.dist(), benchObjects) }}
	javascript = starter{"JavaScript", func(ctx context.Context, p programSet) (target, error) { return direct(ctx, p.twin, benchObjects) }}
	syumai     = starter{"syumai/workers", func(ctx context.Context, p programSet) (target, error) { return direct(ctx, p.syumai, nil) }}
	localHost  = starter{"local host", startLocal}
	wrangler   = starter{"wrangler dev", startWrangler}

	// On workerd below Miniflare, which has the stores.
	latticeStores    = starter{"Lattice", func(ctx context.Context, p programSet) (target, error) { return miniflare(ctx, p.dist(), benchObjects) }}
	javascriptStores = starter{"JavaScript", func(ctx context.Context, p programSet) (target, error) { return miniflare(ctx, p.twin, benchObjects) }}
)

// start starts all targets or none.
func start(ctx context.Context, p programSet, starters ...starter) ([]target, func(), error) {
	var targets []target
	stop := func() {
		for _, t := range targets {
			t.stop()
		}
	}
	for _, s := range starters {
		t, err := s.start(ctx, p)
		if err != nil {
			stop()
			return nil, nil, fmt.Errorf("start %s: %w", s.name, err)
		}
		t.name = s.name
		targets = append(targets, t)
	}
	return targets, stop, nil
}

func direct(ctx context.Context, dir string, objects map[string]string) (target, error) {
	d, err := workerd.StartDirect(ctx, workerd.DirectOptions{Worker: workerd.Worker{Name: "bench", Dir: dir, Date: date, Objects: objects}})
	if err != nil {
		return target{}, err
	}
	return target{url: d.URL, pid: d.PID(), stop: func() { d.Close() }}, nil
}

func miniflare(ctx context.Context, dir string, objects map[string]string) (target, error) {
	s, err := workerd.Start(ctx, workerd.Options{Worker: workerd.Worker{
		Name: "bench", Dir: dir, Date: date, Objects: objects, D1: []string{"DB"}, KV: []string{"VALUES"}, R2: []string{"FILES"},
	}})
	if err != nil {
		return target{}, err
	}
	return target{url: s.URL, stop: func() { s.Close() }}, nil
}

// serveLocal is the first argument that makes this program the local host, in a process of its own.
const serveLocal = "serve-local"

func startLocal(ctx context.Context, p programSet) (target, error) {
	return startLocalModule(ctx, p.lattice, filepath.Join(p.dist(), build.ModuleFile), "objects")
}

// startLocalModule runs the local host on a module, in the folder of its project. with is "objects" for one that has those of the benchmark.
func startLocalModule(ctx context.Context, folder, module, with string) (target, error) {
	self, err := os.Executable()
	if err != nil {
		return target{}, err
	}
	cmd := exec.CommandContext(ctx, self, serveLocal, module, with)
	cmd.Dir = folder
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return target{}, err
	}
	if err := cmd.Start(); err != nil {
		return target{}, err
	}
	stop := func() {
		cmd.Process.Kill()
		cmd.Wait()
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return target{}, fmt.Errorf("it did not say where it listens: %w", err)
	}
	url := strings.TrimSpace(line)
	settle := func() error {
		_, err := once(url, freeMemory)
		return err
	}
	return target{url: url, pid: cmd.Process.Pid, stop: stop, settle: settle}, nil
}

// startWrangler starts wrangler dev as a developer would, on fresh state, and waits until its port is open.
func startWrangler(ctx context.Context, p programSet) (target, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return target{}, err
	}
	addr := listener.Addr().String()
	listener.Close()
	_, port, _ := net.SplitHostPort(addr)
	cmd, err := workerd.Wrangler(ctx, "dev", "--ip", "127.0.0.1", "--port", port, "--inspector-port", "0", "--log-level", "error",
		"--show-interactive-dev-session=false")
	if err != nil {
		return target{}, err
	}
	cmd.Dir = p.lattice
	cmd.Stdout, cmd.Stderr = io.Discard, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it starts others, which must end with it
	os.RemoveAll(filepath.Join(p.lattice, ".wrangler"))
	if err := cmd.Start(); err != nil {
		return target{}, err
	}
	ended := make(chan struct{})
	go func() {
		cmd.Wait()
		close(ended)
	}()
	stop := func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
	}
	if err := waitForPort(ctx, addr, ended); err != nil {
		stop()
		return target{}, err
	}
	return target{url: "http://" + addr, pid: cmd.Process.Pid, stop: stop}, nil
}

func waitForPort(ctx context.Context, addr string, ended <-chan struct{}) error {
	deadline := time.After(time.Minute)
	for {
		if conn, err := net.DialTimeout("tcp", addr, time.Second); err == nil {
			return conn.Close()
		}
		select {
		case <-ended:
			return errors.New("it ended before it listened")
		case <-deadline:
			return errors.New("it does not listen after a minute")
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// resident returns the resident memory of the process in bytes.
func (t target) resident() (int64, error) {
	if t.settle != nil {
		if err := t.settle(); err != nil {
			return 0, err
		}
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", t.pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			var kb int64
			_, err := fmt.Sscan(value, &kb)
			return kb << 10, err
		}
	}
	return 0, errors.New("no VmRSS in /proc: the memory part needs Linux")
}
