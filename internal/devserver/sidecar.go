package devserver

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"sync"
	"time"
)

// sidecarGrace is how long a sidecar may take to stop.
const sidecarGrace = 3 * time.Second

// sidecars are processes that live as long as the server does.
type sidecars struct {
	all []*sidecar
}

type sidecar struct {
	command string
	cmd     *exec.Cmd
	done    chan struct{}
	mu      sync.Mutex
	asked   bool // told to stop
}

// startSidecars starts every command, or none.
func startSidecars(commands []string, log *slog.Logger) (*sidecars, error) {
	s := &sidecars{}
	for _, command := range commands {
		one, err := startSidecar(command, log)
		if err != nil {
			s.stop()
			return nil, fmt.Errorf("start the sidecar %q: %w", command, err)
		}
		s.all = append(s.all, one)
	}
	return s, nil
}

func startSidecar(command string, log *slog.Logger) (*sidecar, error) {
	cmd := shell(command)
	pr, pw := io.Pipe()
	cmd.Stdout, cmd.Stderr = pw, pw
	cmd.WaitDelay = sidecarGrace
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &sidecar{command: command, cmd: cmd, done: make(chan struct{})}
	go func() {
		for lines := bufio.NewScanner(pr); lines.Scan(); {
			log.Info("[sidecar] " + lines.Text())
		}
		io.Copy(io.Discard, pr) // a line too long for the scanner must not block the process
	}()
	go func() {
		defer close(s.done)
		err := cmd.Wait()
		pw.Close()
		if s.mu.Lock(); !s.asked {
			log.Error(fmt.Sprintf("the sidecar %q has ended (%s); the server goes on without it", command, exitText(err)))
		}
		s.mu.Unlock()
	}()
	return s, nil
}

func exitText(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// stop asks every sidecar with its children to end, and ends those that do not.
func (s *sidecars) stop() {
	for _, one := range s.all {
		one.mu.Lock()
		one.asked = true
		one.mu.Unlock()
		interrupt(one.cmd)
	}
	deadline := time.After(sidecarGrace)
	for _, one := range s.all {
		select {
		case <-one.done:
		case <-deadline:
			deadline = closedTime
			kill(one.cmd)
		}
	}
}

// closedTime is a deadline that has passed for everybody who looks at it.
var closedTime = func() <-chan time.Time {
	c := make(chan time.Time)
	close(c)
	return c
}()
