//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// readKeys hands over each key as it is pressed. Lines and their echo are switched off for that; signals and output stay as they are, so that Ctrl-C and the log
// need no care. In the background it waits until the process comes back: a read there would stop it.
func readKeys(ctx context.Context, tty *os.File, press func(key byte)) (end func()) {
	fd := int(tty.Fd())
	before, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil || !foreground(fd) {
		return nil
	}
	signal.Ignore(syscall.SIGTTIN, syscall.SIGTTOU)
	continued := make(chan os.Signal, 1)
	signal.Notify(continued, syscall.SIGCONT)
	byKey := *before
	byKey.Lflag &^= unix.ICANON | unix.ECHO
	byKey.Cc[unix.VMIN], byKey.Cc[unix.VTIME] = 1, 0
	set := func() bool { return foreground(fd) && unix.IoctlSetTermios(fd, setTermios, &byKey) == nil }
	if !set() {
		return nil
	}
	back := make(chan struct{}, 1)
	go func() {
		for ctx.Err() == nil {
			<-continued
			if set() {
				select {
				case back <- struct{}{}:
				default:
				}
			}
		}
	}()
	go func() {
		one := make([]byte, 1)
		for ctx.Err() == nil {
			n, err := unix.Read(fd, one)
			switch {
			case n == 1:
				press(one[0])
			case err == unix.EINTR || err == unix.EAGAIN:
			case err == unix.EIO && !foreground(fd):
				<-back
			default:
				return // the terminal is gone
			}
		}
	}()
	return func() {
		signal.Stop(continued)
		if foreground(fd) {
			unix.IoctlSetTermios(fd, setTermios, before)
		}
	}
}

// foreground reports whether the process is the one that the terminal belongs to.
func foreground(fd int) bool {
	group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
