package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/term"
)

// keyboard does what wrangler's keys do while lattice dev runs in a terminal. Where the input or the output is none, nothing is read.
type keyboard struct {
	out            io.Writer
	url, inspector string // "": there is none
	greeting       *string
	stop           func()
	log            *slog.Logger
}

const keysLine = "keys: [b] open a browser, [d] the inspector, [c] clear the console, [x] exit\n"

// clearConsole takes what is on the screen away, and what has left it.
const clearConsole = "\x1b[2J\x1b[3J\x1b[H"

// listen reads keys until the function that it returns is called, which puts the terminal back.
func (k *keyboard) listen(ctx context.Context) (end func()) {
	if k.out != io.Writer(os.Stdout) || !term.IsTerminal(int(os.Stdin.Fd())) || !term.IsTerminal(int(os.Stdout.Fd())) {
		return func() {}
	}
	end = readKeys(ctx, os.Stdin, k.press)
	if end == nil {
		return func() {}
	}
	*k.greeting += keysLine
	return end
}

func (k *keyboard) press(key byte) {
	switch key {
	case 'b', 'B':
		k.open(k.url)
	case 'd', 'D', 'e', 'E':
		if k.inspector == "" {
			k.log.Warn("there is no inspector: start without --no-inspector")
			return
		}
		k.open(k.inspector)
	case 'c', 'C':
		io.WriteString(k.out, clearConsole+*k.greeting)
	case 'x', 'X', 'q', 'Q':
		k.stop()
	}
}

// open shows an address to the user, in a browser if there is one.
func (k *keyboard) open(url string) {
	if err := openBrowser(url); err != nil {
		k.log.Info("no browser could be opened: it is " + url)
	}
}

// browsers are the commands that open an address, by operating system.
var browsers = map[string][]string{
	"darwin":  {"open"},
	"windows": {"rundll32", "url.dll,FileProtocolHandler"},
}

func openBrowser(url string) error {
	command := browsers[runtime.GOOS]
	if command == nil {
		command = []string{"xdg-open"}
	}
	if b := os.Getenv("BROWSER"); b != "" {
		command = []string{b}
	}
	cmd := exec.Command(command[0], append(command[1:], url)...)
	if err := cmd.Start(); err != nil {
		return err
	}
	go cmd.Wait()
	return nil
}
