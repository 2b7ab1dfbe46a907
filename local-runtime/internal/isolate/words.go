package isolate

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// lastWords keeps back what may be Go's account of how the program ends: lines of standard error from one on that begins like it. When the program goes on after
// all it was the program's own, and is passed on.
type lastWords struct {
	line []byte // has not ended yet
	held []byte
}

// mostWords is how much of it is kept: a stack for each of many goroutines may be far longer.
const mostWords = 256 << 10

var endings = regexp.MustCompile(`^(panic: |fatal error: |runtime: |SIG[A-Z]+: )`)

// hear takes a piece of standard error, and returns the whole lines that are for the log.
func (w *lastWords) hear(p []byte) (pass []byte) {
	w.line = append(w.line, p...)
	end := bytes.LastIndexByte(w.line, '\n') + 1
	whole := w.line[:end]
	for len(whole) > 0 && w.held == nil {
		n := bytes.IndexByte(whole, '\n') + 1
		if endings.Match(whole[:n]) {
			break
		}
		pass, whole = append(pass, whole[:n]...), whole[n:]
	}
	w.held = append(w.held, whole[:min(len(whole), max(0, mostWords-len(w.held)))]...)
	w.line = append(w.line[:0], w.line[end:]...)
	return pass
}

// take returns what was held when the program has ended.
func (w *lastWords) take() string {
	if w.held != nil {
		w.held = append(w.held, w.line...)
		w.line = nil
	}
	text := string(w.held)
	w.held = nil
	return text
}

// release passes on what was held: the program goes on, or has ended in another way.
func (in *Instance) release() {
	w := &in.words
	if in.exit != nil && len(w.line) > 0 { // nothing ends the line any more
		w.held, w.line = append(w.held, w.line...), nil
	}
	if w.held != nil {
		in.guest.Output(2, w.held)
		w.held = nil
	}
}

// cause finds the line with which the Go runtime begins its last words.
func cause(text string, code uint32) string {
	for line := range strings.SplitSeq(text, "\n") {
		if endings.MatchString(line) {
			return line
		}
	}
	return exitCode(code)
}

func exitCode(code uint32) string { return fmt.Sprintf("exit code %d", code) }
