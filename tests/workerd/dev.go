package workerd

import (
	"context"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Dev runs `wrangler dev` in a folder until the test ends, and returns its address when it listens. env is added to the environment. The test fails when
// wrangler ends before it listens, or takes longer than patience for that.
func Dev(t testing.TB, dir string, patience time.Duration, env []string, args ...string) (addr string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = listener.Addr().String()
	listener.Close()
	_, port, _ := net.SplitHostPort(addr)
	args = append([]string{"dev", "--ip", "127.0.0.1", "--port", port, "--inspector-port", "0", "--show-interactive-dev-session=false"}, args...)
	cmd, err := Wrangler(context.WithoutCancel(t.Context()), args...)
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &said, &said
	cmd.Env = append(cmd.Env, env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it starts others, which must end with it
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
	})
	for deadline := time.After(patience); ; {
		if conn, err := net.DialTimeout("tcp", addr, time.Second); err == nil {
			conn.Close()
			return addr
		}
		select {
		case <-ended:
			t.Fatalf("wrangler dev ended:\n%s", said.String())
		case <-deadline:
			t.Fatalf("wrangler dev does not listen after %v", patience)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
