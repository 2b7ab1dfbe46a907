package workerd

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

var devReady = regexp.MustCompile(`Ready on (http://\S+)`)

// Dev runs `wrangler dev` in a folder until the test ends, and returns its address once it says that it is ready. env is added to the environment. The test
// fails when wrangler ends before that, or takes longer than patience.
func Dev(t testing.TB, dir string, patience time.Duration, env []string, args ...string) (addr string) {
	t.Helper()
	args = append([]string{"dev", "--ip", "127.0.0.1", "--port", "0", "--inspector-port", "0", "--show-interactive-dev-session=false"}, args...)
	cmd, err := Wrangler(context.WithoutCancel(t.Context()), args...)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Dir = dir
	cmd.Env = append(cmd.Env, env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it starts others, which must end with it
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		cmd.Wait()
	})
	late := time.AfterFunc(patience, func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	var said strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		fmt.Fprintln(&said, lines.Text())
		if m := devReady.FindStringSubmatch(lines.Text()); m != nil && late.Stop() {
			go io.Copy(io.Discard, out)
			return address(t, m[1])
		}
	}
	t.Fatalf("wrangler dev was not ready after %v:\n%s", patience, said.String())
	return ""
}

func address(t testing.TB, said string) string {
	u, err := url.Parse(said)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}
