package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal returns both ends of a pseudo terminal.
func openTerminal(t *testing.T) (user, program *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { user.Close() })
	if err := unix.IoctlSetPointerInt(int(user.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(user.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return user, program
}

// TestKeysOfWranglerWorkInATerminal presses them while lattice dev has no program to show: none is needed.
func TestKeysOfWranglerWorkInATerminal(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "wrangler.toml"), completedConfiguration)
	opened, browser := filepath.Join(dir, "opened"), filepath.Join(dir, "browser")
	if err := os.WriteFile(browser, []byte("#!/bin/sh\nprintf %s \"$1\" >"+opened+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(opened, 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	user, terminal := openTerminal(t)
	before, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "dev", "--port", "0", "--log-level", "none")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LATTICE_IS_THIS=1", "BROWSER="+browser)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	var seen bytes.Buffer
	await := func(pattern string) string {
		t.Helper()
		for chunk := make([]byte, 4096); ; {
			if at := regexp.MustCompile(pattern).FindStringSubmatchIndex(seen.String()); at != nil {
				found := seen.String()[at[len(at)-2]:at[len(at)-1]]
				seen.Next(at[1])
				return found
			}
			n, err := user.Read(chunk)
			if err != nil {
				t.Fatalf("%v, before %q: %q", err, pattern, &seen)
			}
			seen.Write(chunk[:n])
		}
	}
	press := func(keys string) {
		t.Helper()
		if _, err := user.WriteString(keys); err != nil {
			t.Fatal(err)
		}
	}
	url := await(`lattice dev on (\S+),`)
	inspector := await(`inspector on (\S+)\r\n`)
	await(regexp.QuoteMeta(strings.TrimSuffix(keysLine, "\n")) + "\r\n")
	for key, want := range map[string]string{"b": url, "d": inspector, "e": inspector} {
		press(key)
		if got, err := os.ReadFile(opened); err != nil || string(got) != want {
			t.Errorf("%s opens %q, %v; want %q", key, got, err, want)
		}
	}
	press("c")
	await(regexp.QuoteMeta(clearConsole) + `lattice dev on ` + regexp.QuoteMeta(url))
	await(`\[x\] exit\r\n`)
	press("x")
	if err := cmd.Wait(); err != nil {
		t.Errorf("after x: %v", err)
	}
	after, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil || *after != *before {
		t.Errorf("the terminal is %+v, %v; it was %+v", after, err, before)
	}
}
