package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// underWay tells who sits at a terminal what goes on, when it takes longer than a second. What it returns is called at the end.
func underWay(errs io.Writer, what string) (done func()) {
	if file, ok := errs.(*os.File); !ok || !term.IsTerminal(int(file.Fd())) {
		return func() {}
	}
	t := time.AfterFunc(time.Second, func() { fmt.Fprintln(errs, what+" …") })
	return func() { t.Stop() }
}
